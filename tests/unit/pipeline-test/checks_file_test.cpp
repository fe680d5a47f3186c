// SPDX-License-Identifier: Apache-2.0
#include "checks_file.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"

using namespace slipway;
using namespace slipway::pipeline_test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> findings(std::string_view yaml) {
  try {
    (void)parse_checks(yaml, "c.yaml");
  } catch (const Error& error) {
    std::vector<std::string> out;
    for (const auto& f : error.findings())
      out.push_back(std::to_string(f.line) + ": " + f.message + (f.suggestion.empty() ? "" : " -> " + f.suggestion));
    return out;
  }
  return {};
}

}  // namespace

TEST_CASE("a checks file with everything in it") {
  const auto file = parse_checks(R"(
defaults: {timeout: 3s, retry: {for: 20s, every: 500ms, on: [404]}, headers: {accept: application/json}}
vars: {tex: 'E=mc^2', count: 7}
checks:
- name: info
  request: {path: /_info}
  expect: {status: 200, headers: {content-type: /json/}, json: {name: mathoid, version: '/.+/'}, max_ms: 500}
  save: {v: /version, etag: etag}
- name: render
  timeout: 10s
  request: {method: POST, path: '/svg/${v}', form: {q: '${tex}'}, headers: {Accept: image/svg+xml}}
  expect: {status: [200, 201], body: '/<svg/', not_body: error}
)",
                                 "c.yaml");
  REQUIRE(file.checks.size() == 2);
  CHECK(file.vars == Vars{{"tex", "E=mc^2"}, {"count", "7"}});
  const auto& info = file.checks[0];
  CHECK(info.origin == "c.yaml:5");
  CHECK(info.timeout == 3s);
  CHECK(info.retry.lasts == 20s);
  CHECK(info.retry.every == 500ms);
  CHECK(info.retry.statuses == std::vector<int>{502, 503, 504, 404});
  CHECK(info.question.headers == Pairs{{"accept", "application/json"}});
  CHECK(info.expect.statuses == std::vector<int>{200});
  CHECK(info.expect.within == 500ms);
  CHECK(info.save == Pairs{{"v", "/version"}, {"etag", "etag"}});
  const auto& render = file.checks[1];
  CHECK(render.timeout == 10s);
  CHECK(render.question.method == "POST");
  CHECK(render.question.headers == Pairs{{"Accept", "image/svg+xml"}});
  CHECK(render.question.form == Pairs{{"q", "${tex}"}});
  CHECK(render.expect.statuses == std::vector<int>{200, 201});
  CHECK(render.expect.not_body == "error");
}

TEST_CASE("every mistake is found, with its line") {
  CHECK(findings("- a\n") == std::vector<std::string>{"1: a checks file is a map with a list of 'checks'"});
  CHECK(findings("checks: []\n") == std::vector<std::string>{"1: there is no check in it: nothing would be tested"});
  CHECK(findings("vars: {}\n") == std::vector<std::string>{"1: 'checks' is missing or no list"});
  CHECK(findings(R"(chekcs: []
defaults: {timeout: 5}
checks:
- name: a
  request: {path: info, methd: GET}
  expect: {status: 99, body: '/(/', max_ms: fast}
- request: {path: '/${later}', body: x, json: {}}
  expects: {status: 200}
  save: {later: /x}
- name: c
  request: {path: '/${latr}', method: get}
)") == std::vector<std::string>{
           "1: unknown key 'chekcs' -> checks",
           "2: 'timeout' is a duration such as 500ms or 10s, not '5'",
           "5: unknown key 'methd' in checks[0].request -> method",
           "5: path 'info' does not begin with a slash",
           "6: 'status' is a number from 100 to 599",
           "6: malformed pattern: missing closing parenthesis at character 2",
           "6: 'max_ms' is a number from 1 to 3600000",
           "7: the check has no 'name'",
           "7: only one of 'body', 'json' and 'form' can be sent",
           "7: nothing above defines 'later'",
           "8: unknown key 'expects' in checks[1] -> expect",
           "11: 'get' is no method; methods are in capitals",
           "11: nothing above defines 'latr' -> later",
       });
}

TEST_CASE("the example's checks are well-formed") {
  const auto text = fs::read_file(testing::source_dir() / "examples/hello/checks.yaml");
  CHECK(parse_checks(text, "checks.yaml").checks.size() >= 3);
}
