// SPDX-License-Identifier: Apache-2.0
// What a Kubernetes API says besides the object that was asked for: its clock, how long it wants to be left alone,
// warnings, its version.
#pragma once

#include "http/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::kube {

/// "Wed, 25 Nov 2026 01:41:04 GMT". @source RFC 9110 section 5.6.7
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);
/// The text of `299 - "text"`. @source RFC 9111 section 5.5 of its predecessor RFC 7234; Kubernetes "Warnings"
[[nodiscard]] std::string warning_text(std::string_view header);
/// How long a server wants to be left alone, in seconds or as a date, at most five minutes.
/// @source RFC 9110 section 10.2.3
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(const http::Response& response,
                                                                   std::chrono::system_clock::time_point now);
/// So often is that obeyed before the server counts as too busy.
constexpr int most_retry_after = 10;

/// What to say about a server's answer to /version when it is older than 1.23; nothing: it is not, or does not say.
[[nodiscard]] std::optional<std::string> too_old(const nlohmann::json& version);

}  // namespace slipway::kube
