// SPDX-License-Identifier: Apache-2.0
// pipeline-test run: the image's entrypoint in a container with limits, its output line by line, its
// end as an answer; and no container left behind, however this program ends.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::pipeline_test {

/// Prints the image line when the entrypoint returned 0.
/// @throws Error not_found for an image that the engine does not have; timed_out; interrupted
[[nodiscard]] ExitCode run_entrypoint(const Options& options, cli::Context& context);

}  // namespace slipway::pipeline_test
