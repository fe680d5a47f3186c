// SPDX-License-Identifier: Apache-2.0
// Where an upload goes on: the Location of an answer, resolved and judged. Pure. RFC 3986 section 5;
// OCI distribution-spec, "Pushing a blob in chunks"; the refusals are ours.
#pragma once

#include "core/error.hpp"
#include "oci/digest.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

struct UploadTarget {
  std::string url;
  bool own = true;      ///< the registry itself, so that its credentials may go there
  bool raised = false;  ///< the answer said http, and we keep to the https that the registry was asked by
};

/// @param request_url what was asked, after redirects
/// @param location the header's value; nothing when it was missing
/// @throws Error protocol when it is missing, no http or https URL, holds a user or a fragment, would
/// step down from TLS to another host, or leads from another machine to this one or to a link-local address
[[nodiscard]] UploadTarget resolve_location(std::string_view request_url, const std::optional<std::string>& location);

/// The URL with `digest=` added to its query, which otherwise stays as it is, byte for byte.
[[nodiscard]] std::string with_digest(std::string url, const Digest& digest);

}  // namespace slipway::oci
