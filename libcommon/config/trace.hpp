// SPDX-License-Identifier: Apache-2.0
// Where a value came from and what it beat, and how two configurations differ. Pure.
#pragma once

#include "config/bundle.hpp"
#include "config/keypath.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::config {

/// What one layer says about a path.
struct Statement {
  const Layer* layer = nullptr;  ///< of the bundle
  const data::Value* value = nullptr;
  /// The value stands at the path itself; else at a parent, and by being no map it removed what was below.
  bool direct = true;
};

struct Trace {
  KeyPath path;
  const data::Value* value = nullptr;  ///< in the merged values; null: gone from them, see removed()
  std::vector<Statement> statements;   ///< the one that counts first, then those it beat, latest first
};

/// Of one path, which need not be a leaf; without statements when no layer says anything about it.
[[nodiscard]] Trace trace(const Bundle& bundle, const KeyPath& path);

/// One entry for each leaf at or below `path`.
/// @throws Error not_found, as at()
[[nodiscard]] std::vector<Trace> explain(const Bundle& bundle, const KeyPath& path);

/// What a layer says at or below `path`, and neither it nor anything in its place is in the merged values: a null took
/// it away, or a value that a map replaced later on. What took it comes first in the statements. One entry for each
/// key, sorted by path; a key whose parent is gone has none of its own.
[[nodiscard]] std::vector<Trace> removed(const Bundle& bundle, const KeyPath& path);

/// FILE:LINE of a value in a layer; a link shows both names, as in `web/global.yaml -> common/global.yaml:12`.
[[nodiscard]] std::string place_of(const Statement& statement);

struct Change {
  KeyPath path;
  const data::Value* before = nullptr;  ///< null: added
  const data::Value* after = nullptr;   ///< null: removed
};

/// Leaf by leaf, sorted by path; points into both arguments.
[[nodiscard]] std::vector<Change> changes(const data::Value& before, const data::Value& after);

}  // namespace slipway::config
