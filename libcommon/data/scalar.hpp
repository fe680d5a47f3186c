// SPDX-License-Identifier: Apache-2.0
// What a scalar of a YAML file means: YAML 1.1 as Go's yaml.v2 reads it, which is what helm, kubectl
// and Blubber do. Pure; the reader (yaml.cpp) and the writer (render.cpp) share it.
#pragma once

#include "data/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::data {

/// A plain (unquoted) scalar as a value, its text kept. Infinities and NaN come back as real.
/// @source go-yaml v2.4 resolve.go
[[nodiscard]] Value resolve_plain(std::string_view text);

/// Whether yaml.v2, a YAML 1.1 or a YAML 1.2 reader could take the text for something else than this string.
[[nodiscard]] bool looks_typed(std::string_view text);

/// The shortest text that reads back as the same double, with a point or an exponent in it.
[[nodiscard]] std::string canonical_real(double d);
/// As strconv.FormatFloat(d, 'g', -1, 32): how helm turns a number into a map key.
[[nodiscard]] std::string go_key(double d);
/// The canonical text of an integer or real; digits beyond 64 bits stay as they were written.
[[nodiscard]] std::string canonical_number(const Value& number);

}  // namespace slipway::data
