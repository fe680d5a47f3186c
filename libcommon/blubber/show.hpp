// SPDX-License-Identifier: Apache-2.0
// An expanded variant as a value again, in the words of the configuration.
#pragma once

#include "blubber/config.hpp"
#include "data/value.hpp"

namespace slipway::blubber {

/// What is not set is left out; a bare list of packages is shown under "default".
[[nodiscard]] data::Value show(const Variant& expanded);

}  // namespace slipway::blubber
