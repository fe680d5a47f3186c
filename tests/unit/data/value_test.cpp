// SPDX-License-Identifier: Apache-2.0
#include "data/value.hpp"
#include "support/catch.hpp"

using slipway::data::Kind;
using slipway::data::Value;

TEST_CASE("made values have a canonical text") {
  CHECK(Value::of(true).text() == "true");
  CHECK(Value::of(std::int64_t{-12}).text() == "-12");
  CHECK(Value::of(1.0).text() == "1.0");
  CHECK(Value::of(1e300).text() == "1.0e+300");
  CHECK(Value::of(std::string("x")).text() == "x");
}

TEST_CASE("members keep their order, and set replaces in place") {
  auto map = Value::mapping();
  map.set("b", Value::of(std::int64_t{1}));
  map.set("a", Value::of(std::int64_t{2}));
  map.set("b", Value::of(std::int64_t{3}));
  REQUIRE(map.members().size() == 2);
  CHECK(map.members()[0].key == "b");
  CHECK(map.find("b")->as_integer() == 3);
  CHECK(map.find("c") == nullptr);
  CHECK(map.erase("b"));
  CHECK_FALSE(map.erase("b"));
  CHECK(map.members().size() == 1);
  CHECK(Value::of(true).find("x") == nullptr);
}

TEST_CASE("equality looks at content only") {
  auto one = Value::mapping();
  one.set("a", Value::of(true));
  one.set("b", Value::sequence({Value::of(1.5)}));
  auto other = Value::mapping();
  other.set("b", Value::sequence({Value::of(1.5)}));
  other.set("a", Value::of(true));
  CHECK(one == other);
  other.set("c", Value());
  CHECK_FALSE(one == other);
  CHECK_FALSE(Value::of(std::int64_t{1}) == Value::of(1.0));
  CHECK_FALSE(Value::of(std::string("1")) == Value::of(std::int64_t{1}));
}
