// SPDX-License-Identifier: Apache-2.0
// Whether and when a request to a registry is worth another try, decided in one place for all of
// them. Pure: the clock and the dice are the caller's.
#pragma once

#include "http/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

/// The first entry of a registry's error document; both empty when the body is something else.
/// @source OCI distribution-spec, "Error codes"
struct RegistryError {
  std::string code;
  std::string message;
};
[[nodiscard]] RegistryError parse_error(std::string_view body);

/// A status or body that asks for patience: 408, 425, 429, 499, 500, 502, 503, 504, 520-524, TOOMANYREQUESTS.
[[nodiscard]] bool is_transient(int status, std::string_view body);
/// The same for a whole outcome; a name that is not found and a certificate that is not trusted stay so.
[[nodiscard]] bool is_transient(const http::Result& result);

/// Retry-After in seconds or as a date; nothing when malformed.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                                         std::chrono::system_clock::time_point now);

inline constexpr std::chrono::minutes longest_wait{5};

/// What to wait before try `attempt` (counts from 1). What the registry asks for, else twice as long
/// each time up to a minute, of which `dice` (0 to 1) takes its part, so that many clients spread.
[[nodiscard]] std::chrono::milliseconds wait_before(int attempt, std::optional<std::chrono::milliseconds> asked,
                                                    double dice);

}  // namespace slipway::oci
