// SPDX-License-Identifier: Apache-2.0
// pipeline-test e2e: the image in a namespace of its own on a real cluster, asked from outside; its
// line goes on only if all is well, and the namespace is gone either way.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::pipeline_test {

/// Everything that can be wrong with the input is found before anything is made.
/// @throws Error bad_usage, bad_input, not_found, no_helm, bad_setup, unreachable, denied; timed_out, interrupted
[[nodiscard]] ExitCode test_in_cluster(const Options& options, cli::Context& context);

}  // namespace slipway::pipeline_test
