// SPDX-License-Identifier: Apache-2.0
// The examples in a service's own OpenAPI specification (versions 2 and 3) as checks: `x-amples` of
// each operation, one plain GET where there are none. Pure.
// @source wikimedia service-checker 2021-09; RFC 6570 for {p}, {/p} and {+p}
#pragma once

#include "check.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::pipeline_test {

struct SpecChecks {
  std::vector<Check> checks;
  std::vector<std::string> skipped;  ///< "PUT /x: changes things, and is not marked x-safe: true"
};

/// @param text JSON or YAML
/// @param strict plain text must be equal, not only begin alike
/// @throws Error bad_input when it is no OpenAPI document, or an example in it is malformed
[[nodiscard]] SpecChecks parse_spec(std::string_view text, const std::string& name, bool strict);

/// The path of a template. A parameter that is missing is empty.
[[nodiscard]] std::string fill_template(std::string_view pattern, const Vars& params);

}  // namespace slipway::pipeline_test
