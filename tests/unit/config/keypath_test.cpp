// SPDX-License-Identifier: Apache-2.0
#include "config/keypath.hpp"
#include "core/error.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"

using namespace slipway;
using config::parse_path;
using config::show_path;

namespace {

std::string round(std::string_view text) { return show_path(parse_path(text)); }

std::string refused(std::string_view text) {
  try {
    static_cast<void>(parse_path(text));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.message();
  }
  return "taken";
}

const data::Value values = data::parse_yaml(R"(
a: {b: [{c: 1}, {c: 2}], linger.ms: 20, empty: {}}
replicas: 3
resources: {limits: {cpu: 1}}
)",
                                            "f.yaml")
                               .root;

std::string missing(std::string_view path) {
  try {
    static_cast<void>(config::at(values, parse_path(path)));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_input);
    return error.message();
  }
  return "there";
}

}  // namespace

TEST_CASE("paths are read and shown") {
  CHECK(round("a.b[2].c") == "a.b[2].c");
  CHECK(round(".a.b") == "a.b");
  CHECK(round(R"(a\.b.c)") == R"(["a.b"].c)");
  CHECK(round(R"(kafka["linger.ms"])") == R"(kafka["linger.ms"])");
  CHECK(round(R"(["a\"b"])") == R"(["a\"b"])");
  CHECK(round("[0][1]") == "[0][1]");
  CHECK(round("a-b/c_d") == "a-b/c_d");
  CHECK(parse_path("a.1").size() == 2);
  CHECK(std::get<std::string>(parse_path("a.1")[1]) == "1");
  CHECK(std::get<std::size_t>(parse_path("a[1]")[1]) == 1);
}

TEST_CASE("malformed paths are refused with the column") {
  CHECK(refused("") == "the key path '' names nothing at column 1");
  CHECK(refused("a..b") == "the key path 'a..b' has an empty part at column 3");
  CHECK(refused("a.") == "the key path 'a.' has an empty part at column 3");
  CHECK(refused("a[x]") == "the key path 'a[x]' has no number in its brackets at column 3");
  CHECK(refused("a[1") == "the key path 'a[1' lacks a closing bracket at column 4");
  CHECK(refused("a[1]b") == "the key path 'a[1]b' lacks a dot at column 5");
  CHECK(refused(R"(["a)") == R"(the key path '["a' has an open quote at column 4)");
  CHECK(refused(R"(a\)") == R"(the key path 'a\' ends with a backslash at column 3)");
}

TEST_CASE("values are found by path") {
  CHECK(config::at(values, parse_path("a.b[1].c")).as_integer() == 2);
  CHECK(config::at(values, parse_path(R"(a.linger\.ms)")).as_integer() == 20);
  CHECK(config::find(values, parse_path("a.b[2]")) == nullptr);
  CHECK(config::find(values, {}) == &values);
}

TEST_CASE("a key that is not there is answered with those that are") {
  CHECK(missing("replics") == "there is no key 'replics'; did you mean 'replicas'?");
  CHECK(missing("resources.limit.cpu") == "there is no key 'resources.limit'; did you mean 'resources.limits'?");
  CHECK(missing("limits") == "there is no key 'limits'; did you mean 'resources.limits'?");
  CHECK(missing("other") == "there is no key 'other'; the root has a, replicas, resources");
  CHECK(missing("a.b[2]") == "there is no key 'a.b[2]': 'a.b' has 2 elements, counted from 0");
  CHECK(missing("a[0]") == "there is no key 'a[0]': 'a' is a map, so [0] is nothing in it");
  CHECK(missing("replicas.x") == "there is no key 'replicas.x': 'replicas' is an integer");
  CHECK(missing("a.empty.x") == "there is no key 'a.empty.x'; 'a.empty' is an empty map");
}

TEST_CASE("leaves are scalars, lists and empty maps") {
  std::vector<std::string> paths;
  for (const auto& leaf : config::leaves(values)) paths.push_back(show_path(leaf.path));
  CHECK(paths == std::vector<std::string>{"a.b", R"(a["linger.ms"])", "a.empty", "replicas", "resources.limits.cpu"});
}
