// SPDX-License-Identifier: Apache-2.0
// A rendered manifest as objects: what stands in it, by whom, and which images it runs. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::helm {

/// Which object of the API: its version does not count, since the same object has several.
struct ObjectKey {
  std::string group;
  std::string kind;
  std::string name_space;  ///< as written; empty for the release's own
  std::string name;
  [[nodiscard]] std::string text() const { return kind + '/' + name; }
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
};

struct Object {
  ObjectKey key;
  std::string api_version;
  nlohmann::json body;
};

/// The objects in the order of the text; empty documents are left out, Lists are taken apart.
/// @throws Error bad_input: no YAML, or a document that is no Kubernetes object
[[nodiscard]] std::vector<Object> parse_manifest(std::string_view yaml, const std::string& name);

/// Every image that the object's pods run, in order: containers, init and ephemeral containers.
[[nodiscard]] std::vector<std::string> images_of(const nlohmann::json& object);

}  // namespace slipway::helm
