// SPDX-License-Identifier: Apache-2.0
#include "outcome.hpp"
#include "support/catch.hpp"

using namespace slipway;
using pipeline_test::exit_code_of;
using pipeline_test::outcome_of;

TEST_CASE("the end of a container in words and numbers") {
  struct Row {
    int code;
    bool oom;
    bool passed;
    int signal;
    const char* text;
  };
  const auto row = GENERATE(values<Row>({
      {0, false, true, 0, "the test passed"},
      {1, false, false, 0, "the test failed: exit status 1"},
      {42, false, false, 0, "the test failed: exit status 42"},
      {124, false, false, 0, "the test failed: exit status 124"},
      {125, false, false, 0, "the test failed: exit status 125"},
      {126, false, false, 0, "the test failed: its program cannot be executed (exit status 126)"},
      {127, false, false, 0, "the test failed: its program is not in the image (exit status 127)"},
      {130, false, false, 2, "the test was killed by SIGINT (exit status 130)"},
      {137, false, false, 9, "the test was killed by SIGKILL (exit status 137)"},
      {137, true, false, 9, "the test ran out of memory: the limit is 2 GiB"},
      {0, true, false, 0, "the test ran out of memory: the limit is 2 GiB"},
      {200, false, false, 0, "the test failed: exit status 200"},
  }));
  const auto outcome =
      outcome_of({.running = false, .oom_killed = row.oom, .exit_code = row.code, .error = {}}, 2147483648U);
  CHECK(outcome.passed == row.passed);
  CHECK(outcome.signal == row.signal);
  CHECK(outcome.text == row.text);
  CHECK(exit_code_of(outcome, false) == (row.passed ? ExitCode::ok : ExitCode::no));
  CHECK(status(exit_code_of(outcome, true)) == row.code);
}

TEST_CASE("limits are shown as they are written") {
  CHECK(pipeline_test::show_limit(512U << 20U) == "512 MiB");
  CHECK(pipeline_test::show_limit(1536U << 20U) == "1536 MiB");
  CHECK(pipeline_test::show_limit(1000) == "1000 bytes");
}
