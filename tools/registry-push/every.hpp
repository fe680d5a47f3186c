// SPDX-License-Identifier: Apache-2.0
// --all: where each image of an archive goes. Pure.
#pragma once

#include "oci/finished.hpp"

#include <string>
#include <vector>

namespace slipway::registry_push {

struct Going {
  std::string image;                    ///< what PushOptions::image takes
  std::vector<std::string> references;  ///< complete
};

/// `{name}` and `{tag}` in the references, filled in for each name that each image was saved under. `{name}` is the path
/// without the registry, since that is what is left when an image moves.
/// @throws Error bad_usage when a reference has neither, or two images would get one reference; bad_input for an image
/// without what the references want
[[nodiscard]] std::vector<Going> every_image(const std::vector<std::string>& references,
                                             const std::vector<oci::ListedImage>& images);

}  // namespace slipway::registry_push
