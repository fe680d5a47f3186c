// SPDX-License-Identifier: Apache-2.0
#include "data/yaml.hpp"
#include "support/catch.hpp"

using namespace slipway;
using data::Value;

namespace {

std::string yaml(std::string_view text) { return data::to_yaml(data::parse_yaml(text, "f").root); }

}  // namespace

TEST_CASE("maps are sorted, lists stand under their key") {
  CHECK(yaml("{b: [1, {x: \"y\", a: [c]}, []], a: {z: ~, \"y\": true}, Z: {}}") ==
        "Z: {}\na:\n  \"y\": true\n  z: null\nb:\n- 1\n- a:\n  - c\n  x: \"y\"\n- []\n");
  CHECK(yaml("[[1, 2], [3]]") == "- - 1\n  - 2\n- - 3\n");
  CHECK(yaml("x") == "x\n");
  CHECK(yaml("{}") == "{}\n");
}

TEST_CASE("strings that any reader could take for something else are quoted") {
  for (const auto* word : {"yes",  "No",  "on",  "~",  "null", "012",  "1.0",  "1e3", "12:30", "2001-12-14",
                           "0x1f", "=",   "<<",  "-",  "- a",  "a: b", "a #b", "#a",  "*a",    "&a",
                           "!a",   "%a",  "@a",  "`a", "{a",   "[a",   "a:",   " a",  "a ",    "",
                           "'a",   "\"a", "? a", ".5", "1_0",  ".inf", "|",    ">",   "a\tb",  "\xc3\xa9\x7f"}) {
    INFO(word);
    CHECK(data::to_yaml(Value::of(std::string(word))).front() == '"');
  }
  for (const auto* word : {"a", "a-b", "/srv/app", "registry:5000/x@sha256:ab", "v1.2.3", "hello world", "a=b"}) {
    INFO(word);
    CHECK(data::to_yaml(Value::of(std::string(word))) == std::string(word) + "\n");
  }
}

TEST_CASE("what is written reads back the same") {
  for (const std::string text : {"one\ntwo\n",   "one\n\n  two\nthree",
                                 "a\n\n\n",      "\n",
                                 "\na",          " a\nb",
                                 "a \nb",        "tab\there\n",
                                 "\x01",         "é\xe2\x80\xa8",
                                 "\xef\xbb\xbf", "\xc2\x85",
                                 "it's",         "back\\slash \"q\"",
                                 "a\r\nb",       "# c\nb\n",
                                 "---\na\n",     "key: v\nb\n",
                                 "trailing:\n",  "\xf0\x9f\x9a\xa2"}) {
    auto map = Value::mapping();
    map.set("k", Value::of(text));
    map.set(text, Value::sequence({Value::of(text), Value::mapping({{text, Value::of(text), {}}})}));
    INFO(data::to_yaml(map));
    CHECK(data::parse_yaml(data::to_yaml(map), "f").root == map);
    CHECK(data::parse_yaml(data::to_json(map), "f").root == map);
    CHECK(data::parse_yaml(data::to_json(map, 2), "f").root == map);
  }
  auto numbers = Value::sequence({Value::of(1.0), Value::of(1e10), Value::of(1e300), Value::of(-2.5e-9), Value::of(0.1),
                                  Value::of(std::int64_t{-7}), Value::of(false), Value()});
  CHECK(data::parse_yaml(data::to_yaml(numbers), "f").root == numbers);
  auto wide = Value::mapping();
  wide.set(std::string(3000, 'k'), Value::sequence({Value::of(true)}));
  CHECK(data::parse_yaml(data::to_yaml(wide), "f").root == wide);
}

TEST_CASE("digits beyond 64 bits stay") {
  CHECK(yaml("99999999999999999999") == "99999999999999999999\n");
  CHECK(yaml("9007199254740993") == "9007199254740993\n");
  CHECK(yaml("1e10") == "10000000000.0\n");
}

TEST_CASE("JSON is canonical, on one line or indented") {
  const auto root = data::parse_yaml("{b: [1, x], a: {}, c: {d: []}}", "f").root;
  CHECK(data::to_json(root) == R"({"a":{},"b":[1,"x"],"c":{"d":[]}})");
  CHECK(data::to_json(root, 2) ==
        "{\n  \"a\": {},\n  \"b\": [\n    1,\n    \"x\"\n  ],\n  \"c\": {\n    \"d\": []\n  }\n}");
}
