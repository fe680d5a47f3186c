// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "data/set.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"

using namespace slipway;
using data::SetKind;
using slipway::testing::failed;

namespace {

std::string after(std::string_view base, std::string_view text, SetKind kind = SetKind::typed) {
  auto value = data::parse_yaml(base, "base.yaml").root;
  data::apply_set(value, text, kind, "--set");
  return data::to_json(value);
}

}  // namespace

TEST_CASE("--set makes the maps and lists that it needs") {
  CHECK(after("", "a=1") == R"({"a":1})");
  CHECK(after("", "a.b.c=x,d=y") == R"({"a":{"b":{"c":"x"}},"d":"y"})");
  CHECK(after("a: {b: 1}", "a.c=2") == R"({"a":{"b":1,"c":2}})");
  CHECK(after("", "l[0].name=a,l[1].name=b") == R"({"l":[{"name":"a"},{"name":"b"}]})");
  CHECK(after("", "m[1][0]=x") == R"({"m":[null,["x"]]})");
  CHECK(after("l: [a]", "l[3]=X") == R"({"l":["a",null,null,"X"]})");
  CHECK(after("a: null", "a.b=1") == R"({"a":{"b":1}})");
  CHECK(after("a: 1", "") == R"({"a":1})");
}

TEST_CASE("--set types its values as helm does") {
  CHECK(after("", "a=true,b=FALSE,c=null,d=0,e=0123,f=-5,g=1e5,h=1.5,i=") ==
        R"({"a":true,"b":false,"c":null,"d":0,"e":"0123","f":-5,"g":"1e5","h":"1.5","i":""})");
  CHECK(after("", "a=99999999999999999999") == R"({"a":"99999999999999999999"})");
  CHECK(after("", "a=true,b=12", SetKind::string) == R"({"a":"true","b":"12"})");
  CHECK(after("", "a={x,1,true}") == R"({"a":["x",1,true]})");
  CHECK(after("", "a={},b=2") == R"({"a":[],"b":2})");
  CHECK(after("", "a=x=y") == R"({"a":"x=y"})");
}

TEST_CASE("a backslash takes the meaning from a comma, a dot and an equals sign") {
  CHECK(after("", R"(a\.b=c\,d)") == R"({"a.b":"c,d"})");
  CHECK(after("", R"(x.kubernetes\.io/role=master)") == R"({"x":{"kubernetes.io/role":"master"}})");
}

TEST_CASE("--set-json takes JSON, and a whole object merges") {
  CHECK(after("a: {b: 1}", R"(a={"c":2})", SetKind::json) == R"({"a":{"c":2}})");
  CHECK(after("", R"(a=[1,{"b":"x,y"}],c="d")", SetKind::json) == R"({"a":[1,{"b":"x,y"}],"c":"d"})");
  CHECK(after("a: {b: 1}", R"({"a":{"c":2}})", SetKind::json) == R"({"a":{"b":1,"c":2}})");
}

TEST_CASE("what cannot be set is refused with its place") {
  CHECK(failed(failure::bad_usage, [] { after("", "a"); }).message() == "--set 'a': '=' is missing at column 2");
  CHECK(failed(failure::bad_usage, [] { after("", "a,b=1"); }).message() ==
        "--set 'a,b=1': the key 'a' has no value at column 2");
  CHECK(failed(failure::bad_usage, [] { after("a: text", "a.b=1"); }).message() ==
        "--set 'a.b=1': 'b' would stand in a string at column 1");
  CHECK(failed(failure::bad_usage, [] { after("a: {}", "a[0]=1"); }).message() ==
        "--set 'a[0]=1': [0] of a map at column 1");
  for (const auto* wrong : {"=1", "a..b=1", "a[x]=1", "a[1=1", "a[70000]=1", "a[0]b=1", "a={x", "a={x}y", "a[-1]=2"})
    failed(failure::bad_usage, [&] { after("", wrong); });
}
