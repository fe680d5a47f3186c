// SPDX-License-Identifier: Apache-2.0
// Values to be compared with what helm printed.
#pragma once

#include "data/yaml.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace slipway::testing {

/// Values as helm prints them: every number is a double.
/// @param text JSON
inline nlohmann::json as_helm(std::string_view text) {
  auto document = nlohmann::json::parse(text);
  const auto widen = [](auto&& self, nlohmann::json& node) -> void {
    if (node.is_number()) node = node.get<double>();
    if (node.is_structured())
      for (auto& item : node) self(self, item);
  };
  widen(widen, document);
  return document;
}

inline nlohmann::json as_helm(const data::Value& value) { return as_helm(data::to_json(value)); }

}  // namespace slipway::testing
