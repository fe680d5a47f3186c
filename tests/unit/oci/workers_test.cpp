// SPDX-License-Identifier: Apache-2.0
#include "oci/workers.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>

using namespace slipway;
using namespace slipway::oci;

namespace {

constexpr auto nobody_fails = [](const std::exception_ptr&) {};

}  // namespace

TEST_CASE("tasks that come one after the other share one thread") {
  std::set<std::thread::id> threads;
  Workers workers(8, nobody_fails);
  for (int i = 0; i < 20; ++i) {
    workers.add([&] { threads.insert(std::this_thread::get_id()); });
    REQUIRE(workers.wait(Deadline::in(std::chrono::seconds{30})));
  }
  CHECK(threads.size() == 1);
}

TEST_CASE("tasks that wait for each other get a thread each, up to the number that was given") {
  constexpr int most = 4;
  std::latch all_there(most);
  std::atomic<int> done = 0;
  Workers workers(most, nobody_fails);
  for (int i = 0; i < most; ++i)
    workers.add([&] {
      all_there.arrive_and_wait();
      ++done;
    });
  CHECK(workers.wait(Deadline::in(std::chrono::seconds{30})));
  CHECK(done == most);

  std::atomic<int> now = 0;
  std::atomic<int> at_once = 0;
  for (int i = 0; i < 40; ++i)
    workers.add([&] {
      const int here = ++now;
      int seen = at_once;
      while (here > seen && !at_once.compare_exchange_weak(seen, here)) {
      }
      std::this_thread::yield();
      --now;
    });
  CHECK(workers.wait(Deadline::in(std::chrono::seconds{30})));
  CHECK(at_once <= most);
}

TEST_CASE("a task that throws is told of once and ends the rest") {
  std::atomic<int> told = 0;
  std::atomic<int> after = 0;
  Workers workers(1, [&](const std::exception_ptr&) { ++told; });
  std::latch all_added(1);
  workers.add([&] {
    all_added.wait();
    throw std::runtime_error("no");
  });
  for (int i = 0; i < 3; ++i) workers.add([&] { ++after; });
  all_added.count_down();
  CHECK(workers.wait(Deadline::in(std::chrono::seconds{30})));
  workers.add([&] { ++after; });
  CHECK(workers.wait(Deadline::in(std::chrono::seconds{30})));
  CHECK(told == 1);
  CHECK(after == 0);
}
