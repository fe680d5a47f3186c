// SPDX-License-Identifier: Apache-2.0
// What each command of config-get does: open the registry, read, print.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::config_get {

[[nodiscard]] ExitCode run(const Options& options, cli::Context& context);

}  // namespace slipway::config_get
