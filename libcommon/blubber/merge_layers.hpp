// SPDX-License-Identifier: Apache-2.0
// How a later layer (an including variant) changes an earlier one (the top level, an included
// variant), field by field. The rules were measured on upstream 0.23 and 1.8.
#pragma once

#include "blubber/config.hpp"

namespace slipway::blubber {

/// @param is_top whether `later` is the top level, where alone a user's number 0 counts
void merge_common(Common& into, const Common& later, bool is_top);

/// Earlier entries that are equal to a later one go; the later ones come after the rest.
void merge_copies(Artifacts& into, const Artifacts& later);

}  // namespace slipway::blubber
