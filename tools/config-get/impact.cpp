// SPDX-License-Identifier: Apache-2.0
#include "impact.hpp"

#include "answers.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <type_traits>

namespace slipway::config_get {

namespace {

// The changes of an effect point below the roots of its values; a move leaves that where it is, a copy would not.
static_assert(std::is_nothrow_move_constructible_v<Effect>);

using Key = std::tuple<std::string, std::string, std::string>;

Key key_of(const config::Selection& selection) { return {selection.service, selection.environment, selection.release}; }

/// The first finding says more than the sum of them.
std::string reason_of(const Error& error) {
  if (error.findings().empty()) return error.message();
  const auto& first = error.findings().front();
  return fmt::format("{}:{}:{}: {}", first.file, first.line, first.column, first.message);
}

/// What concerns the files; anything else, such as an unreadable repository, ends the run.
bool is_about_content(const Error& error) {
  return error.code() == ExitCode::data || error.code() == ExitCode::usage || error.code() == ExitCode::no_input;
}

template <typename Body>
bool readable(const config::Selection& selection, std::vector<Unreadable>& unreadable, Body&& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    if (!is_about_content(error)) throw;
    unreadable.push_back({selection, reason_of(error)});
    return false;
  }
}

/// One side of the comparison: a bundle, or why there is none.
struct Side {
  std::optional<config::Bundle> bundle;
  std::string reason;
};

class Comparison {
 public:
  Comparison(const config::Registry& before, const config::Registry& after, const config::ReadOptions& options)
      : before_(before), after_(after), options_(options) {}

  void compare(const config::Selection& selection, bool was, bool is) {
    ++out_.combinations;
    if (was && is && same_ingredients(selection)) return;
    auto old = was ? read(before_, selection) : Side{};
    auto now = is ? read(after_, selection) : Side{};
    if (was && is && !old.bundle && !now.bundle) {
      out_.left.push_back({selection, now.reason});
      return;
    }
    Effect effect;
    effect.selection = selection;
    effect.kind = !was                        ? Effect::Kind::added
                  : !is                       ? Effect::Kind::removed
                  : old.bundle && !now.bundle ? Effect::Kind::broken
                  : !old.bundle && now.bundle ? Effect::Kind::mended
                                              : Effect::Kind::changed;
    effect.reason = !now.reason.empty() ? now.reason : old.reason;
    if (!effect.reason.empty() && effect.kind != Effect::Kind::mended) effect.kind = Effect::Kind::broken;
    if (old.bundle) effect.before = std::move(*old.bundle);
    else effect.before.values = data::Value::mapping();
    if (now.bundle) effect.after = std::move(*now.bundle);
    else effect.after.values = data::Value::mapping();
    if (effect.kind == Effect::Kind::changed && effect.before.values_sha256 == effect.after.values_sha256) return;
    if (effect.kind != Effect::Kind::broken && effect.kind != Effect::Kind::mended)
      effect.changes = config::changes(effect.before.values, effect.after.values);
    out_.effects.push_back(std::move(effect));
  }

  Impact take() { return std::move(out_); }

 private:
  bool same_ingredients(const config::Selection& selection) const {
    std::vector<Unreadable> unused;
    bool same = false;
    readable(selection, unused, [&] { same = before_.ingredients(selection) == after_.ingredients(selection); });
    return same;
  }

  Side read(const config::Registry& registry, const config::Selection& selection) const {
    Side side;
    std::vector<Unreadable> why;
    if (!readable(selection, why, [&] { side.bundle = registry.read(selection, options_); }))
      side.reason = why.front().reason;
    return side;
  }

  const config::Registry& before_;
  const config::Registry& after_;
  const config::ReadOptions& options_;
  Impact out_;
};

Difference difference_of(const Effect& effect, const Mask& before, const Mask& after) {
  return {effect.before, effect.after, effect.changes, before, after};
}

std::string title_of(const config::Selection& selection) {
  std::string out = selection.service;
  if (!selection.environment.empty()) out += " " + selection.environment;
  if (!selection.release.empty()) out += " " + selection.release;
  return out;
}

}  // namespace

std::string_view name_of(Effect::Kind kind) {
  switch (kind) {
  case Effect::Kind::changed: return "changed";
  case Effect::Kind::added: return "added";
  case Effect::Kind::removed: return "removed";
  case Effect::Kind::broken: return "broken";
  case Effect::Kind::mended: return "mended";
  }
  return "changed";
}

Census census(const config::Registry& registry) {
  Census out;
  for (const auto& service : registry.services()) {
    std::vector<std::string> environments;
    readable({service, {}, {}}, out.unreadable, [&] { environments = registry.readable_environments(service); });
    for (const auto& environment : environments)
      readable({service, environment, {}}, out.unreadable, [&] {
        if (!registry.has(service, environment)) return;
        for (auto& release : registry.releases(service, environment))
          out.combinations.push_back({service, environment, std::move(release)});
      });
  }
  return out;
}

