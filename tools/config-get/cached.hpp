// SPDX-License-Identifier: Apache-2.0
// config-get cache: the copies of registries on other hosts, listed, pruned, verified.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::config_get {

/// @throws Error bad_usage for an unknown action; as git::Mirrors
[[nodiscard]] ExitCode care_for_cache(const Options& options, cli::Context& context);

}  // namespace slipway::config_get
