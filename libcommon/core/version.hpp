// SPDX-License-Identifier: Apache-2.0
// Which program this is: the release and the commit that it was built from.
#pragma once

#include <string_view>

namespace slipway {

/// "1.2.0+052b773"; with "-dirty" when the sources were changed, "+unknown" when they came without their history.
[[nodiscard]] std::string_view version();

}  // namespace slipway
