// SPDX-License-Identifier: Apache-2.0
#include "oci/courier.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <future>
#include <stdexcept>

using namespace slipway;
using namespace std::chrono_literals;

TEST_CASE("what is under way ends in peace, though something was posted that never begins") {
  test::HttpServer server([](const test::Seen&) { return test::Answer{.status = 202}; });
  io::Events events;
  oci::Courier courier("test", {events, {}, {}});
  // The courier's own thread stands still while a body is read, so that what is posted meanwhile waits.
  std::promise<void> reading;
  std::promise<void> go_on;
  http::Request first{.method = "POST", .url = server.url("/first")};
  first.body = http::Body{.read =
                              [&, given = false](char* into, std::size_t) mutable -> std::size_t {
                                if (std::exchange(given, true)) return 0;
                                reading.set_value();
                                go_on.get_future().wait();
                                *into = 'x';
                                return 1;
                              },
                          .size = 1,
                          .rewind = {}};
  auto under_way = std::async(std::launch::async, [&] { return courier.exchange(std::move(first)); });
  reading.get_future().wait();
  auto waiting = std::async(std::launch::async, [&] { return courier.exchange({.url = server.url("/second")}); });
  std::this_thread::sleep_for(50ms);  // it has been posted
  courier.refuse(std::make_exception_ptr(std::runtime_error("the end")), 10s);
  go_on.set_value();
  CHECK_THROWS_WITH(waiting.get(), "the end");
  const auto result = under_way.get();
  REQUIRE(result.response);
  CHECK(result.response->status == 202);
  REQUIRE(server.seen().size() == 1);
  CHECK(server.seen().front().body == "x");
  CHECK_THROWS_WITH(courier.exchange({.url = server.url("/third")}), "the end");
}
