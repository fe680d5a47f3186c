// SPDX-License-Identifier: Apache-2.0
// Where a chart takes its image: a registry, repository, tag and digest under keys of its values, in
// one of the shapes that charts have. Finds the keys and writes an image into the values, so that
// nobody has to edit a file between the push and the deploy. Pure.
#pragma once

#include "data/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::helm {

struct Image {
  std::string registry;    ///< host[:port]
  std::string repository;  ///< the path after it
  std::string tag;         ///< may be empty
  std::string digest;      ///< sha256:...

  [[nodiscard]] std::string name() const { return registry.empty() ? repository : registry + '/' + repository; }
  [[nodiscard]] std::string text() const;  ///< NAME[:TAG]@DIGEST
};

/// Dotted key paths; one that is not set is not written.
struct ImageKeys {
  std::optional<std::string> reference;   ///< takes NAME@DIGEST
  std::optional<std::string> registry;    ///< takes the host; `repository` then goes without it
  std::optional<std::string> repository;  ///< takes the host and path, or the path
  std::optional<std::string> tag;         ///< takes the tag; TAG@DIGEST when there is no `digest`
  std::optional<std::string> digest;      ///< takes sha256:...
  friend bool operator==(const ImageKeys&, const ImageKeys&) = default;

  [[nodiscard]] bool any() const { return reference || registry || repository || tag || digest; }
  [[nodiscard]] std::vector<std::string> paths() const;  ///< those that are set
};

/// The keys that the chart's own values show, the first shape that fits:
/// `main_app.image` + `main_app.version` (+ `docker.registry`), as in the deployment-charts of Wikimedia;
/// `image.{registry,repository,tag,digest}` and the same under `imageRegistry`-like globals left alone;
/// `image: NAME` as a string. Nothing when none fits.
/// @param values the chart's defaults with the configuration over them
[[nodiscard]] std::optional<ImageKeys> find_image_keys(const data::Value& values);

/// Writes the image under the keys. Maps on the way are made.
/// A tag key without a digest key gets TAG@DIGEST (12 digits of the digest where there is no tag): the
/// rendered NAME:TAG@DIGEST is a reference that runtimes resolve by its digest.
/// @throws Error bad_input when a key on the way is no map
void put_image(data::Value& values, const ImageKeys& keys, const Image& image);

/// The value under a dotted path, or null.
[[nodiscard]] const data::Value* at_path(const data::Value& values, std::string_view path);

}  // namespace slipway::helm
