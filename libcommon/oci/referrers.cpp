// SPDX-License-Identifier: Apache-2.0
#include "oci/referrers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slipway::oci {

namespace {

using nlohmann::ordered_json;

ordered_json node_of(std::string_view type, const Digest& digest, std::uint64_t size) {
  return {{"mediaType", type}, {"digest", digest.text()}, {"size", size}};
}

}  // namespace

std::string render_referrer(const Attachment& attachment, const Descriptor& subject) {
  auto layer = node_of(attachment.type, Digest::of(attachment.content), attachment.content.size());
  layer["annotations"] = {{"org.opencontainers.image.title", attachment.name}};
  ordered_json document;
  document["schemaVersion"] = 2;
  document["mediaType"] = media::oci_manifest;
  document["artifactType"] = attachment.type;
  document["config"] = node_of(empty_type, Digest::of(empty_config), empty_config.size());
  document["layers"] = ordered_json::array({layer});
  document["subject"] = node_of(subject.media_type, subject.digest, subject.size);
  return document.dump();
}

std::string referrers_tag(const Digest& subject) {
  return fmt::format("{}-{}", subject.algorithm(), subject.hex().substr(0, 64));
}

std::optional<std::string> with_referrer(const std::optional<std::string>& index, const Descriptor& referrer,
                                         std::string_view type) {
  ordered_json document;
  if (index) {
    document = ordered_json::parse(*index, nullptr, false);
    if (!document.is_object() || document.value("mediaType", "") != media::oci_index ||
        !document.contains("manifests") || !document["manifests"].is_array())
      throw Error(failure::protocol, "the tag for what is attached holds something else than an OCI index");
    for (const auto& node : document["manifests"])
      if (node.is_object() && node.value("digest", "") == referrer.digest.text()) return std::nullopt;
  } else {
    document = {{"schemaVersion", 2}, {"mediaType", media::oci_index}, {"manifests", ordered_json::array()}};
  }
  auto node = node_of(referrer.media_type, referrer.digest, referrer.size);
  node["artifactType"] = type;
  document["manifests"].push_back(std::move(node));
  return document.dump();
}

}  // namespace slipway::oci
