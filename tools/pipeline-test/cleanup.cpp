// SPDX-License-Identifier: Apache-2.0
#include "cleanup.hpp"

#include "core/text.hpp"
#include "delivery.hpp"
#include "sandbox.hpp"

#include <fmt/format.h>

#include <vector>

namespace slipway::pipeline_test {

namespace {

constexpr std::chrono::seconds uninstall_time{30};

/// In the watchdog: with connections of its own, by the marks alone.
void remove_by_marks(const kube::Access& access, const std::string& run_id, const std::string& scratch,
                     const cli::Environment& env, const io::Run& run) {
  kube::Client client(access, "pipeline-test");
  for (const auto& row : list_sandboxes(client, run_id, run))
    static_cast<void>(remove_sandbox(client, row.name, std::chrono::seconds{0}, run));
  if (!scratch.empty()) remove_scratch(scratch, env, run);
}

}  // namespace

Cleanup::Cleanup(kube::Client& client, const Ownership& mine, std::string scratch, cli::Environment env,
                 std::chrono::milliseconds patience, io::Events& events)
    : client_(&client), scratch_(std::move(scratch)), env_(std::move(env)), patience_(patience), events_(&events) {
  // The watchdog forgets its environment; the logins that it may need are looked up by these two.
  std::vector<std::pair<std::string, std::string>> kept;
  for (const auto* name : {"HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PATH"})
    if (const auto value = env_(name)) kept.emplace_back(name, *value);
  const cli::Environment remembered = [kept](const std::string& name) -> std::optional<std::string> {
    for (const auto& [key, value] : kept)
      if (key == name) return value;
    return std::nullopt;
  };
  watchdog_ = std::make_unique<Watchdog>(
      [access = client.access(), id = mine.run, scratch_image = scratch_, remembered](const io::Run& run) {
        remove_by_marks(access, id, scratch_image, remembered, run);
      });
}

Cleanup::~Cleanup() {
  if (!watchdog_) return;
  try {
    if (const auto left = remove(); !left.empty()) events_->warn(left);
  } catch (const std::exception& error) {
    events_->warn(error.what());
  }
}

void Cleanup::needs_uninstall(helm::Program helm, helm::Place place, std::string release) {
  release_ = Release{std::move(helm), std::move(place), std::move(release)};
}

std::string Cleanup::remove() {
  std::vector<std::string> left;
  // Not the run's own stop and deadline: they may be the reason that we are here.
  const auto attempt = [&](const std::string& what, std::chrono::milliseconds time, const auto& work) {
    try {
      work(io::Run{*events_, {}, Deadline::in(time)});
    } catch (const Error& error) {
      left.push_back(fmt::format("{}: {}", what, error.message()));
    }
  };
  if (release_)
    attempt("release " + release_->name, uninstall_time, [&](const io::Run& run) {
      release_->helm.uninstall(release_->place, release_->name, false, uninstall_time, run);
    });
  if (!name_space_.empty())
    attempt("namespace " + name_space_, patience_ + std::chrono::seconds{30}, [&](const io::Run& run) {
      const auto why = remove_sandbox(*client_, name_space_, patience_, run);
      if (!why.empty()) left.push_back(fmt::format("namespace {} is still ending: {}", name_space_, why));
    });
  if (scratch_made_)
    attempt("scratch image " + scratch_, std::chrono::seconds{30},
            [&](const io::Run& run) { remove_scratch(scratch_, env_, run, scratch_retries_); });
  if (left.empty()) {
    watchdog_->dismiss();
    watchdog_.reset();
    return {};
  }
  watchdog_.reset();  // it goes on trying by itself
  return fmt::format("not removed: {}; pipeline-test gc finds it later", text::join(left, "; "));
}

void Cleanup::keep() {
  watchdog_->dismiss();
  watchdog_.reset();
}

}  // namespace slipway::pipeline_test
