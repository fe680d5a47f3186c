// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/fs.hpp"
#include "openapi.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>

using namespace slipway;
using namespace slipway::pipeline_test;

TEST_CASE("templates") {
  const Vars params{{"p", "a/b c"}, {"e", ""}};
  CHECK(fill_template("/x/{p}/y", params) == "/x/a%2Fb%20c/y");
  CHECK(fill_template("/x/{+p}", params) == "/x/a/b c");
  CHECK(fill_template("/x{/p}{/e}{/none}", params) == "/x/a%2Fb%20c");
  CHECK(fill_template("/{none}/{open", params) == "//{open");
}

TEST_CASE("examples become checks") {
  const auto spec = parse_spec(R"json({
    "swagger": "2.0", "basePath": "/v1/", "x-default-params": {"lang": "en"}, "x-default-query": {"k": "v"},
    "paths": {
      "x-note": {},
      "/page/{lang}/{title}": {"get": {"x-amples": [
        {"title": "reads", "request": {"params": {"title": "A b"}, "query": {"n": 1}, "headers": {"accept": "text/html"}},
         "response": {"status": 200, "headers": {"content-type": "text/html"}, "body": "/^<html/"}}]}},
      "/form": {"post": {"x-amples": [{"request": {"body": {"q": "x"}}, "response": {"body": {"ok": true}}},
        {"request": {"headers": {"Content-Type": "application/json"}, "body": {"q": "x"}}}]}},
      "/plain": {"get": {}},
      "/quiet": {"get": {"x-monitor": false, "x-amples": [{}]}},
      "/change": {"put": {"x-amples": [{}]}, "delete": {"x-safe": true, "x-amples": [{"$ref": "#/x-shared"}]}}
    },
    "x-shared": {"title": "shared", "response": {"status": 204}}
  })json",
                               "spec", false);
  REQUIRE(spec.checks.size() == 5);
  std::map<std::string, Check> by_name;
  for (const auto& check : spec.checks) by_name[check.name] = check;
  const auto& page = by_name.at("GET /v1/page/{lang}/{title}: reads");
  CHECK(target_of(page.question) == "/v1/page/en/A%20b?k=v&n=1");
  CHECK(page.question.headers == Pairs{{"accept", "text/html"}});
  CHECK(page.expect.headers == Pairs{{"content-type", "text/html"}});
  CHECK(page.expect.header_rule == TextRule::prefix);
  CHECK(page.expect.body == "/^<html/");
  CHECK(page.origin == "spec /paths/~1page~1{lang}~1{title}/get/x-amples/0");
  CHECK(by_name.at("POST /v1/form: example 1").question.form == Pairs{{"q", "x"}});
  CHECK(by_name.at("POST /v1/form: example 1").expect.json == nlohmann::json{{"ok", true}});
  CHECK(by_name.at("POST /v1/form: example 2").question.body == R"({"q":"x"})");
  CHECK(by_name.at("GET /v1/plain: answers").expect.statuses == std::vector<int>{200});
  CHECK(by_name.at("DELETE /v1/change: shared").expect.statuses == std::vector<int>{204});
  CHECK(spec.skipped.size() == 1);
}

TEST_CASE("a specification in YAML, of version 3, strict") {
  const auto spec = parse_spec("openapi: 3.0.3\nservers: [{url: 'https://example.org/api'}]\npaths:\n  /a:\n    get:\n"
                               "      x-amples: [{response: {status: 200, body: ok}}]\n",
                               "spec", true);
  REQUIRE(spec.checks.size() == 1);
  CHECK(spec.checks[0].question.path == "/api/a");
  CHECK(spec.checks[0].expect.body_rule == TextRule::equal);
}

TEST_CASE("what is no specification is refused") {
  for (const auto* bad :
       {"{}", "[]", "<html>", R"({"openapi":"3.0.0"})", R"({"openapi":"3","paths":{"/a":{"$ref":"#/no"}}})",
        R"({"openapi":"3","paths":{"$ref":"#/paths"}})", R"({"openapi":"3","paths":{"$ref":"other.yaml"}})",
        R"({"openapi":"3","paths":{"/a":{"get":{"x-amples":{}}}}})",
        R"({"openapi":"3","paths":{"/a":{"get":{"x-amples":[{"response":{"status":"x"}}]}}}})",
        R"({"openapi":"3","paths":{"/a":{"get":{"x-amples":[{"response":{"body":"/(/"}}]}}}})"})
    CHECK_THROWS_AS(parse_spec(bad, "spec", false), Error);
}
