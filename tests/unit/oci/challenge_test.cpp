// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"
#include "oci/challenge.hpp"
#include "support/catch.hpp"

using namespace slipway::oci;

TEST_CASE("one Bearer challenge, as token services write it") {
  const auto all = parse_challenges(
      R"(Bearer realm="https://auth.example.org/token",service="registry.example.org",scope="repository:a/b:pull,push")");
  REQUIRE(all.size() == 1);
  CHECK(all[0].scheme == "bearer");
  CHECK(all[0].parameter("realm") == "https://auth.example.org/token");
  CHECK(all[0].parameter("service") == "registry.example.org");
  CHECK(all[0].parameter("scope") == "repository:a/b:pull,push");
  CHECK(all[0].parameter("error").empty());
}

TEST_CASE("several challenges in one header, any case, odd blanks, quoted pairs") {
  const auto all =
      parse_challenges(R"(  NEGOTIATE dGVzdA==, ,basic Realm = "a \"b\" , c" , charset=UTF-8 ,BEARER realm=x)");
  REQUIRE(all.size() == 3);
  CHECK(all[0].scheme == "negotiate");
  CHECK(all[0].token68 == "dGVzdA==");
  CHECK(all[1].scheme == "basic");
  CHECK(all[1].parameter("realm") == R"(a "b" , c)");
  CHECK(all[1].parameter("charset") == "UTF-8");
  CHECK(all[2].parameter("realm") == "x");
  CHECK(choose(all)->scheme == "bearer");
}

TEST_CASE("a scheme without anything, and what cannot be read") {
  CHECK(parse_challenges("Basic").at(0).scheme == "basic");
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges(",,  ,").empty());
  CHECK(parse_challenges("=x").empty());
  CHECK_FALSE(choose(parse_challenges("Digest realm=x")));
  // an unclosed quote ends the list without a loop
  CHECK(parse_challenges(R"(Basic realm="abc)").size() == 1);
}

TEST_CASE("a token service's answer") {
  CHECK(parse_token(R"({"token":"t"})")->text == "t");
  CHECK(parse_token(R"({"token":"t"})")->lifetime == std::chrono::seconds{60});
  CHECK(parse_token(R"({"access_token":"a","expires_in":300})")->text == "a");
  CHECK(parse_token(R"({"access_token":"a","expires_in":300})")->lifetime == std::chrono::seconds{300});
  CHECK(parse_token(R"({"token":"t","access_token":"a"})")->text == "t");
  CHECK(parse_token(R"({"token":"","access_token":"a"})")->text == "a");
  CHECK(parse_token(R"({"token":"t","expires_in":-5})")->lifetime == std::chrono::seconds{0});
  CHECK_FALSE(parse_token("<html>login</html>"));
  CHECK_FALSE(parse_token(R"({"token":1})"));
  CHECK_FALSE(parse_token("[]"));
}

TEST_CASE("what a token was granted is read from it, if it is a JWT") {
  const auto claims = slipway::base64::encode(R"({"access":[{"type":"repository","name":"svc","actions":["pull"]}]})");
  CHECK(granted_scopes("h." + claims + ".s") == std::vector<std::string>{"repository:svc:pull"});
  CHECK(granted_scopes("opaque").empty());
  CHECK(granted_scopes("a.b.c").empty());
  CHECK(granted_scopes("h." + slipway::base64::encode("[1]") + ".s").empty());
}
