// SPDX-License-Identifier: Apache-2.0
// The command line of k8s-rollout: the only place that names its options.
#pragma once

#include "cli/app.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace slipway::rollout {

struct Options {
  std::string command;
  std::vector<std::string> workloads;  ///< TYPE/NAME, TYPE NAME, TYPE, or "-"
  std::string selector;

  // Which clusters.
  std::optional<std::string> name_space;
  std::string contexts;              ///< list with commas
  std::vector<std::string> targets;  ///< -t
  std::optional<std::string> targets_file;
  std::optional<std::string> registry;
  std::optional<std::string> service;
  std::optional<std::string> kubeconfig;
  std::optional<std::string> token_file;
  std::optional<std::string> server;
  std::optional<std::string> as;
  std::chrono::milliseconds api_grace{300'000};

  // How to judge and to wait.
  std::string watch = "true";
  bool wait = false;  ///< of the commands that change something
  std::optional<std::chrono::milliseconds> stable;
  std::string fail_fast = "on";
  std::optional<std::chrono::milliseconds> patience;
  std::optional<std::chrono::milliseconds> no_progress;
  int max_restarts = 3;
  bool wait_terminated = false;
  bool follow_superseded = false;
  int logs = 25;
  std::optional<std::string> evidence;
  bool undo_on_failure = false;
  bool undo_on_timeout = false;
  std::string undo_to = "last-good";  ///< last-good, previous, a number
  bool mark = false;

  // history and undo
  std::optional<int> revision;
  std::optional<std::string> diff;
  std::optional<int> to_revision;
  std::optional<std::string> to_image;
  bool previous = false;
  bool resume = false;
  bool force = false;
  std::string last_applied = "sync";
  std::string reason;

  // scale
  std::optional<int> replicas;
  std::optional<int> current_replicas;
  bool restore = false;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::rollout
