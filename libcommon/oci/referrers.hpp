// SPDX-License-Identifier: Apache-2.0
// What is said about an image beside it: a bill of materials, a provenance, a test's report. A manifest of its own
// that names the image as its subject; and for registries that do not list such by themselves, an index under a tag
// made of the image's digest. Pure. OCI image-spec v1.1, "Guidelines for Artifact Usage"; distribution-spec v1.1,
// "Referrers Tag Schema".
#pragma once

#include "oci/manifest.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

/// A file that is to be attached.
struct Attachment {
  std::string type;  ///< its media type, such as application/spdx+json
  std::string name;  ///< of the file, for who fetches it
  std::string content;
};

/// The configuration of what has none. @source OCI image-spec, "Guidance for an Empty Descriptor"
inline constexpr std::string_view empty_config = "{}";
inline constexpr std::string_view empty_type = "application/vnd.oci.empty.v1+json";

/// The bytes of the manifest that attaches it; they depend on the file and the image alone.
[[nodiscard]] std::string render_referrer(const Attachment& attachment, const Descriptor& subject);

/// sha256-HEX
[[nodiscard]] std::string referrers_tag(const Digest& subject);

/// The index under that tag with `referrer` in it; nothing when it is there already.
/// @param index what is there now; nothing when there is no such tag
/// @throws Error protocol for what is no OCI index: it is somebody's, and stays as it is
[[nodiscard]] std::optional<std::string> with_referrer(const std::optional<std::string>& index,
                                                       const Descriptor& referrer, std::string_view type);

}  // namespace slipway::oci