Impact impact(const config::Registry& before, const config::Registry& after, const config::ReadOptions& options,
              const std::function<bool(const config::Selection&)>& wanted) {
  const auto old = census(before);
  const auto now = census(after);
  std::map<Key, std::pair<bool, bool>> all;
  for (const auto& one : old.combinations) all[key_of(one)].first = true;
  for (const auto& one : now.combinations) all[key_of(one)].second = true;
  // What is broken on one side as a whole is no removal of its parts.
  const auto broken_in = [](const Census& side, const config::Selection& selection) -> const Unreadable* {
    for (const auto& one : side.unreadable)
      if (one.selection.service == selection.service &&
          (one.selection.environment.empty() || one.selection.environment == selection.environment))
        return &one;
    return nullptr;
  };
  Comparison comparison(before, after, options);
  for (const auto& [key, sides] : all) {
    const config::Selection selection{std::get<0>(key), std::get<1>(key), std::get<2>(key)};
    if (!wanted(selection)) continue;
    const bool was = sides.first || broken_in(old, selection) != nullptr;
    const bool is = sides.second || broken_in(now, selection) != nullptr;
    comparison.compare(selection, was, is);
  }
  auto out = comparison.take();
  for (const auto& one : now.unreadable) {
    const bool on_both = broken_in(old, one.selection) != nullptr;
    const bool was_known = std::ranges::any_of(old.combinations, [&](const config::Selection& known) {
      return known.service == one.selection.service &&
             (one.selection.environment.empty() || one.selection.environment == known.environment);
    });
    if (was_known) continue;  // told above, for each combination that there was
    if (on_both) {
      if (wanted(one.selection)) out.left.push_back(one);
    } else if (wanted(one.selection)) {
      Effect effect;
      effect.kind = Effect::Kind::broken;
      effect.selection = one.selection;
      effect.reason = one.reason;
      effect.before.values = effect.after.values = data::Value::mapping();
      out.effects.push_back(std::move(effect));
    }
  }
  return out;
}

std::string impact_text(const Impact& impact, bool reveal) {
  // In the order of their first combination.
  std::vector<std::pair<std::string, std::vector<const Effect*>>> groups;
  std::map<std::string, std::size_t> known;
  for (const auto& effect : impact.effects) {
    const Mask before(effect.before, reveal);
    const Mask after(effect.after, reveal);
    auto body = change_lines(difference_of(effect, before, after), "  ");
    if (!effect.reason.empty()) body = fmt::format("  ! {}\n", effect.reason);
    if (body.empty()) body = "  (no values)\n";
    const auto [place, is_new] = known.try_emplace(std::string(name_of(effect.kind)) + "\n" + body, groups.size());
    if (is_new) groups.emplace_back(std::move(body), std::vector<const Effect*>());
    groups[place->second].second.push_back(&effect);
  }
  std::string out;
  for (const auto& [body, effects] : groups) {
    for (const auto* effect : effects) {
      const auto word =
          effect->kind == Effect::Kind::changed ? std::string() : fmt::format(" ({})", name_of(effect->kind));
      out += fmt::format("{}{}\n", title_of(effect->selection), word);
    }
    out += body;
  }
  return out;
}

std::string impact_json(const Impact& impact, const config::Registry& before, const config::Registry& after,
                        bool reveal) {
  std::vector<std::string> list;
  for (const auto& effect : impact.effects) {
    const Mask mask_before(effect.before, reveal);
    const Mask mask_after(effect.after, reveal);
    auto one = fmt::format(R"({{"effect":"{}","service":{},"environment":{},"release":{})", name_of(effect.kind),
                           json_string(effect.selection.service), json_string(effect.selection.environment),
                           json_string(effect.selection.release));
    if (!effect.before.values_sha256.empty()) one += fmt::format(R"(,"before":"{}")", effect.before.values_sha256);
    if (!effect.after.values_sha256.empty()) one += fmt::format(R"(,"after":"{}")", effect.after.values_sha256);
    if (!effect.reason.empty()) one += fmt::format(R"(,"reason":{})", json_string(effect.reason));
    list.push_back(one +
                   fmt::format(R"(,"changes":{}}})", changes_json(difference_of(effect, mask_before, mask_after))));
  }
  std::vector<std::string> left;
  for (const auto& one : impact.left)
    left.push_back(fmt::format(R"({{"service":{},"environment":{},"release":{},"reason":{}}})",
                               json_string(one.selection.service), json_string(one.selection.environment),
                               json_string(one.selection.release), json_string(one.reason)));
  return fmt::format(R"({{"schema":"config-get/v1","kind":"impact","registry":{},"before":"{}","after":"{}",)"
                     R"("combinations":{},"effects":[{}],"unreadable":[{}]}})",
                     json_string(after.name()), before.commit().hex(), after.tree().name(), impact.combinations,
                     text::join(list, ","), text::join(left, ",")) +
         "\n";
}

}  // namespace slipway::config_get
