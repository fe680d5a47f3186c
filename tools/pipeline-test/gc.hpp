// SPDX-License-Identifier: Apache-2.0
// pipeline-test gc: removes what runs of this tool left behind, found by its marks alone.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"
#include "ownership.hpp"

namespace slipway::pipeline_test {

/// Whether it is to go: its time is over, or it is ours and `--mine` was given. Pure.
[[nodiscard]] bool is_due(const Ownership& what, const GcOptions& options, const std::string& me,
                          std::chrono::system_clock::time_point now);

/// Prints a line for each thing removed. An engine or a cluster that is not there has nothing to remove.
[[nodiscard]] ExitCode collect_garbage(const Options& options, cli::Context& context);

}  // namespace slipway::pipeline_test
