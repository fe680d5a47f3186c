// SPDX-License-Identifier: Apache-2.0
// Manifests and image configurations as values: reading what registries and archives hold, writing our
// own with bytes that depend on the content alone. Pure. OCI image-spec v1.1 and docker's image
// manifest v2, schema 2, which say the same in two spellings.
#pragma once

#include "core/error.hpp"
#include "oci/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

namespace media {
inline constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view docker_layer_tar = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view oci_layer = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view oci_layer_tar = "application/vnd.oci.image.layer.v1.tar";
/// For an Accept header: without OCI's types in it, registries hide OCI manifests (404).
inline constexpr std::string_view any_manifest =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json";
}  // namespace media

/// The most that registries take. @source CNCF distribution, maxManifestBodySize
inline constexpr std::size_t longest_manifest = 4U << 20U;

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

struct Manifest {
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// An image manifest in either spelling; nothing for an index or any other document.
/// @param content_type what the registry said it is; the document's own mediaType goes first
/// @throws Error `failure` when it is malformed
[[nodiscard]] std::optional<Manifest> parse_manifest(std::string_view bytes, std::string_view content_type,
                                                     const Failure& failure);

/// The bytes that are stored, and whose digest names the image: one line, members in fixed order.
[[nodiscard]] std::string render_manifest(const Manifest& manifest);

struct ImageConfig {
  std::string os;
  std::string architecture;
  std::string variant;
  std::vector<Digest> diff_ids;  ///< of the uncompressed layers, lowest first
};

/// @param name what it is called in an error
/// @throws Error `failure` when it is no image configuration
[[nodiscard]] ImageConfig parse_config(std::string_view bytes, std::string_view name, const Failure& failure);

}  // namespace slipway::oci
