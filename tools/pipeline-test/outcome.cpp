// SPDX-License-Identifier: Apache-2.0
#include "outcome.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace slipway::pipeline_test {

std::string show_limit(std::uint64_t bytes) {
  for (const auto& [shift, unit] : {std::pair{30U, "GiB"}, std::pair{20U, "MiB"}, std::pair{10U, "KiB"}})
    if (bytes >> shift != 0 && bytes % (std::uint64_t{1} << shift) == 0)
      return fmt::format("{} {}", bytes >> shift, unit);
  return fmt::format("{} bytes", bytes);
}

Outcome outcome_of(const docker::ContainerState& state, std::uint64_t memory) {
  Outcome outcome;
  outcome.code = state.exit_code;
  outcome.oom = state.oom_killed;
  outcome.passed = state.exit_code == 0 && !state.oom_killed;
  // Signals above 64 do not exist; a program that returns 200 by itself was not killed.
  if (state.exit_code > 128 && state.exit_code <= 128 + 64) outcome.signal = state.exit_code - 128;
  if (outcome.passed) {
    outcome.text = "the test passed";
  } else if (outcome.oom) {
    outcome.text = fmt::format("the test ran out of memory: the limit is {}", show_limit(memory));
  } else if (outcome.signal != 0) {
    const auto* name = ::sigabbrev_np(outcome.signal);
    outcome.text = name != nullptr ? fmt::format("the test was killed by SIG{} (exit status {})", name, outcome.code)
                                   : fmt::format("the test was killed by signal {}", outcome.signal);
  } else if (outcome.code == 127 || outcome.code == 126) {
    outcome.text = fmt::format("the test failed: its program {} (exit status {})",
                               outcome.code == 127 ? "is not in the image" : "cannot be executed", outcome.code);
  } else {
    outcome.text = fmt::format("the test failed: exit status {}", outcome.code);
  }
  return outcome;
}

ExitCode exit_code_of(const Outcome& outcome, bool pass) {
  if (pass) return static_cast<ExitCode>(outcome.code);
  return outcome.passed ? ExitCode::ok : ExitCode::no;
}

}  // namespace slipway::pipeline_test
