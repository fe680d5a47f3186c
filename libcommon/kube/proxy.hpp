// SPDX-License-Identifier: Apache-2.0
// Which proxy the environment means for an address, by the rules of Go's net/http that kubectl and helm follow; curl's
// own differ (no CIDR blocks, no ports, localhost not exempt).
// @source golang.org/x/net/http/httpproxy
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::kube {

/// Does NO_PROXY spare this host? Names match themselves and what ends in them after a dot; ".x" only the latter; "*"
/// everything; addresses, CIDR blocks, and each of these with a port.
[[nodiscard]] bool spared_by(std::string_view no_proxy, const std::string& host, int port);

/// @param env asked for HTTPS_PROXY or HTTP_PROXY and NO_PROXY, in capitals first
/// @returns the proxy's URL; an empty string: none
[[nodiscard]] std::string proxy_for(std::string_view url,
                                    const std::function<std::optional<std::string>(const std::string&)>& env);

}  // namespace slipway::kube
