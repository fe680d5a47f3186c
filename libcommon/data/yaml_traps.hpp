// SPDX-License-Identifier: Apache-2.0
// Plain scalars of a YAML file that are not what a person may have meant: `no` that is false, 1.10 that
// is 1.1, a number that helm rounds. Pure; yaml.cpp asks it about every value and key.
#pragma once

#include "data/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::data {

struct Trap {
  std::string_view code;  ///< W001, W003, W004 or W005: see config-get(1)
  std::string message;
};

/// @param value a plain scalar that is no key, and finite
[[nodiscard]] std::optional<Trap> trap_in(const Value& value);

/// What helm makes of a scalar that is a key; nothing for null and infinity, which cannot be one.
/// @source sigs.k8s.io/yaml, convertToJSONableObject
[[nodiscard]] std::optional<std::string> helm_key(const Value& value);

}  // namespace slipway::data
