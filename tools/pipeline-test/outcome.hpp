// SPDX-License-Identifier: Apache-2.0
// What the end of a container means, in words and as an exit status. Pure.
#pragma once

#include "core/exit_code.hpp"
#include "docker/engine.hpp"

#include <cstdint>
#include <string>

namespace slipway::pipeline_test {

struct Outcome {
  bool passed = false;
  int code = 0;
  int signal = 0;  ///< of the entrypoint's death, as its 128+n tells it; 0 for none
  bool oom = false;
  std::string text;  ///< "the test failed: exit status 2"
};

/// @param memory the limit in bytes, for the sentence about it
[[nodiscard]] Outcome outcome_of(const docker::ContainerState& state, std::uint64_t memory);

/// A limit as it was most probably written: 2 GiB, 512 MiB, else in bytes.
[[nodiscard]] std::string show_limit(std::uint64_t bytes);

/// 0 or 1 by the table, or with `pass` the container's own status.
[[nodiscard]] ExitCode exit_code_of(const Outcome& outcome, bool pass);

}  // namespace slipway::pipeline_test
