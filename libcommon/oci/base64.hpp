// SPDX-License-Identifier: Apache-2.0
// Base64 for login data and tokens: both alphabets when reading, padding optional. RFC 4648.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

[[nodiscard]] std::string encode_base64(std::string_view bytes);
/// The standard and the URL alphabet; nothing when another character stands in it.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace slipway::oci
