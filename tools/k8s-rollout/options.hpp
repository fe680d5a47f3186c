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
  using Duration = std::optional<std::chrono::milliseconds>;

  std::string command;
  std::vector<std::string> workloads;  ///< TYPE/NAME, TYPE NAME, TYPE, or "-"; after the step of canary and plan
  std::vector<std::string> files;      ///< -f
  bool recursive = false;
  std::string selector;
  bool ignore_not_found = false;
  std::string output = "text";

  // Which clusters.
  std::optional<std::string> name_space;
  std::string contexts;              ///< list with commas
  std::string clusters;              ///< NAME=KUBECONFIG[#CONTEXT],..
  std::vector<std::string> targets;  ///< -t
  std::optional<std::string> targets_file;
  std::optional<std::string> registry;
  std::optional<std::string> service;

  // How to reach them.
  std::optional<std::string> kubeconfig;
  std::optional<std::string> cluster;
  std::optional<std::string> user;
  std::optional<std::string> token_file;
  std::optional<std::string> server;
  std::optional<std::string> certificate_authority;
  std::optional<std::string> client_certificate;
  std::optional<std::string> client_key;
  std::optional<std::string> tls_server_name;
  bool insecure = false;
  std::optional<std::string> as;
  std::vector<std::string> as_groups;
  std::optional<std::string> as_uid;
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds api_grace{300'000};

  std::string field_manager = "k8s-rollout";

  // How to judge and to wait.
  std::string watch = "true";
  std::string progress = "stderr";
  bool wait = false;  ///< of the commands that change something
  Duration stable;
  std::string fail_fast = "on";
  Duration patience;
  Duration no_progress;
  Duration fail_unready_after;
  int max_restarts = 3;
  bool wait_terminated = false;
  bool require_full = false;
  bool ignore_unready_nodes = false;
  bool follow_superseded = false;
  std::vector<std::string> ready_when;
  std::vector<std::string> failed_when;
  int logs = 25;
  int follow_logs = 0;  ///< lines a second; 0: none
  std::optional<std::string> evidence;
  std::optional<std::string> undo_on_failure;  ///< last-good, previous, a number
  bool undo_on_timeout = false;
  bool mark = false;

  // history and undo
  std::optional<int> revision;  ///< of status, too
  std::optional<std::string> diff;
  bool show_env = false;  ///< values of environment variables in differences and templates
  std::optional<int> to_revision;
  std::optional<std::string> to_image;
  bool previous = false;
  bool resume = false;
  bool force = false;
  bool unstick = false;
  std::string last_applied = "sync";
  bool with_diff = false;
  std::string reason;

  // scale, restart, pause
  std::optional<int> replicas;
  bool all = false;
  std::optional<int> current_replicas;
  std::optional<std::string> resource_version;
  bool restore = false;
  int batch = 1;
  Duration if_older;
  std::optional<std::string> at;  ///< PERCENT% or COUNT

  // autoscale
  std::optional<int> min;
  std::optional<int> max;
  std::optional<int> cpu;
  std::optional<int> memory;
  std::optional<std::string> name;
  bool off = false;
  bool on = false;

  // canary
  bool abort_on_failure = false;
  std::vector<std::string> images;  ///< CONTAINER=REF, or REF
  std::string percent;
  std::optional<std::string> via;

  // several clusters
  bool yes = false;
  bool confirm_each = false;
  std::string on_failure = "stop";
  Duration bake;
  std::vector<std::string> checks;
  std::vector<std::string> check_urls;
  int clusters_at_once = 1;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::rollout
