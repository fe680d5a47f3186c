// SPDX-License-Identifier: Apache-2.0
// Finished images: manifests and indexes that exist already, with their bytes as they are, found below a
// layout's index.json or a registry's manifest. Pure: whoever calls reads the documents. They are pushed
// byte for byte, because their digest is their name. OCI image-spec v1.1, "Image Layout", "Image Index".
#pragma once

#include "oci/manifest.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

/// What an image runs on.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;  ///< may be empty

  /// OS/ARCH[/VARIANT]. @throws Error bad_usage
  [[nodiscard]] static Platform parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  /// Whether `offered` is one of what this asks for: without a variant it takes any.
  [[nodiscard]] bool takes(const Platform& offered) const;
  friend bool operator==(const Platform&, const Platform&) = default;
};

struct FinishedManifest {
  Descriptor is;
  std::string bytes;
  std::vector<Descriptor> blobs;     ///< configuration first, then layers; without those that are not to be pushed
  std::vector<Descriptor> children;  ///< of an index
};

struct FinishedImage {
  std::vector<FinishedManifest> manifests;  ///< each once and after those that it names; the last is the image
  std::optional<Digest> part_of;            ///< the index that it is a part of, when --platform chose

  [[nodiscard]] const FinishedManifest& root() const { return manifests.back(); }
  /// Whether a layer is a tar that nobody has compressed.
  [[nodiscard]] bool has_plain_layers() const;
};

/// Reads the document that a descriptor names. @throws Error when it is not there
using ReadDocument = std::function<std::string(const Descriptor& wanted)>;

/// The image in a layout's index.json: the only one, or the one called `wanted` (the name in its annotations, or a
/// digest or at least seven digits of it). An index.json that names no image but one manifest for each of several
/// platforms is itself the image.
/// @throws Error bad_input for a document that is no index, or holds several images when none is wanted (they are
/// listed); not_found when the wanted one is not there
[[nodiscard]] Descriptor choose_image(std::string_view index_json, const std::optional<std::string>& wanted);

struct ListedImage {
  std::string selector;            ///< what PushOptions::image takes for it
  std::vector<std::string> names;  ///< as they were saved: [HOST/]PATH:TAG, or of a layout perhaps the tag alone; may be none
};

/// What a layout's index.json holds. @throws Error bad_input
[[nodiscard]] std::vector<ListedImage> images_named_in(std::string_view index_json);

/// `root` and all manifests below it, each checked against the digest and the size that name it.
/// @param platforms which manifests of an index; all when empty. One that is chosen becomes the image, several
/// become an index of their own
/// @throws Error bad_input for damaged and unknown documents; not_found when a platform is not there
[[nodiscard]] FinishedImage gather(const Descriptor& root, const ReadDocument& read,
                                   const std::vector<Platform>& platforms);

}  // namespace slipway::oci
