// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/stop.hpp"
#include "support/catch.hpp"

#include <poll.h>

#include <csignal>

using namespace slipway;
using namespace std::chrono_literals;

TEST_CASE("a stop can be waited for and keeps its first signal", "[stop]") {
  StopSource source;
  const Stop stop = source.token();
  pollfd wait{.fd = stop.fd(), .events = POLLIN, .revents = 0};
  CHECK(::poll(&wait, 1, 0) == 0);
  CHECK_NOTHROW(stop.check());
  source.request(SIGTERM);
  source.request(SIGINT);
  CHECK(stop.signal() == SIGTERM);
  CHECK(::poll(&wait, 1, 0) == 1);
  try {
    stop.check();
    FAIL("check() let a stop pass");
  } catch (const Error& error) {
    CHECK(error.failure().id == failure::interrupted.id);
    CHECK(error.message() == "stopped by SIGTERM");
  }
}

TEST_CASE("a default stop is never requested", "[stop]") {
  const Stop stop;
  CHECK_FALSE(stop.requested());
  CHECK(stop.fd() == -1);
}

TEST_CASE("a deadline of zero is no deadline", "[stop]") {
  CHECK(Deadline::in(0ms).never());
  CHECK_FALSE(Deadline::in(0ms).passed());
  CHECK(Deadline::in(0ms).left(5s) == 5s);
}

TEST_CASE("what is left never exceeds the wait and ends at zero", "[stop]") {
  const auto soon = Deadline::in(1ms);
  CHECK(Deadline::in(1h).left(2s) == 2s);
  CHECK(Deadline::in(1s).left(1h) <= 1s);
  while (!soon.passed()) {
  }
  CHECK(soon.left(1s) == 0ms);
  CHECK_THROWS_AS(soon.check(), Error);
  CHECK(Deadline::in(1h).sooner(soon).passed());
  CHECK(Deadline().sooner(soon).passed());
}
