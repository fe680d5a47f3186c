// SPDX-License-Identifier: Apache-2.0
// glibc's <netinet/tcp.h> has an older tcp_info, without the two counters, and cannot be included beside this one.
#include "http/wire.hpp"

#include <linux/tcp.h>
#include <sys/socket.h>

#include <cstddef>
#include <netinet/in.h>

namespace slipway::http {

std::optional<std::uint64_t> bytes_moved(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return std::nullopt;
  return info.tcpi_bytes_acked + info.tcpi_bytes_received;
}

int socket_with_port(const std::set<int>& fds, int port) {
  for (const int fd : fds) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    if (address.ss_family == AF_INET && ntohs(v4->sin_port) == port) return fd;
    if (address.ss_family == AF_INET6 && ntohs(v6->sin6_port) == port) return fd;
  }
  return -1;
}

}  // namespace slipway::http
