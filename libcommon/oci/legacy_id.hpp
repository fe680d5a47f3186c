// SPDX-License-Identifier: Apache-2.0
// Which layer a folder of a `docker save` archive holds, told by the folder's name before its layer has
// come: docker up to 24 makes the name from the layer's chain id and the small file beside it. So on a
// pipe a layer that the registry has need not be compressed. A guess that is checked by the layer's
// digest afterwards. Image Specification v1; moby image/v1, CreateID.
#pragma once

#include "oci/digest.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace slipway::oci {

/// The chain id of each layer: of itself and all that lie below it.
/// @source OCI image-spec config.md, "Layer ChainID"
[[nodiscard]] std::vector<Digest> chain_ids(std::span<const Digest> diff_ids);

/// @param folder the layer's folder, 64 hex digits
/// @param json content of FOLDER/json
[[nodiscard]] bool is_legacy_id(std::string_view folder, std::string_view json, const Digest& chain_id);

}  // namespace slipway::oci
