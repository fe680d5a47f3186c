// SPDX-License-Identifier: Apache-2.0
// Certificates of one registry: authorities to trust beside the system's, and a certificate to show, in a folder
// that is named like the registry; and the way there. containers-certs.d(5); docker's /etc/docker/certs.d.
#pragma once

#include "http/client.hpp"
#include "oci/access.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace slipway::oci {

/// Folders that may hold a folder HOST[:PORT] of certificates, best first.
[[nodiscard]] std::vector<std::filesystem::path> certs_folders(const Access& access);

/// access.tls, and what the first folder that is there says of `host` (HOST or HOST:PORT): *.crt are trusted as well,
/// a *.cert with its *.key is shown, unless an option has named one. A folder that cannot be read is passed over with a
/// detail event, since it may be another user's; one that --certs-dir names is not.
/// @throws Error bad_setup for a *.cert without its *.key; read_failed
[[nodiscard]] http::Tls tls_for(const Access& access, const std::string& host, const io::Run& run);

/// The proxy for `url` where curl would not find it: HTTP_PROXY in capital letters, which curl does not read because a
/// web server hands that name to its programs for a header of the client's. Nothing where curl's own rules say it all.
[[nodiscard]] std::optional<std::string> proxy_for(const Access& access, const std::string& url);

}  // namespace slipway::oci
