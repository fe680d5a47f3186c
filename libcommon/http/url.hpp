// SPDX-License-Identifier: Apache-2.0
// URLs taken apart, put together and made fit to show. Only what http and https need; user names
// and passwords in a URL are dropped on parsing, because none of our callers may send them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::http {

struct Url {
  std::string scheme;
  std::string host;  ///< IPv6 without brackets
  std::optional<int> port;
  std::string path;                          ///< with its leading slash; empty when the URL has none
  std::string query;                         ///< without the question mark
  [[nodiscard]] std::string origin() const;  ///< scheme://host:port
  [[nodiscard]] std::string text() const;
  /// An absolute URL with a host; its fragment is dropped. Nothing when malformed.
  [[nodiscard]] static std::optional<Url> parse(std::string_view text);
  /// @source RFC 3986 section 5.2
  [[nodiscard]] std::optional<Url> resolve(std::string_view reference) const;
  /// The port that is meant: the one given, else 443 for https and 80 for anything else.
  [[nodiscard]] int effective_port() const;
  /// localhost, 127.0.0.0/8 or ::1.
  [[nodiscard]] bool is_loopback() const;
};

/// Everything but RFC 3986's unreserved characters becomes %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// The URL without its user, password and query: fit for errors and logs.
[[nodiscard]] std::string safe_url(std::string_view url);

}  // namespace slipway::http
