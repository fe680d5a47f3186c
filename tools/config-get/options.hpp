// SPDX-License-Identifier: Apache-2.0
// The command line of config-get: the only place that names its options.
#pragma once

#include "cli/app.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::config_get {

struct Options {
  std::string command;        ///< read, explain, diff, list; empty: read
  std::string plain_service;  ///< given without a command
  std::string service;
  std::string path;                ///< explain
  std::vector<std::string> sides;  ///< diff: two environments, or two revisions
  std::string what = "services";   ///< list
  std::optional<std::string> registry;
  std::string at;
  std::string environment;
  std::string release;
  std::optional<std::string> external;
  std::optional<std::string> layout;
  std::optional<std::string> key;
  std::optional<std::string> fallback;  ///< --default
  std::string format;                   ///< empty: not given
  int depth = 0;                        ///< of names in env and shell; 0: no limit
  bool print_commit = false;
  bool strict = false;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::config_get
