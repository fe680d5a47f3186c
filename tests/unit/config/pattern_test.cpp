// SPDX-License-Identifier: Apache-2.0
#include "config/pattern.hpp"
#include "support/catch.hpp"

using namespace slipway::config;

namespace {

Pattern pattern(std::string_view text) {
  std::string problem;
  auto parsed = Pattern::parse(text, problem);
  INFO(problem);
  REQUIRE(parsed);
  return *parsed;
}

std::string refused(std::string_view text) {
  std::string problem;
  CHECK_FALSE(Pattern::parse(text, problem));
  return problem;
}

const Variables variables{.service = "hello", .environment = "dc1", .release = "web-canary", .vars = {{"zone", "eu"}}};

}  // namespace

TEST_CASE("placeholders are filled in") {
  CHECK(pattern("values-{env}.yaml").expand(variables) == "values-dc1.yaml");
  CHECK(pattern("{service}/{release}-{vars.zone}.yaml").expand(variables) == "hello/web-canary-eu.yaml");
  CHECK(pattern("plain.yaml").expand(variables) == "plain.yaml");
  CHECK(pattern("values-{release%-canary}.yaml").expand(variables) == "values-web.yaml");
}

TEST_CASE("a name does not apply without the suffix to cut or the variable") {
  CHECK_FALSE(pattern("values-{release%-canary}.yaml").expand({.release = "web"}));
  CHECK_FALSE(pattern("values-{release%-canary}.yaml").expand({.release = "-canary"}));
  CHECK_FALSE(pattern("{vars.zone}.yaml").expand({.service = "hello"}));
}

TEST_CASE("unknown placeholders are refused, other braces stand for themselves") {
  CHECK(refused("values-{enw}.yaml") == "unknown placeholder '{enw}'; did you mean 'env'?");
  CHECK(refused("values-{environment}.yaml") == "unknown placeholder '{environment}'; did you mean 'env'?");
  CHECK(refused("{vars.}") == "unknown placeholder '{vars.}'");
  CHECK(refused("{release%}") == "'{release%}' does not say which suffix to cut off");
  CHECK(pattern(R"({"a": 1} {} { env } {)").expand(variables) == R"({"a": 1} {} { env } {)");
}

TEST_CASE("a name shows what a placeholder stands for") {
  CHECK(pattern("values-{env}.yaml").match("values-dc1.yaml", "env", {}) == "dc1");
  CHECK(pattern("values-{release}-{env}.yaml").match("values-main-dc1.yaml", "env", {.release = "main"}) == "dc1");
  CHECK(pattern("{env}-{env}.yaml").match("a-b-a-b.yaml", "env", {}) == "a-b");
  CHECK(pattern("v-{env%-x}.yaml").match("v-a.yaml", "env", {}) == "a-x");
  CHECK_FALSE(pattern("values-{env}.yaml").match("values-.yaml", "env", {}));
  CHECK_FALSE(pattern("values-{env}.yaml").match("values-dc1.yml", "env", {}));
  CHECK_FALSE(pattern("values-{env}.yaml").match("values-a/b.yaml", "env", {}));
  CHECK_FALSE(pattern("values.yaml").match("values.yaml", "env", {}));
}

TEST_CASE("a pattern knows what it holds") {
  CHECK(pattern("{env}-{vars.zone}").holds("env"));
  CHECK_FALSE(pattern("{env}").holds("release"));
  CHECK(pattern("{vars.zone}{env}{vars.x}").variables() == std::vector<std::string>{"zone", "x"});
}

TEST_CASE("a star of a glob stays within a name") {
  CHECK(glob_matches("mw-*", "mw-web"));
  CHECK(glob_matches("*", "hello"));
  CHECK(glob_matches("a*b*c", "aXbYbZc"));
  CHECK(glob_matches("hello", "hello"));
  CHECK_FALSE(glob_matches("mw-*", "my-web"));
  CHECK_FALSE(glob_matches("a*c", "ab"));
  CHECK_FALSE(glob_matches("*", "a/b"));
  CHECK_FALSE(glob_matches("", "a"));
}
