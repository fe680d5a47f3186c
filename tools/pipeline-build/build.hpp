// SPDX-License-Identifier: Apache-2.0
// The build itself: context and Dockerfile to the engine, its progress to the events, and in the end
// a name that is known to resolve.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::pipeline_build {

/// Prints the image line (or, with --json, the document) only when the image is there under that name.
/// @throws Error build_failed, and whatever else stands in the way
[[nodiscard]] ExitCode run(const Options& options, cli::Context& context);

}  // namespace slipway::pipeline_build
