// SPDX-License-Identifier: Apache-2.0
#include "oci/lanes.hpp"
#include "oci/pace.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace slipway::oci;
using namespace std::chrono_literals;

TEST_CASE("a busy registry gets half as many uploads, and one more after ten good answers") {
  Lanes lanes;
  const auto go = [] {};
  for (int i = 0; i < 8; ++i) lanes.enter(go);
  CHECK(lanes.allowed() == 0);
  lanes.shrink();
  CHECK(lanes.allowed() == 4);
  lanes.shrink();
  lanes.shrink();
  lanes.shrink();
  CHECK(lanes.allowed() == 1);  // never none
  for (int i = 0; i < Lanes::good_answers; ++i) lanes.praise();
  CHECK(lanes.allowed() == 2);
  for (int i = 0; i < Lanes::good_answers - 1; ++i) lanes.praise();
  lanes.shrink();  // and the count begins anew
  for (int i = 0; i < Lanes::good_answers - 1; ++i) lanes.praise();
  CHECK(lanes.allowed() == 1);
}

TEST_CASE("who waits for a lane gets it when one is free, and hears of the end meanwhile") {
  Lanes lanes;
  const auto go = [] {};
  for (int i = 0; i < 2; ++i) lanes.enter(go);
  lanes.shrink();
  CHECK_THROWS_AS(lanes.enter([] { throw std::runtime_error("the end"); }), std::runtime_error);
  std::atomic<bool> in = false;
  std::thread waiting([&] {
    const Lane lane(lanes, go);
    in = true;
  });
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(in);
  lanes.leave();
  lanes.leave();
  waiting.join();
  CHECK(in);
}

TEST_CASE("a pace lets go what has accrued, and no more") {
  const auto start = Pace::Clock::now();
  Pace pace(1000, start);
  CHECK(pace.take(500, start) == 0);
  CHECK(pace.take(500, start + 50ms) == 50);
  CHECK(pace.take(500, start + 50ms) == 0);
  CHECK(pace.take(20, start + 100ms) == 20);
  CHECK(pace.take(500, start + 100ms) == 30);
  CHECK(pace.take(5000, start + 1h) == 100);  // an hour of silence is no credit
  Pace none(0);
  CHECK_FALSE(none.limited());
  CHECK(none.take(5000) == 5000);
}
