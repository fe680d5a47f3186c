// SPDX-License-Identifier: Apache-2.0
// What really moved on a connection, as the kernel counts it. curl tells of bytes that it handed to the kernel and
// of whole header lines: a peer that takes what lies in the socket's buffer, or that sends one byte after another
// of a long header, looks silent to it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

namespace slipway::http {

/// How a message begins that says why a proxy does not let us through.
inline constexpr std::string_view proxy_refuses = "the proxy answers HTTP ";

/// Bytes that the other side has confirmed and bytes that came from it, since the connection was made. Nothing
/// where the kernel does not say (no TCP, not Linux).
/// @source tcp(7), TCP_INFO
[[nodiscard]] std::optional<std::uint64_t> bytes_moved(int fd);

/// Which of these sockets has that local port; -1 for none.
[[nodiscard]] int socket_with_port(const std::set<int>& fds, int port);

}  // namespace slipway::http
