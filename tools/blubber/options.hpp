// SPDX-License-Identifier: Apache-2.0
// What a person can ask of blubber on the command line.
#pragma once

#include "cli/app.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::blubber_tool {

struct Options {
  std::string file;                   ///< the configuration; "-" for stdin; empty with `schema`
  std::string variant;                ///< empty with `check`, `variants` and `schema`
  std::string format = "dockerfile";  ///< dockerfile, json, deps
  std::string target = "classic";     ///< classic, buildkit
  std::optional<std::string> policy;  ///< file, "-", or http(s) URL
  bool policy_all = false;            ///< the policy sees every variant expanded
  std::vector<std::string> labels;    ///< NAME=VALUE
  bool run_entrypoint = false;        ///< with `arguments` and `environment`
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  ///< NAME=VALUE
  bool check = false;
  bool variants = false;
  bool schema = false;
  bool strict = false;
  bool platform_args = false;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::blubber_tool
