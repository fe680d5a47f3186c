// SPDX-License-Identifier: Apache-2.0
// SHA-256 of a short text: the file name of an apt signing key. Written out here because blubber has
// to start in no time, and linking a cryptographic library costs more than everything else it does.
#pragma once

#include <string>
#include <string_view>

namespace slipway::blubber {

/// 64 hexadecimal digits.
/// @source FIPS 180-4
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace slipway::blubber
