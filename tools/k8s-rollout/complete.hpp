// SPDX-License-Identifier: Apache-2.0
// Completion for bash, zsh and fish: commands and options from the model, names of workloads, contexts and runs as
// they are now. What cannot be had within a moment is not offered.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

#include <string>
#include <vector>

namespace slipway::rollout {

/// `completion bash|zsh|fish`: the script.
[[nodiscard]] ExitCode completion(const Options& options, cli::Context& context);

/// What may stand for the last of `words` (the ones before it are typed): called by those scripts as
/// `k8s-rollout completion candidates WORD...`.
[[nodiscard]] std::vector<std::string> candidates(const std::vector<std::string>& words, cli::Context& context);

}  // namespace slipway::rollout
