// SPDX-License-Identifier: Apache-2.0
// OCI layouts: what their files are called, and whether an archive is one. OCI image-spec v1.1, "Image Layout".
#pragma once

#include "oci/archive.hpp"
#include "oci/finished.hpp"
#include "oci/push.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

/// blobs/sha256/HEX
[[nodiscard]] std::string blob_name(const Digest& digest);
/// The digest that such a name stands for.
[[nodiscard]] std::optional<Digest> digest_named(std::string_view entry);

/// @throws nothing; returns what is to be thrown
[[nodiscard]] Error lacks(const Descriptor& blob);
[[nodiscard]] Error damaged(const Descriptor& blob);

/// The finished image of an archive that is an OCI layout; nothing for one that docker's manifest.json describes
/// better: docker from 25 on writes both, over layers that it has not compressed.
/// @param read the documents of the layout, but for index.json
[[nodiscard]] std::optional<FinishedImage> finished_in(const ArchiveContents& contents, ArchiveFile::As as,
                                                       const PushOptions& options, const ReadDocument& read);
/// The image of a layout with that index.json.
[[nodiscard]] FinishedImage finished_below(const std::string& index_json, const PushOptions& options,
                                           const ReadDocument& read);

}  // namespace slipway::oci
