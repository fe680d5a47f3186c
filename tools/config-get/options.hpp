// SPDX-License-Identifier: Apache-2.0
// The command line of config-get: the only place that names its options.
#pragma once

#include "cli/app.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace slipway::config_get {

using namespace std::chrono_literals;

struct Options {
  std::string command;        ///< read, explain, diff, impact, list, lint, fetch, cache; empty: read
  std::string plain_service;  ///< given without a command
  std::string service;
  std::string path;                   ///< explain
  std::vector<std::string> sides;     ///< diff: two environments, or two revisions
  std::string range;                  ///< impact: REV1..REV2
  std::string what = "services";      ///< list
  std::vector<std::string> services;  ///< lint, impact: only these
  std::optional<std::string> registry;
  std::string at;
  bool worktree = false;
  std::vector<std::string> environments;
  std::string release;
  std::optional<std::string> external;
  std::optional<std::string> layout;
  std::optional<std::string> key;
  std::optional<std::string> fallback;  ///< --default
  std::vector<std::string> set;
  std::vector<std::string> set_string;
  std::vector<std::string> set_json;
  std::string format;  ///< empty: not given
  int depth = 0;       ///< of names in env and shell; 0: no limit
  bool print_commit = false;
  bool with_provenance = false;
  bool blame = false;
  bool strict = false;
  bool reveal = false;
  bool decrypt = false;
  std::optional<std::string> chart;           ///< --chart: a directory of this machine
  bool with_defaults = false;                 ///< over the defaults of the registry's own chart
  std::optional<std::string> helm_semantics;  ///< a version of helm
  bool offline = false;
  std::optional<std::chrono::milliseconds> max_age;
  std::chrono::milliseconds lock_timeout{30s};
  std::string action = "list";             ///< cache: list, prune, verify
  std::chrono::milliseconds unused{720h};  ///< cache prune: mirrors that were not used for so long
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::config_get
