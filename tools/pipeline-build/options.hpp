// SPDX-License-Identifier: Apache-2.0
// pipeline-build's command line.
#pragma once

#include "cli/app.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::pipeline_build {

struct Options {
  std::string variant;
  std::optional<std::string> file;
  std::string context = ".";
  std::vector<std::string> exclude;
  std::vector<std::string> build_args;
  std::vector<std::string> labels;
  std::vector<std::string> tags;
  std::string target;
  std::string network;
  std::string pull = "missing";
  bool no_cache = false;
  bool print_dockerfile = false;
  std::optional<std::string> output_file;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::pipeline_build
