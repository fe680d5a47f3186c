// SPDX-License-Identifier: Apache-2.0
#include "oci/retry.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace std::chrono_literals;

TEST_CASE("statuses that ask for patience, and those that do not") {
  for (const int status : {408, 425, 429, 499, 500, 502, 503, 504, 520, 524}) CHECK(is_transient(status, ""));
  for (const int status : {200, 201, 202, 307, 400, 401, 403, 404, 405, 413, 416, 501, 505, 525})
    CHECK_FALSE(is_transient(status, ""));
  CHECK(is_transient(400, R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]})"));
  CHECK_FALSE(is_transient(400, R"({"errors":[{"code":"MANIFEST_INVALID"}]})"));
  CHECK_FALSE(is_transient(200, R"({"errors":[{"code":"TOOMANYREQUESTS"}]})"));
}

TEST_CASE("connections that break are tried again, strangers' certificates and unknown names are not") {
  using Kind = http::Transport::Kind;
  const auto transient = [](Kind kind) {
    return is_transient(http::Result{std::nullopt, http::Transport{kind, "", 0}});
  };
  for (const auto kind : {Kind::connect, Kind::timeout, Kind::stalled, Kind::broken}) CHECK(transient(kind));
  for (const auto kind : {Kind::tls, Kind::resolve, Kind::aborted, Kind::too_large}) CHECK_FALSE(transient(kind));
}

TEST_CASE("Retry-After in seconds and as a date") {
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(parse_retry_after("2", now) == 2000ms);
  CHECK(parse_retry_after(" 120 ", now) == 120s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now) == 10s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now) == 0s);
  for (const auto* wrong : {"", "-1", "soon", "1.5", "Sun, 06 Foo 1994 08:49:47 GMT", "06 Nov 1994"})
    CHECK_FALSE(parse_retry_after(wrong, now));
}

TEST_CASE("waits double up to a minute, and spread") {
  CHECK(wait_before(1, std::nullopt, 1.0) == 500ms);
  CHECK(wait_before(2, std::nullopt, 1.0) == 1s);
  CHECK(wait_before(4, std::nullopt, 0.5) == 2s);
  CHECK(wait_before(40, std::nullopt, 1.0) == 60s);
  CHECK(wait_before(1, std::nullopt, 0.0) == 0ms);
  CHECK(wait_before(3, 7s, 0.1) == 7s);
}

TEST_CASE("a registry's error document") {
  const auto error = parse_error(R"({"errors":[{"code":"DENIED","message":"no \u001b[31m"},{"code":"X"}]})");
  CHECK(error.code == "DENIED");
  CHECK(error.message == "no \\x1b[31m");
  CHECK(parse_error("<html>").code.empty());
  CHECK(parse_error(R"({"errors":[]})").code.empty());
  CHECK(parse_error(R"({"errors":["x"]})").code.empty());
}
