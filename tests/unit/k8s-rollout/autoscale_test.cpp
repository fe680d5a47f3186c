// SPDX-License-Identifier: Apache-2.0
#include "autoscale.hpp"
#include "core/error.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::rollout;
using nlohmann::json;

namespace {

json made(const Options& options) {
  Site site;
  site.target.kind = kube::Kind::deployment;
  site.target.name = "web";
  site.target.name_space = "shop";
  return autoscaler(options, site, "web");
}

std::string refused(const Options& options) {
  try {
    (void)made(options);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("an autoscaler of autoscaling/v2") {
  Options options;
  options.min = 2;
  options.max = 10;
  options.cpu = 70;
  options.memory = 80;
  const auto object = made(options);
  CHECK(object["apiVersion"] == "autoscaling/v2");
  CHECK(object["metadata"] == json{{"name", "web"}, {"namespace", "shop"}});
  const auto& spec = object["spec"];
  CHECK(spec["scaleTargetRef"] == json{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "web"}});
  CHECK(spec["minReplicas"] == 2);
  CHECK(spec["maxReplicas"] == 10);
  REQUIRE(spec["metrics"].size() == 2);
  CHECK(spec["metrics"][0]["resource"]["name"] == "cpu");
  CHECK(spec["metrics"][0]["resource"]["target"] == json{{"type", "Utilization"}, {"averageUtilization", 70}});
  CHECK(spec["metrics"][1]["resource"]["target"]["averageUtilization"] == 80);
  CHECK_FALSE(spec.contains("behavior"));
}

TEST_CASE("what is not named is not written") {
  Options options;
  options.max = 4;
  const auto object = made(options);
  CHECK_FALSE(object["spec"].contains("minReplicas"));
  CHECK_FALSE(object["spec"].contains("metrics"));
}

TEST_CASE("off and on touch both directions, and nothing else") {
  Options options;
  options.off = true;
  auto behavior = made(options)["spec"]["behavior"];
  CHECK(behavior["scaleUp"]["selectPolicy"] == "Disabled");
  CHECK(behavior["scaleDown"]["selectPolicy"] == "Disabled");
  options.off = false;
  options.on = true;
  behavior = made(options)["spec"]["behavior"];
  CHECK(behavior["scaleUp"]["selectPolicy"] == "Max");
  CHECK(behavior["scaleDown"]["selectPolicy"] == "Max");
}

TEST_CASE("limits that make no sense") {
  Options options;
  options.min = 5;
  options.max = 2;
  CHECK(refused(options) == "--min 5 is more than --max 2");
  options.min = -1;
  CHECK(refused(options) == "--min has to be 0 or more, not -1");
  options.min = 1;
  options.max = 0;
  CHECK(refused(options) == "--max has to be 1 or more, not 0");
  options.max = 2;
  options.cpu = 0;
  CHECK(refused(options) == "--cpu has to be 1 or more, not 0");
}
