// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::registry_push {

/// The tool. @throws Error as in registry-push(1)
ExitCode run(const Options& options, cli::Context& context);

}  // namespace slipway::registry_push
