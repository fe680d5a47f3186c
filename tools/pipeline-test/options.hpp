// SPDX-License-Identifier: Apache-2.0
// pipeline-test's command line.
#pragma once

#include "cli/app.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct RunOptions {
  std::vector<std::string> arguments;  ///< after --
  std::vector<std::string> env;
  std::vector<std::string> env_files;
  std::vector<std::string> secret_env;
  std::optional<std::string> entrypoint;
  std::string user;
  std::string workdir;
  std::string network;
  std::uint64_t memory = std::uint64_t{2} << 30U;
  std::string cpus = "2";
  int pids = 1024;
  bool read_only = false;
  bool no_ci = false;
  std::chrono::milliseconds stop_grace{10'000};
  std::vector<std::string> copy;
  int tail = 30;
  bool keep = false;
  bool pass_exit = false;
};

struct E2eOptions {
  std::string chart;
  std::vector<std::string> values;
  std::vector<std::string> set;
  std::optional<std::string> image_key;
  std::optional<std::string> scratch;
  std::optional<std::string> kubeconfig;
  std::optional<std::string> kube_context;
  std::string pod_security = "restricted";
  std::vector<std::string> allow_egress;
  std::chrono::milliseconds ready_timeout{300'000};
  std::chrono::milliseconds stable{5'000};
  std::vector<std::string> checks;
  std::string spec = "auto";
  std::vector<std::string> urls;
  std::string helm_test = "auto";
  std::string evidence = "evidence";
  bool keep_on_failure = false;
  std::chrono::milliseconds cleanup_timeout{120'000};  ///< 0: the removal is asked for, its end not waited for
};

struct GcOptions {
  bool mine = false;
  std::chrono::milliseconds older_than{0};
  std::optional<std::string> kubeconfig;
  std::optional<std::string> kube_context;
};

struct Options {
  std::string command;
  std::string image;                        ///< positional
  std::optional<std::string> image_option;  ///< --image
  std::optional<std::string> output_file;
  RunOptions run;
  E2eOptions e2e;
  GcOptions gc;
};

void describe(cli::App& app, Options& options);

/// The image from either place; empty for stdin. @throws Error bad_usage when both differ
[[nodiscard]] std::string named_image(const Options& options);

}  // namespace slipway::pipeline_test
