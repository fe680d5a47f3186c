// SPDX-License-Identifier: Apache-2.0
// What an archive or a layout holds, for who wants all of it: the names of its images, without their layers.
#pragma once

#include "oci/push.hpp"

#include <vector>

namespace slipway::oci {

/// In the order in which they are in the source. An archive that is packed is unpacked for it.
/// @throws Error bad_usage for a source that is no archive or layout, or can be read only once; not_found, read_failed,
/// bad_input
[[nodiscard]] std::vector<ListedImage> images_in(const Source& source);

}  // namespace slipway::oci
