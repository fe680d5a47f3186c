// SPDX-License-Identifier: Apache-2.0
// What a packed layer has in it, for tests of what packs them.
#pragma once

#include "oci/decode.hpp"

#include <string>
#include <string_view>

namespace slipway::testing {

inline std::string unpacked(std::string_view bytes) {
  std::string out;
  oci::Decoder decoder(oci::packing_of(bytes), [&](std::string_view raw) { out += raw; });
  decoder.feed(bytes);
  decoder.finish();
  return out;
}

}  // namespace slipway::testing
