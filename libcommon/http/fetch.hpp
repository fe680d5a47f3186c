// SPDX-License-Identifier: Apache-2.0
// One file over http or https, for a tool that hardly ever wants one. libcurl is loaded when it is asked
// for: linking it brings forty libraries, and to load those costs every start more than such a tool takes
// altogether. Everything else about HTTP is client.hpp.
#pragma once

#include "io/events.hpp"

#include <cstddef>
#include <string>

namespace slipway::http {

/// Follows up to five redirects.
/// @throws Error bad_setup without libcurl; not_found for 404 and 410; denied for 401, 403 and a certificate that does
/// not verify; unreachable; protocol for any other status; bad_input beyond `limit` bytes; timed_out, interrupted
[[nodiscard]] std::string fetch(const std::string& url, std::size_t limit, const io::Run& run);

}  // namespace slipway::http
