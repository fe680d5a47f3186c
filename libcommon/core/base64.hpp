// SPDX-License-Identifier: Apache-2.0
// Base64 as files and protocols hold it: logins, tokens, certificates, Secrets.
// @source RFC 4648, sections 4 and 5
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::base64 {

/// Section 4, padded, in one line.
[[nodiscard]] std::string encode(std::string_view bytes);

/// Section 4 with its padding; blanks and line ends are passed over. Nothing when it is anything else.
[[nodiscard]] std::optional<std::string> decode(std::string_view text);

/// Either alphabet, with or without padding, as tokens and hand-made logins come.
[[nodiscard]] std::optional<std::string> decode_loose(std::string_view text);

}  // namespace slipway::base64
