// SPDX-License-Identifier: Apache-2.0
#include "helm/manifest.hpp"

#include "core/error.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

namespace slipway::helm {

namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add(std::vector<Object>& objects, json body, const std::string& name, const data::Mark& mark) {
  const auto api_version = text_of(body, "apiVersion");
  const auto kind = text_of(body, "kind");
  if (const auto items = body.find("items"); kind.ends_with("List") && items != body.end() && items->is_array()) {
    for (auto& item : *items) add(objects, std::move(item), name, mark);
    return;
  }
  const auto metadata = body.find("metadata");
  const auto object_name = metadata != body.end() ? text_of(*metadata, "name") : std::string();
  if (api_version.empty() || kind.empty() || object_name.empty())
    throw Error(failure::bad_input, "a rendered document is no Kubernetes object: it needs apiVersion, kind and a name")
        .add_place(fmt::format("{}:{}", name, mark.line));
  const auto slash = api_version.find('/');
  objects.push_back({.key = {.group = slash == std::string::npos ? std::string() : api_version.substr(0, slash),
                             .kind = kind,
                             .name_space = text_of(*metadata, "namespace"),
                             .name = object_name},
                     .api_version = api_version,
                     .body = std::move(body)});
}

/// Where each kind keeps the spec of its pods.
const json* pod_spec_of(const json& object) {
  static const json::json_pointer places[] = {"/spec/template/spec"_json_pointer,
                                              "/spec/jobTemplate/spec/template/spec"_json_pointer};
  if (text_of(object, "kind") == "Pod") {
    const auto spec = object.find("spec");
    return spec != object.end() ? &*spec : nullptr;
  }
  for (const auto& place : places)
    if (object.contains(place)) return &object.at(place);
  return nullptr;
}

}  // namespace

std::vector<Object> parse_manifest(std::string_view yaml, const std::string& name) {
  std::vector<Object> objects;
  for (const auto& document : data::parse_yaml_stream(yaml, name)) {
    if (document.root.is(data::Kind::null)) continue;
    add(objects, json::parse(data::to_json(document.root)), name, document.root.mark());
  }
  return objects;
}

std::vector<std::string> images_of(const json& object) {
  std::vector<std::string> images;
  const auto* spec = pod_spec_of(object);
  if (spec == nullptr || !spec->is_object()) return images;
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
    const auto containers = spec->find(list);
    if (containers == spec->end() || !containers->is_array()) continue;
    for (const auto& container : *containers)
      if (auto image = text_of(container, "image"); !image.empty()) images.push_back(std::move(image));
  }
  return images;
}

}  // namespace slipway::helm
