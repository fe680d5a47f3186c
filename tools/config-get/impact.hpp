// SPDX-License-Identifier: Apache-2.0
// Which services, environments and releases a range of commits changes, and how. What cannot have changed
// is not read: the ids of the files that a combination is made of say so.
#pragma once

#include "config/lookup.hpp"
#include "config/trace.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace slipway::config_get {

/// A service, or an environment of it, that cannot be read.
struct Unreadable {
  config::Selection selection;  ///< environment and release are empty when it is about all of them
  std::string reason;           ///< one line
  friend bool operator==(const Unreadable& a, const Unreadable& b) {
    return a.selection.service == b.selection.service && a.selection.environment == b.selection.environment &&
           a.selection.release == b.selection.release && a.reason == b.reason;
  }
};

struct Census {
  std::vector<config::Selection> combinations;
  std::vector<Unreadable> unreadable;
};

/// Every combination, and what stands in the way of others: one service that is broken hides no other.
[[nodiscard]] Census census(const config::Registry& registry);

struct Effect {
  enum class Kind {
    changed,  ///< other values
    added,    ///< only after
    removed,  ///< only before
    broken,   ///< readable before, not after
    mended,   ///< the other way round
  };
  Kind kind = Kind::changed;
  config::Selection selection;
  config::Bundle before;  ///< empty values where there is no such side
  config::Bundle after;
  std::vector<config::Change> changes;  ///< points into both
  std::string reason;                   ///< of broken and mended
};

[[nodiscard]] std::string_view name_of(Effect::Kind kind);

struct Impact {
  std::size_t combinations = 0;  ///< that were compared
  std::vector<Effect> effects;   ///< by service, environment, release
  std::vector<Unreadable> left;  ///< unreadable on both sides, so nothing is known
};

/// @param wanted leaves combinations out
[[nodiscard]] Impact impact(const config::Registry& before, const config::Registry& after,
                            const config::ReadOptions& options,
                            const std::function<bool(const config::Selection&)>& wanted);

/// Combinations with the same changes stand together over them.
[[nodiscard]] std::string impact_text(const Impact& impact, bool reveal);
[[nodiscard]] std::string impact_json(const Impact& impact, const config::Registry& before,
                                      const config::Registry& after, bool reveal);

}  // namespace slipway::config_get
