// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "data/yaml.hpp"
#include "render.hpp"
#include "support/catch.hpp"

using namespace slipway;
using config_get::Assignment;

namespace {

data::Value read(std::string_view text) { return data::parse_yaml(text, "f.yaml").root; }

std::string assigned(std::string_view yaml, Assignment form, int depth = 0) {
  return config_get::as_assignments(read(yaml), {}, form, depth);
}

std::string refused(std::string_view yaml, Assignment form) {
  try {
    return assigned(yaml, form);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    return error.message();
  }
}

std::string line(std::string_view yaml) { return config_get::as_line(read(yaml), "k"); }

}  // namespace

TEST_CASE("a single value is printed without quotes") {
  CHECK(line("'1.10'") == "1.10\n");
  CHECK(line("1.10") == "1.1\n");
  CHECK(line("0644") == "420\n");
  CHECK(line("9007199254740993") == "9007199254740993\n");
  CHECK(line("yes") == "true\n");
  CHECK(line("~") == "\n");
  CHECK(line("'a\"b'") == "a\"b\n");
  CHECK_THROWS_AS(line("[1]"), Error);
  CHECK_THROWS_AS(line("{a: 1}"), Error);
}

TEST_CASE("names are joined keys in upper case, sorted") {
  CHECK(assigned("b: 1\na: {c-d: x, linger.ms: 2, e: {f: null}}\n9: z\nl: [1, {m: 2}]", Assignment::env) ==
        "A_C_D=x\nA_E_F=\nA_LINGER_MS=2\nB=1\nL=[1,{\"m\":2}]\n_9=z\n");
  CHECK(assigned("caf\xc3\xa9: i", Assignment::env) == "CAF__=i\n");
  CHECK(assigned("{}", Assignment::env).empty());
  CHECK(assigned("a: {}", Assignment::env) == "A={}\n");
}

TEST_CASE("what lies deeper than the depth is JSON") {
  CHECK(assigned("a: {b: {c: 1}}", Assignment::env, 1) == "A={\"b\":{\"c\":1}}\n");
  CHECK(assigned("a: {b: {c: 1}}", Assignment::env, 2) == "A_B={\"c\":1}\n");
  CHECK(assigned("a: {b: {c: 1}}", Assignment::env, 3) == "A_B_C=1\n");
}

TEST_CASE("shell quotes everything, also line breaks and quotes") {
  CHECK(assigned("a: it's\nb: \"x\\ny\"\nc: $(rm)", Assignment::shell) ==
        "export A='it'\\''s'\nexport B='x\ny'\nexport C='$(rm)'\n");
}

TEST_CASE("what a format cannot hold is refused") {
  CHECK(refused("a: \"x\\ny\"", Assignment::env) == "'a' has a line break in it, which this format cannot hold");
  CHECK(refused("a-b: 1\na_b: 2", Assignment::shell) == "'a-b' and 'a_b' would both be A_B");
}

TEST_CASE("one key gives its own name") {
  const auto path = config::parse_path("a.b[0]");
  CHECK(config_get::as_assignments(read("7"), path, Assignment::env, 0) == "B=7\n");
  CHECK(config_get::as_assignments(read("[7]"), path, Assignment::shell, 0) == "export B='[7]'\n");
}

TEST_CASE("long values are cut between characters") {
  const auto text = config_get::shown(data::Value::of(std::string(55, 'x') + "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
  CHECK(text.size() <= 60);
  CHECK(text == "\"" + std::string(55, 'x') + "...");
  CHECK(config_get::shown(read("a")) == "\"a\"");
}
