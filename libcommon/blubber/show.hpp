// SPDX-License-Identifier: Apache-2.0
// A variant as a value again, in the words of the configuration: for people, and for the rules of a policy.
#pragma once

#include "blubber/config.hpp"
#include "data/value.hpp"

namespace slipway::blubber {

/// What is not set is left out; a bare list of packages is shown under "default".
[[nodiscard]] data::Value show(const Variant& expanded);

/// Every key of a variant with what it means when it is not given: empty, false, or its default.
[[nodiscard]] const data::Value& every_key();

/// As show(), with what every_key() says for all that is not set. Values that were given have their place.
[[nodiscard]] data::Value show_whole(const Variant& variant);
[[nodiscard]] data::Value show_whole(const Common& top_level);

}  // namespace slipway::blubber
