// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/fs.hpp"
#include "support/catch.hpp"
#include "variables.hpp"

using namespace slipway;
using namespace slipway::pipeline_test;

namespace {
const cli::Environment env = [](const std::string& name) {
  return name == "SET" ? std::optional<std::string>("here") : std::nullopt;
};
}  // namespace

TEST_CASE("variables from the command line and from files") {
  CHECK(parse_variables({"A=1=2", "SET", "E="}, env) == Variables{{"A", "1=2"}, {"SET", "here"}, {"E", ""}});
  CHECK_THROWS_WITH(parse_variables({"UNSET"}, env), "-e 'UNSET' has no value, and none is in the environment");
  CHECK_THROWS_AS(parse_variables({"=x"}, env), Error);
  CHECK(parse_env_file("# c\n\n A=b c \nSET\r\n", "f", env) == Variables{{"A", "b c"}, {"SET", "here"}});
  try {
    (void)parse_env_file("A=1\nUNSET\n=x\n", "f", env);
    FAIL("no error");
  } catch (const Error& error) {
    REQUIRE(error.findings().size() == 2);
    CHECK(error.findings()[0].line == 2);
    CHECK(error.findings()[1].line == 3);
  }
}

TEST_CASE("secrets come from files and do not come out again") {
  const fs::TempDir dir("variables-test");
  const auto file = (dir.path() / "s").string();
  fs::write_file(file, "hunter2\n", 0600);
  const auto secrets = read_secrets({"PASS=" + file});
  CHECK(secrets == Variables{{"PASS", "hunter2"}});
  CHECK(masked("login hunter2, again hunter2", secrets) == "login ***, again ***");
  CHECK(masked("a 1 b", {{"N", "1"}}) == "a 1 b");
  CHECK(masked("****", {{"N", "****"}}) == "***");
  for (const auto* bad : {"PASS", "=x", "PASS="}) CHECK_THROWS_AS(read_secrets({bad}), Error);
  CHECK_THROWS_AS(read_secrets({"PASS=" + file + ".none"}), Error);
}
