// SPDX-License-Identifier: Apache-2.0
// checks.yaml: questions in the order in which they are asked, with answers that later ones can use.
// Every mistake is found before anything is deployed, with line and column. Pure.
#pragma once

#include "check.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::pipeline_test {

struct ChecksFile {
  std::vector<Check> checks;
  Vars vars;
};

/// @throws Error bad_input with all findings; also for a file without any check
[[nodiscard]] ChecksFile parse_checks(std::string_view yaml, const std::string& file);

}  // namespace slipway::pipeline_test
