// SPDX-License-Identifier: Apache-2.0
// What a 401 asks for: the WWW-Authenticate header taken apart, and the answer of a token service.
// Pure. RFC 9110 section 11; CNCF distribution, "Token Authentication Specification".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::oci {

struct Challenge {
  std::string scheme;                                           ///< in lower case: basic, bearer
  std::vector<std::pair<std::string, std::string>> parameters;  ///< names in lower case, values unquoted
  std::string token68;                                          ///< instead of parameters, for other schemes

  /// Empty when absent.
  [[nodiscard]] std::string parameter(std::string_view name) const;
};

/// All challenges of one header, in order. What cannot be read ends the list.
[[nodiscard]] std::vector<Challenge> parse_challenges(std::string_view header);

/// Bearer, else Basic, else nothing that we can answer.
[[nodiscard]] std::optional<Challenge> choose(const std::vector<Challenge>& challenges);

struct Token {
  std::string text;
  std::chrono::seconds lifetime{60};  ///< from the moment it was issued
};

/// A token service's answer; nothing when no token is in it.
[[nodiscard]] std::optional<Token> parse_token(std::string_view json);

/// The scopes that a token was really granted, as "repository:svc:pull", when it is a JWT that says so.
/// Read and not verified: only for an error message.
[[nodiscard]] std::vector<std::string> granted_scopes(std::string_view token);

}  // namespace slipway::oci
