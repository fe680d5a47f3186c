// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "match.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::pipeline_test;
using nlohmann::json;

namespace {

std::vector<std::string> differences(const char* expected, const char* got, TextRule rule = TextRule::equal) {
  std::vector<Mismatch> found;
  match_json("", json::parse(expected), json::parse(got), rule, found);
  std::vector<std::string> out;
  for (const auto& one : found) out.push_back(one.where + ": " + one.expected + " != " + one.got);
  return out;
}

}  // namespace

TEST_CASE("an answer that holds what is expected") {
  struct Row {
    const char* expected;
    const char* got;
  };
  const auto row = GENERATE(values<Row>({
      {"null", "17"},
      {R"({"a":1})", R"({"a":1,"b":2})"},
      {R"({"a":null})", R"({})"},
      {R"({"a":{"b":[1,2]}})", R"({"a":{"b":[1,2],"c":0}})"},
      {R"([{"id":"/^\\d+$/"}])", R"([{"id":"1"},{"id":"22"}])"},
      {R"([{"id":"/^\\d+$/"}])", R"([{"id":1}])"},
      {"[1]", "[]"},
      {"1", "1.0"},
      {R"("/, World!$/")", R"("Hello, World!")"},
      {R"("/(?i)hello(?=,)/")", R"("HELLO, x")"},
      {"true", "true"},
  }));
  CHECK(differences(row.expected, row.got) == std::vector<std::string>{});
}

TEST_CASE("an answer that does not is pointed into") {
  CHECK(differences(R"({"a":{"b/c":1}})", R"({"a":{"b/c":2}})") == std::vector<std::string>{"/a/b~1c: 1 != 2"});
  CHECK(differences(R"({"a":1})", R"({})") == std::vector<std::string>{"/a: 1 != nothing"});
  CHECK(differences(R"({"a":1})", R"([1])") == std::vector<std::string>{R"(body: {"a":1} != [1])"});
  CHECK(differences(R"([{"a":1}])", R"([{"a":1},{"a":2}])") == std::vector<std::string>{"/1/a: 1 != 2"});
  CHECK(differences("[1,2]", "[1,2,3]") == std::vector<std::string>{"body: a list of 2 != a list of 3"});
  CHECK(differences(R"("1")", "1") == std::vector<std::string>{R"(body: "1" != 1)"});
  CHECK(differences(R"("ab")", R"("abc")").size() == 1);
  CHECK(differences(R"("ab")", R"("abc")", TextRule::prefix).empty());
  CHECK(differences(R"({"a":1,"b":2})", R"({"a":0,"b":0})").size() == 2);
}

TEST_CASE("text is compared by its rule") {
  CHECK_FALSE(match_text("h", "application/json", "application/json; charset=utf-8", TextRule::prefix));
  CHECK(match_text("h", "application/json", "application/json; charset=utf-8", TextRule::equal));
  CHECK_FALSE(match_text("h", "/json/", "application/json", TextRule::equal));
  CHECK_FALSE(match_text("h", "cat", "concatenate", TextRule::contains));
  CHECK_FALSE(match_text("h", "//", "//", TextRule::equal));
  const auto long_one = match_text("body", "x", std::string(5000, 'y'), TextRule::equal);
  REQUIRE(long_one);
  CHECK(long_one->got.size() < 300);
}

TEST_CASE("patterns are checked and have a limit") {
  CHECK_FALSE(Pattern::fault("^a+$"));
  CHECK(Pattern::fault("a(")->find("at character") != std::string::npos);
  CHECK_THROWS_AS(Pattern("("), Error);
  CHECK_THROWS_WITH(Pattern("^(a+)+$").found_in(std::string(60, 'a') + "b"), Catch::Matchers::Contains("too long"));
  CHECK(Pattern("é.").found_in("caf\xC3\xA9s\xff"));
}
