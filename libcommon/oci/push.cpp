// SPDX-License-Identifier: Apache-2.0
#include "oci/push.hpp"

#include "core/text.hpp"
#include "oci/pusher.hpp"
#include "oci/source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

std::string summary(const Pushed& pushed, bool dry_run) {
  const auto sent = std::ranges::count(pushed.layers, PushedLayer::State::uploaded, &PushedLayer::state);
  return fmt::format("{}  {} of {} layers {}, {} sent, {} reused", pushed.digest.brief(), sent, pushed.layers.size(),
                     dry_run ? "to send" : "sent", text::show_size(dry_run ? 0 : pushed.uploaded_bytes),
                     text::show_size(pushed.reused_bytes));
}

/// One registry for one question.
template <typename Question>
auto ask(const Reference& reference, const Access& access, const io::Run& run, Question&& question) {
  Courier courier(access.agent, run);
  Registry registry(courier, reference, access, run);
  return question(registry);
}

}  // namespace

void check_targets(const std::vector<Reference>& to) {
  if (to.empty()) throw Error(failure::bad_usage, "no reference to push to");
  for (const auto& reference : to) {
    if (!reference.named_registry) {
      std::string_view name = reference.repository;
      if (name.starts_with("library/")) name.remove_prefix(8);
      throw Error(failure::bad_usage, fmt::format("'{}' names no registry", name),
                  fmt::format("write HOST/{}, or {} if Docker Hub is meant", name, reference.name()));
    }
    static_cast<void>(reference.version());
  }
}

std::string_view name_of(PushedLayer::State state) {
  switch (state) {
  case PushedLayer::State::present: return "present";
  case PushedLayer::State::reused: return "reused";
  case PushedLayer::State::mounted: return "mounted";
  case PushedLayer::State::uploaded: return "uploaded";
  }
  return "";
}

Pushed push(const Source& source, const std::vector<Reference>& to, const PushOptions& options, const Access& access,
            const io::Run& run) {
  check_targets(to);
  io::Stage stage(run.events, "push", to.front().text(), {{"reference", to.front().text()}});
  Pusher pusher(to, options, access, run);
  try {
    auto pushed = std::visit([&](const auto& from) { return push_from(from, pusher, options, access, run); }, source);
    stage.end(summary(pushed, options.dry_run), {{"digest", pushed.digest.text()},
                                                 {"uploaded_bytes", static_cast<std::int64_t>(pushed.uploaded_bytes)},
                                                 {"reused_bytes", static_cast<std::int64_t>(pushed.reused_bytes)}});
    return pushed;
  } catch (...) {
    // The first failure, which need not be the one that was noticed first.
    try {
      pusher.give_up(std::current_exception());
      throw;
    } catch (const Error& error) {
      stage.fail(error.message());
      throw;
    }
  }
}

std::optional<Digest> resolve_digest(const Reference& reference, const Access& access, const io::Run& run) {
  return ask(reference, access, run,
             [&](Registry& registry) { return registry.manifest_digest(reference.repository, reference.version()); });
}

bool delete_manifest(const Reference& reference, const Access& access, const io::Run& run) {
  return ask(reference, access, run, [&](Registry& registry) {
    const auto digest =
        reference.digest ? reference.digest : registry.manifest_digest(reference.repository, reference.version());
    return digest && registry.delete_manifest(reference.repository, *digest);
  });
}

}  // namespace slipway::oci
