// SPDX-License-Identifier: Apache-2.0
// Looking into API objects without exceptions: a field that is absent, null or of another type gives
// the default. For .cpp files only, as it needs the whole JSON header.
#pragma once

#include "core/text.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::kube {

using Path = std::initializer_list<std::string_view>;

// What answers with a reference into the object takes no temporary: a loop over it would outlive the object.
[[nodiscard]] const nlohmann::json* field(nlohmann::json&& object, Path path) = delete;
[[nodiscard]] const nlohmann::json& list_at(nlohmann::json&& object, Path path) = delete;
[[nodiscard]] const nlohmann::json& map_at(nlohmann::json&& object, Path path) = delete;

/// The value at the end of the path, or null (the pointer).
[[nodiscard]] inline const nlohmann::json* field(const nlohmann::json& object, Path path) {
  const auto* here = &object;
  for (const auto key : path) {
    if (!here->is_object()) return nullptr;
    const auto found = here->find(key);
    if (found == here->end()) return nullptr;
    here = &*found;
  }
  return here;
}

[[nodiscard]] inline std::string text_at(const nlohmann::json& object, Path path) {
  const auto* value = field(object, path);
  return value && value->is_string() ? value->get<std::string>() : std::string();
}

[[nodiscard]] inline std::optional<std::int64_t> maybe_number(const nlohmann::json& object, Path path) {
  const auto* value = field(object, path);
  if (!value || !value->is_number_integer()) return std::nullopt;
  return value->get<std::int64_t>();
}

[[nodiscard]] inline std::int64_t number_at(const nlohmann::json& object, Path path, std::int64_t otherwise = 0) {
  return maybe_number(object, path).value_or(otherwise);
}

[[nodiscard]] inline int int_at(const nlohmann::json& object, Path path, int otherwise = 0) {
  const auto value = maybe_number(object, path);
  return value && *value >= INT32_MIN && *value <= INT32_MAX ? static_cast<int>(*value) : otherwise;
}

[[nodiscard]] inline bool flag_at(const nlohmann::json& object, Path path) {
  const auto* value = field(object, path);
  return value && value->is_boolean() && value->get<bool>();
}

[[nodiscard]] inline std::optional<std::chrono::system_clock::time_point> time_at(const nlohmann::json& object,
                                                                                  Path path) {
  const auto* value = field(object, path);
  return value && value->is_string() ? text::parse_rfc3339(value->get_ref<const std::string&>()) : std::nullopt;
}

/// The array at the end of the path; an empty one when there is none.
[[nodiscard]] inline const nlohmann::json& list_at(const nlohmann::json& object, Path path) {
  static const nlohmann::json none = nlohmann::json::array();
  const auto* value = field(object, path);
  return value && value->is_array() ? *value : none;
}

[[nodiscard]] inline const nlohmann::json& map_at(const nlohmann::json& object, Path path) {
  static const nlohmann::json none = nlohmann::json::object();
  const auto* value = field(object, path);
  return value && value->is_object() ? *value : none;
}

}  // namespace slipway::kube
