// SPDX-License-Identifier: Apache-2.0
// What the command line of deploy-helm says.
#pragma once

#include "cli/app.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct Options {
  std::string command;
  std::string service;
  std::string image;                 ///< empty or "-": the image line on stdin
  std::vector<std::string> targets;  ///< targets and groups
  std::string registry;              ///< configuration registry; else $CONFIG_REGISTRY
  std::string targets_file;          ///< instead of the one in the registry
  std::string commit;                ///< of the registry; its default branch when empty
  std::string plan;                  ///< file of a plan; "-" for stdin
  std::optional<std::string> approve;
  std::optional<std::string> skip_staging;  ///< why
  std::string helm;                         ///< program; else $HELM_BIN, else helm on PATH
  std::optional<int> to;                    ///< rollback: revision
  std::chrono::milliseconds settle{2'000};  ///< ready for so long before it counts
  bool leave_failed = false;
};

void describe(cli::App& app, Options& options);

}  // namespace slipway::deploy_helm
