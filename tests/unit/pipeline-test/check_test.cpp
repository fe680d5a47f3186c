// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"
#include "core/error.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::pipeline_test;

TEST_CASE("variables are filled in") {
  std::vector<std::string> missing;
  CHECK(expand("a ${x} ${y}${x}", {{"x", "1"}, {"y", "${x}"}}, missing) == "a 1 ${x}1");
  CHECK(missing.empty());
  CHECK(expand("$${x} ${no} ${open", {{"x", "1"}}, missing) == "${x}  ${open");
  CHECK(missing == std::vector<std::string>{"no"});
}

TEST_CASE("a check with its variables, encoded where they land in the path") {
  Check check;
  check.name = "n";
  check.has_vars = true;
  check.question.path = "/hello/${who}";
  check.question.query = {{"q", "${who}"}};
  check.question.json = nlohmann::json{{"a", {"${who}"}}};
  check.expect.body = "hi ${who}";
  const auto filled = expand(check, {{"who", "a/b c"}});
  CHECK(filled.question.path == "/hello/a%2Fb%20c");
  CHECK(filled.question.query == Pairs{{"q", "a/b c"}});
  CHECK(filled.question.json->dump() == R"({"a":["a/b c"]})");
  CHECK(filled.expect.body == "hi a/b c");
  CHECK_THROWS_WITH(expand(check, {}), Catch::Matchers::Contains("no earlier check has saved"));
  check.has_vars = false;
  CHECK(expand(check, {}).question.path == "/hello/${who}");
}

TEST_CASE("what goes into the request line") {
  CHECK(target_of({.path = "/a b/ü?x=1", .query = {{"k", "v&w"}}}) == "/a%20b/%C3%BC?x=1&k=v%26w");
  CHECK(target_of({.path = "/", .query = {{"spec", ""}}}) == "/?spec=");
  CHECK(target_of({.path = "/%41{x}"}) == "/%41%7Bx%7D");
}

TEST_CASE("bodies and their types") {
  CHECK(content_of({.json = nlohmann::json{{"a", 1}}}) ==
        std::pair<std::string, std::string>{R"({"a":1})", "application/json"});
  CHECK(content_of({.form = Pairs{{"q", "E=mc^2"}, {"x", ""}}}).first == "q=E%3Dmc%5E2&x=");
  CHECK(content_of({.body = "raw"}) == std::pair<std::string, std::string>{"raw", ""});
}

TEST_CASE("a request as a line for a shell, without credentials") {
  CHECK(curl_line({.method = "POST",
                   .path = "/a",
                   .headers = {{"Authorization", "Bearer s3cret"}, {"accept", "a'b"}},
                   .form = Pairs{{"q", "1"}}},
                  "http://10.0.0.1:30000") ==
        "curl -i -X POST -H 'content-type: application/x-www-form-urlencoded' -H 'Authorization: ...' "
        "-H 'accept: a'\\''b' --data-binary 'q=1' 'http://10.0.0.1:30000/a'");
}
