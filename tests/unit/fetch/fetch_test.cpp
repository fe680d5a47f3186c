// SPDX-License-Identifier: Apache-2.0
#include "http/fetch.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <csignal>

using namespace slipway;
using test::Answer;
using test::HttpServer;
using test::Seen;

namespace {

struct Fixture {
  io::Events events;
  StopSource source;
  io::Run run{events, source.token(), {}};

  std::string refused(const std::string& url, std::size_t limit = 100) {
    try {
      (void)http::fetch(url, limit, run);
    } catch (const Error& error) {
      return std::string(error.failure().id);
    }
    return "fetched";
  }
};

}  // namespace

TEST_CASE("a file is fetched, through redirects") {
  Fixture f;
  HttpServer server([](const Seen& seen) {
    if (seen.target == "/old") return Answer{.status = 302, .headers = {{"Location", "/new"}}};
    return Answer{.body = "enforcements: []\n"};
  });
  CHECK(http::fetch(server.url("/old"), 100, f.run) == "enforcements: []\n");
}

TEST_CASE("what cannot be fetched says why") {
  Fixture f;
  HttpServer server([](const Seen& seen) {
    if (seen.target == "/loop") return Answer{.status = 302, .headers = {{"Location", "/loop"}}};
    if (seen.target == "/file") return Answer{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
    if (seen.target == "/long") return Answer{.body = std::string(101, 'x')};
    return Answer{.status = std::stoi(seen.target.substr(1))};
  });
  CHECK(f.refused(server.url("/404")) == "not-found");
  CHECK(f.refused(server.url("/403")) == "denied");
  CHECK(f.refused(server.url("/500")) == "protocol");
  CHECK(f.refused(server.url("/loop")) == "protocol");
  CHECK(f.refused(server.url("/file")) == "bad-input");
  CHECK(f.refused(server.url("/long")) == "bad-input");
  CHECK(f.refused("http://127.0.0.1:1/") == "unreachable");
}

TEST_CASE("a stop and a deadline end it") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.hang = true}; });
  f.run.deadline = Deadline::in(std::chrono::milliseconds(300));
  CHECK(f.refused(server.url("/")) == "timed-out");
  f.run.deadline = {};
  f.source.request(SIGINT);
  CHECK(f.refused(server.url("/")) == "interrupted");
}
