// SPDX-License-Identifier: Apache-2.0
// What a person can ask of blubber on the command line.
#pragma once

#include "cli/app.hpp"

#include <string>

namespace slipway::blubber_tool {

struct Options {
  std::string file;                   ///< the configuration; "-" for stdin
  std::string variant;                ///< empty with `check` and `variants`
  std::string format = "dockerfile";  ///< dockerfile, json, deps
  bool check = false;
  bool variants = false;
  bool strict = false;
  bool platform_args = false;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::blubber_tool
