// SPDX-License-Identifier: Apache-2.0
// From the options to the command: which clusters, which workloads, which work.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::rollout {

[[nodiscard]] ExitCode run(const Options& options, cli::Context& context);

}  // namespace slipway::rollout
