// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slipway::oci {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Descriptor descriptor_of(const json& node, const char* what, const Failure& failure) {
  const auto wrong = [&](const char* why) { return Error(failure, fmt::format("the manifest's {} {}", what, why)); };
  if (!node.is_object()) throw wrong("is no object");
  const auto digest = Digest::parse(text_of(node, "digest"));
  if (!digest) throw wrong("has no valid digest");
  const auto size = node.find("size");
  if (size == node.end() || !size->is_number_unsigned()) throw wrong("has no size");
  return {.media_type = text_of(node, "mediaType"), .digest = *digest, .size = size->get<std::uint64_t>()};
}

ordered_json to_json(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type}, {"size", descriptor.size}, {"digest", descriptor.digest.text()}};
}

}  // namespace

std::optional<Manifest> parse_manifest(std::string_view bytes, std::string_view content_type, const Failure& failure) {
  const auto document = json::parse(bytes, nullptr, false);
  if (!document.is_object()) throw Error(failure, "the manifest is no JSON object");
  auto media_type = text_of(document, "mediaType");
  if (media_type.empty()) media_type = content_type.substr(0, content_type.find(';'));
  const auto config = document.find("config");
  const auto layers = document.find("layers");
  if (media_type == media::docker_list || media_type == media::oci_index || config == document.end() ||
      layers == document.end())
    return std::nullopt;
  if (!layers->is_array()) throw Error(failure, "the manifest's layers are no list");
  Manifest manifest{
      .media_type = std::move(media_type), .config = descriptor_of(*config, "config", failure), .layers = {}};
  for (const auto& layer : *layers) manifest.layers.push_back(descriptor_of(layer, "layer", failure));
  return manifest;
}

std::string render_manifest(const Manifest& manifest) {
  ordered_json document;
  document["schemaVersion"] = 2;
  document["mediaType"] = manifest.media_type;
  document["config"] = to_json(manifest.config);
  document["layers"] = ordered_json::array();
  for (const auto& layer : manifest.layers) document["layers"].push_back(to_json(layer));
  return document.dump();
}

ImageConfig parse_config(std::string_view bytes, std::string_view name, const Failure& failure) {
  const auto wrong = [&](std::string_view why) {
    return Error(failure, fmt::format("{} is no image configuration: {}", name, why));
  };
  const auto document = json::parse(bytes, nullptr, false);
  if (!document.is_object()) throw wrong("no JSON object");
  const auto rootfs = document.find("rootfs");
  if (rootfs == document.end() || !rootfs->is_object()) throw wrong("it has no rootfs");
  const auto ids = rootfs->find("diff_ids");
  ImageConfig config{.os = text_of(document, "os"),
                     .architecture = text_of(document, "architecture"),
                     .variant = text_of(document, "variant"),
                     .diff_ids = {}};
  if (ids == rootfs->end() || ids->is_null()) return config;  // an image FROM scratch without a layer
  if (!ids->is_array()) throw wrong("its rootfs.diff_ids is no list");
  for (const auto& id : *ids) {
    const auto digest = id.is_string() ? Digest::parse(id.get_ref<const std::string&>()) : std::nullopt;
    if (!digest) throw wrong("a diff id is no digest");
    config.diff_ids.push_back(*digest);
  }
  return config;
}

}  // namespace slipway::oci
