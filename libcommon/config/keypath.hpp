// SPDX-License-Identifier: Apache-2.0
// Paths into values, as people type them: a.b[2].c, a\.b or ["a.b"] where a key holds a dot. Pure.
#pragma once

#include "data/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace slipway::config {

using Step = std::variant<std::string, std::size_t>;  ///< a key of a map, an index of a list
using KeyPath = std::vector<Step>;

/// @throws Error bad_usage with what is wrong and where
[[nodiscard]] KeyPath parse_path(std::string_view text);
/// The form that parse_path() reads back.
[[nodiscard]] std::string show_path(const KeyPath& path);

[[nodiscard]] const data::Value* find(const data::Value& root, const KeyPath& path);
/// @throws Error not_found, with the nearest path that is there or the keys beside it
[[nodiscard]] const data::Value& at(const data::Value& root, const KeyPath& path);

/// Every scalar, list and empty map below `root` with its path, in the order of `root`.
struct Leaf {
  KeyPath path;
  const data::Value* value = nullptr;
};
[[nodiscard]] std::vector<Leaf> leaves(const data::Value& root, const KeyPath& from = {});

}  // namespace slipway::config
