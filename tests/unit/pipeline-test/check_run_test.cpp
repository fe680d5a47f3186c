// SPDX-License-Identifier: Apache-2.0
#include "check_run.hpp"
#include "core/error.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

using namespace slipway;
using namespace slipway::pipeline_test;
using namespace std::chrono_literals;
using test::Answer;
using test::HttpServer;
using test::Seen;

namespace {

struct Fixture {
  io::Events events;
  io::Run run{events, {}, Deadline::in(20s)};
  http::Client client{"test/1"};

  std::vector<CheckResult> ask(const std::string& base, const std::vector<Check>& checks, Vars vars = {},
                               int jobs = 1) {
    return run_checks(client, checks, vars, {.base = base, .tls = {}, .jobs = jobs, .on_result = {}}, run);
  }
};

Check get(std::string path) {
  Check check;
  check.name = path;
  check.question.path = std::move(path);
  check.expect.statuses = {200};
  check.retry = {.lasts = 1s, .every = 20ms};
  return check;
}

std::string base_of(const HttpServer& server) { return server.url(""); }

}  // namespace

TEST_CASE("an answer is judged by all that was expected of it") {
  http::Response response{.status = 404, .headers = {{"content-type", "text/html"}}, .body = R"({"a":2})", .url = {}};
  Expectation expected;
  expected.statuses = {200, 201};
  expected.headers = {{"Content-Type", "application/json"}, {"etag", "/./"}};
  expected.json = nlohmann::json{{"a", 1}};
  expected.body = "b";
  expected.not_body = "a";
  expected.within = 10ms;
  std::vector<std::string> where;
  for (const auto& mismatch : judge(expected, response, 11ms)) where.push_back(mismatch.where);
  CHECK(where ==
        std::vector<std::string>{"status", "header content-type", "header etag", "/a", "body", "body", "time"});
  response = {.status = 201,
              .headers = {{"content-type", "application/json; charset=utf-8"}, {"etag", "x"}},
              .body = R"({"a":1,"xb":0})",
              .url = {}};
  expected.not_body = "/^$/";
  CHECK(judge(expected, response, 10ms).empty());
  response.body = "<html>";
  CHECK(judge(expected, response, 1ms).at(0).where == "body");
}

TEST_CASE("values are saved for later checks") {
  Fixture f;
  HttpServer server([](const Seen& seen) {
    if (seen.target == "/first") return Answer{.headers = {{"ETag", "e1"}}, .body = R"({"id":17,"list":["x y"]})"};
    return Answer{.body = seen.target};
  });
  auto first = get("/first");
  first.save = {{"id", "/id"}, {"item", "/list/0"}, {"tag", "etag"}};
  auto second = get("/items/${id}/${item}");
  second.question.query = {{"t", "${tag}"}};
  second.has_vars = true;
  auto third = get("/${nothing}");
  third.has_vars = true;
  const auto results = f.ask(base_of(server), {first, second, third});
  CHECK(results.at(0).passed);
  CHECK(results.at(1).passed);
  CHECK(server.seen().at(1).target == "/items/17/x%20y?t=e1");
  CHECK_FALSE(results.at(2).passed);
  first.save = {{"v", "/no/such"}};
  CHECK_FALSE(f.ask(base_of(server), {first}).at(0).passed);
}

TEST_CASE("what may get well by itself is asked again, a wrong body is not") {
  Fixture f;
  int asked = 0;
  HttpServer server([&](const Seen& seen) {
    ++asked;
    if (seen.target == "/slow") return Answer{.status = asked < 3 ? 503 : 200};
    if (seen.target == "/cut")
      return Answer{.body = "0123456789", .cut = asked < 2 ? 3U : std::string::npos, .close = true};
    return Answer{.status = 404};
  });
  auto results = f.ask(base_of(server), {get("/slow")});
  CHECK(results.at(0).passed);
  CHECK(results.at(0).tries == 3);
  asked = 0;
  CHECK(f.ask(base_of(server), {get("/cut")}).at(0).passed);
  asked = 0;
  CHECK_FALSE(f.ask(base_of(server), {get("/missing")}).at(0).passed);
  CHECK(asked == 1);
  auto patient = get("/missing");
  patient.retry = {.lasts = 100ms, .every = 30ms, .statuses = {404}};
  results = f.ask(base_of(server), {patient});
  CHECK_FALSE(results.at(0).passed);
  CHECK(results.at(0).tries > 1);
  auto refused = get("/");
  refused.retry = {.lasts = 100ms, .every = 30ms};
  results = f.ask("http://127.0.0.1:1", {refused});
  CHECK(results.at(0).mismatches.at(0).where == "connection");
  CHECK(results.at(0).tries > 1);
}

TEST_CASE("several questions at once, results in the order of the checks") {
  Fixture f;
  HttpServer server(
      [](const Seen& seen) { return Answer{.body = seen.target, .delay = seen.target == "/0" ? 300ms : 100ms}; });
  std::vector<Check> checks;
  for (int i = 0; i < 6; ++i) checks.push_back(get("/" + std::to_string(i)));
  const auto begun = std::chrono::steady_clock::now();
  const auto results = f.ask(base_of(server), checks, {}, 8);
  CHECK(std::chrono::steady_clock::now() - begun < 600ms);  // one after the other: 800
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].name == "/" + std::to_string(i));
    CHECK(results[i].passed);
  }
}

TEST_CASE("results as TAP") {
  CheckResult good{.name = "one # two", .origin = {}, .passed = true, .mismatches = {}, .curl = {}, .exchange = {}};
  CheckResult bad{
      .name = "three", .origin = "c.yaml:3", .mismatches = {{"status", "200", "500"}}, .curl = {}, .exchange = {}};
  CHECK(to_tap({good, bad}) ==
        "TAP version 13\n1..2\nok 1 - one   two\nnot ok 2 - three\n  ---\n  origin: \"c.yaml:3\"\n"
        "  - at: \"status\"\n    expected: \"200\"\n    got: \"500\"\n  ...\n");
}
