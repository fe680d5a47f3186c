// SPDX-License-Identifier: Apache-2.0
// Asks a service the questions of a list of checks and judges the answers. Failures are results.
#pragma once

#include "check.hpp"
#include "http/client.hpp"
#include "io/events.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct CheckResult {
  std::string name;
  std::string origin;
  bool passed = false;
  int tries = 0;
  std::chrono::milliseconds took{0};  ///< of the last try
  std::vector<Mismatch> mismatches;   ///< why not; a connection that failed is one of "connection"
  std::string curl;                   ///< the request as a line for a shell
  std::string exchange;               ///< request and answer as text, for the evidence; bodies cut at 64 KiB
};

/// What of the answer is not as expected. Pure.
[[nodiscard]] std::vector<Mismatch> judge(const Expectation& expected, const http::Response& response,
                                          std::chrono::milliseconds took);

/// Puts into `vars` what the check saves. @return what it asks for and the answer does not have
[[nodiscard]] std::vector<Mismatch> save(const Check& check, const http::Response& response, Vars& vars);

struct CheckOptions {
  std::string base;  ///< http://host:port, without a slash at the end
  http::Tls tls;
  int jobs = 1;                                       ///< questions at once; checks that save or use variables want one
  std::function<void(const CheckResult&)> on_result;  ///< in the order in which they end
};

/// One result for each check, in their order. A check that uses what an earlier one failed to save fails.
/// @throws Error interrupted, timed_out
[[nodiscard]] std::vector<CheckResult> run_checks(http::Client& client, const std::vector<Check>& checks, Vars& vars,
                                                  const CheckOptions& options, const io::Run& run);

/// TAP version 13.
[[nodiscard]] std::string to_tap(const std::vector<CheckResult>& results);

}  // namespace slipway::pipeline_test
