// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::pipeline_test;
using nlohmann::json;

TEST_CASE("a namespace with its marks, limits and walls") {
  const SandboxSpec spec{.name = "pt-x",
                         .mine = {"ab12", 1700000000, "job#7"},
                         .image = "i:1",
                         .scratch = "r/x:1",
                         .allow_egress = {"10.0.0.0/8", "192.168.1.0/24:5432"}};
  const auto objects = sandbox_objects(spec);
  REQUIRE(objects.size() == 4);
  const auto& meta = objects[0]["metadata"];
  CHECK(objects[0]["kind"] == "Namespace");
  CHECK(meta["labels"]["slipway/run"] == "ab12");
  CHECK(meta["labels"]["slipway/expires"] == "1700000000");
  CHECK(meta["labels"]["app.kubernetes.io/managed-by"] == "pipeline-test");
  CHECK(meta["labels"]["pod-security.kubernetes.io/enforce"] == "restricted");
  CHECK(meta["annotations"]["slipway/owner"] == "job#7");  // no label can hold this
  CHECK(meta["annotations"]["slipway/scratch"] == "r/x:1");
  CHECK(objects[1]["kind"] == "ResourceQuota");
  CHECK(objects[1]["spec"]["hard"]["pods"] == "30");
  CHECK(objects[2]["kind"] == "LimitRange");
  CHECK(objects[2]["spec"]["limits"][0]["defaultRequest"]["memory"] == "64Mi");
  const auto& policy = objects[3]["spec"];
  CHECK(objects[3]["metadata"]["namespace"] == "pt-x");
  CHECK(policy["policyTypes"] == json::parse(R"(["Ingress","Egress"])"));
  CHECK(policy["podSelector"] == json::object());
  CHECK(policy["egress"] == json::parse(R"([
    {"to":[{"podSelector":{}}]},
    {"ports":[{"protocol":"UDP","port":53},{"protocol":"TCP","port":53}]},
    {"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]},
    {"to":[{"ipBlock":{"cidr":"192.168.1.0/24"}}],"ports":[{"protocol":"TCP","port":5432}]}])"));
}

TEST_CASE("what may be reached is a network, with or without a port") {
  for (const auto* bad : {"db", "db:5432", "10.0.0.0/", "/8", "10.0.0.0/8:", "10.0.0.0/8:x", "10.0.0.0/8:70000"}) {
    SandboxSpec spec{.name = "n", .mine = {}, .image = {}, .scratch = {}, .allow_egress = {bad}};
    INFO(bad);
    CHECK_THROWS_AS(sandbox_objects(spec), Error);
  }
}
