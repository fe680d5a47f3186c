// SPDX-License-Identifier: Apache-2.0
// One expression of a Go template: fields, literals, pipes, and the functions that state files use on
// names (eq, ne, or, and, not, hasPrefix, hasSuffix, trimPrefix, trimSuffix, contains, hasKey, get, has,
// list, default, printf with %s and %d). Pure.
#pragma once

#include "config/gotemplate.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::config {

/// A map that something outside of the registry can add to holds this key: what it lacks is then unknown, not absent.
inline constexpr std::string_view open_map_key = "\x01open";

/// @param reason becomes why, when nothing is returned
[[nodiscard]] std::optional<data::Value> evaluate_expression(std::string_view text, const TemplateScope& scope,
                                                             std::string& reason);

/// Go's truth: false, 0, nil, "" and what is empty are not true.
[[nodiscard]] bool is_true(const data::Value& value);
/// A scalar as Go prints it; nothing for lists and maps.
[[nodiscard]] std::optional<std::string> printed(const data::Value& value);

}  // namespace slipway::config
