// SPDX-License-Identifier: Apache-2.0
// OCI layouts for tests: images for one platform and for several, as a folder and as a tar.
#pragma once

#include "core/fs.hpp"
#include "oci/compress.hpp"
#include "oci/finished.hpp"
#include "support/tar.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace slipway::test {

using nlohmann::ordered_json;

class Layout {
 public:
  std::map<oci::Digest, std::string> blobs;
  ordered_json images = ordered_json::array();  ///< of index.json

  ordered_json add(const std::string& bytes, std::string_view media_type) {
    const auto digest = oci::Digest::of(bytes);
    blobs.insert_or_assign(digest, bytes);
    return {{"mediaType", media_type}, {"digest", digest.text()}, {"size", bytes.size()}};
  }
  /// An image, its layers as they are.
  ordered_json image(const std::vector<std::string>& layers, const std::string& architecture = "amd64",
                     std::string_view layer_type = oci::media::oci_layer) {
    ordered_json manifest{{"schemaVersion", 2}, {"mediaType", oci::media::oci_manifest}};
    const auto config = ordered_json{{"architecture", architecture}, {"os", "linux"}}.dump();
    manifest["config"] = add(config, oci::media::oci_config);
    manifest["layers"] = ordered_json::array();
    for (const auto& layer : layers) manifest["layers"].push_back(add(layer, layer_type));
    auto node = add(manifest.dump(1), oci::media::oci_manifest);  // bytes that we would not write so
    node["platform"] = {{"architecture", architecture}, {"os", "linux"}};
    return node;
  }
  ordered_json index(const std::vector<ordered_json>& children) {
    const ordered_json document{{"schemaVersion", 2},
                                {"mediaType", oci::media::oci_index},
                                {"manifests", children},
                                {"annotations", {{"kept", "yes"}}}};
    return add(document.dump(1), oci::media::oci_index);
  }
  Layout& holds(ordered_json node, const std::string& name = {}) {
    if (!name.empty()) node["annotations"]["org.opencontainers.image.ref.name"] = name;
    images.push_back(std::move(node));
    return *this;
  }

  [[nodiscard]] std::string index_json() const {
    return ordered_json{{"schemaVersion", 2}, {"manifests", images}}.dump();
  }
  static std::string name_of(const oci::Digest& digest) { return "blobs/sha256/" + std::string(digest.hex()); }
  /// In the order of their names, as containerd, buildah and tar(1) write them.
  [[nodiscard]] std::string tar(const std::string& more = {}) const {
    std::string out;
    for (const auto& [digest, bytes] : blobs) out += tar_file(name_of(digest), bytes);
    return out + tar_file("index.json", index_json()) + more +
           tar_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})") + tar_end();
  }
  void write(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder / "blobs/sha256");
    for (const auto& [digest, bytes] : blobs) fs::write_file(folder / name_of(digest), bytes);
    fs::write_file(folder / "index.json", index_json());
    fs::write_file(folder / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  }
  [[nodiscard]] std::string bytes(const std::string& digest) const { return blobs.at(*oci::Digest::parse(digest)); }
};

/// Two platforms that share their first layer.
inline Layout two_platforms() {
  Layout layout;
  const auto shared = oci::gzip(layer_tar("a", "shared"));
  const auto amd = layout.image({shared, oci::gzip(layer_tar("b", "amd64"))}, "amd64");
  const auto arm = layout.image({shared, oci::gzip(layer_tar("b", "arm64"))}, "arm64");
  layout.holds(layout.index({amd, arm}), "svc:1");
  return layout;
}

}  // namespace slipway::test
