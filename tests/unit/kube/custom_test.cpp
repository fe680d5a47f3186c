// SPDX-License-Identifier: Apache-2.0
#include "kube/custom.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::kube;
using nlohmann::json;
using slipway::testing::failed;

TEST_CASE("a rule of readiness is read, or refused") {
  CHECK(parse_ready_rule("condition=Ready").value == "True");
  CHECK(parse_ready_rule("condition=Ready=False").value == "False");
  const auto rule = parse_ready_rule("jsonpath={.status.phase}=Healthy");
  CHECK_FALSE(rule.is_condition);
  CHECK(rule.path == ".status.phase");
  CHECK(rule.value == "Healthy");
  CHECK(parse_ready_rule("jsonpath='{.status.url}'").value.empty());
  for (const char* wrong :
       {"", "Ready", "condition=", "jsonpath=.status", "jsonpath={.a", "jsonpath={}=x", "jsonpath={.a}x"})
    (void)failed(failure::bad_usage, [&] { (void)parse_ready_rule(wrong); });
}

TEST_CASE("values at a JSON path") {
  const auto object = json::parse(R"({"a":{"b":[{"k":"x","v":1},{"k":"y","v":2}],"c.d":"dot"},"t":true,"n":null})");
  using List = std::vector<std::string>;
  CHECK(values_at(object, ".a.b[1].v") == List{"2"});
  CHECK(values_at(object, ".a.b[*].k") == List{"x", "y"});
  CHECK(values_at(object, R"(.a.b[?(@.k=="y")].v)") == List{"2"});
  CHECK(values_at(object, ".a['c.d']") == List{"dot"});
  CHECK(values_at(object, R"(.a.c\.d)") == List{"dot"});
  CHECK(values_at(object, "$.t") == List{"true"});
  for (const char* nothing : {".n", ".a.b[7].v", ".x.y", ".a.b[", ".a.b[?(k)]", "..a", ".a.b[-1]"})
    CHECK(values_at(object, nothing).empty());
}

TEST_CASE("what is observed can be a number, a number as text, or nothing that compares") {
  const auto object = [](const json& seen) {
    return json{{"metadata", {{"generation", 3}}}, {"status", {{"observedGeneration", seen}}}};
  };
  CHECK_FALSE(custom_observed(object(2)));
  CHECK(custom_observed(object(3)));
  CHECK_FALSE(custom_observed(object("2")));
  CHECK(custom_observed(object("3")));
  CHECK(custom_observed(object("8f7c")));
  CHECK(custom_observed(json{{"metadata", {{"generation", 3}}}}));
}

TEST_CASE("annotations are asked after the options, and before what is built in") {
  json object{{"apiVersion", "argoproj.io/v1alpha1"},
              {"kind", "Rollout"},
              {"metadata",
               {{"annotations",
                 {{"slipway/ready-when", "jsonpath={.status.x}=1; jsonpath={.status.y}=2"},
                  {"slipway/failed-when", "jsonpath={.status.x}=9"}}}}},
              {"status", {{"phase", "Healthy"}, {"x", 1}}}};
  using enum CustomReading::State;
  CHECK(read_custom(object, {}).state == going);  // y is not there yet, whatever the phase says
  object["status"]["y"] = 2;
  CHECK(read_custom(object, {}).state == ready);
  object["status"]["x"] = 9;
  CHECK(read_custom(object, {}).state == CustomReading::State::failed);
  const ReadyRules rules{{parse_ready_rule("jsonpath={.status.phase}=Healthy")}, {}};
  CHECK(read_custom(object, rules).state == ready);
  object["metadata"]["annotations"]["slipway/ready-when"] = "nonsense";
  (void)slipway::testing::failed(failure::bad_usage, [&] { (void)read_custom(object, {}); });
}
