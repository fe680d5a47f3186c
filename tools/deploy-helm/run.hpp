// SPDX-License-Identifier: Apache-2.0
// deploy-helm's commands: what each reads, checks, does and prints. The rest of this folder works.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::deploy_helm {

ExitCode run(const Options& options, cli::Context& context);

}  // namespace slipway::deploy_helm
