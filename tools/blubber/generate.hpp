// SPDX-License-Identifier: Apache-2.0
// blubber's body: reads the configuration, asks the library, prints the answer and the warnings.
#pragma once

#include "cli/run.hpp"
#include "options.hpp"

namespace slipway::blubber_tool {

/// @throws Error bad_usage, bad_input, empty_input, not_found, read_failed
[[nodiscard]] ExitCode generate(const Options& options, cli::Context& context);

}  // namespace slipway::blubber_tool
