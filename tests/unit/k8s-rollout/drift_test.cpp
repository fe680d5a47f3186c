// SPDX-License-Identifier: Apache-2.0
#include "drift.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::rollout;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

kube::Workload web(const std::string& image, int replicas, const json& annotations = json::object(),
                   kube::Kind kind = kube::Kind::deployment) {
  return kube::read_workload({{"metadata", {{"name", "web"}, {"uid", "u"}}},
                              {"spec",
                               {{"replicas", replicas},
                                {"template",
                                 {{"metadata", {{"annotations", annotations}}},
                                  {"spec", {{"containers", {{{"name", "web"}, {"image", image}}}}}}}}}},
                              {"status", {{"desiredNumberScheduled", replicas}}}},
                             kind);
}

}  // namespace

TEST_CASE("the same on two clusters") {
  CHECK(difference(web("a:1", 2), web("a:1", 2)).words.empty());
  CHECK(difference(web("a:1", 2), web("a:1", 2)).changes.empty());
}

TEST_CASE("what differs has a name") {
  CHECK(difference(web("a:1", 2), web("a:2", 2)).words == Words{"images"});
  CHECK(difference(web("a:1", 2), web("a:2", 2)).changes == Words{"image a:1 -> a:2"});
  CHECK(difference(web("a:1", 2), web("a:1", 3)).words == Words{"replicas"});
  CHECK(difference(web("a:1", 2), web("a:1", 2, {{"zone", "x"}})).words == Words{"template"});
  CHECK(difference(web("a:1", 2), web("a:2", 3)).words == Words{"images", "replicas"});
}

TEST_CASE("what differs by nature is no drift") {
  const json yesterday{{"kubectl.kubernetes.io/restartedAt", "2026-11-23T10:00:00Z"}};
  const json today{{"kubectl.kubernetes.io/restartedAt", "2026-11-24T10:00:00Z"}};
  CHECK(difference(web("a:1", 2, yesterday), web("a:1", 2, today)).words.empty());
  CHECK(difference(web("a:1", 2, yesterday), web("a:1", 2, today)).changes.empty());
  // As many pods as there are nodes.
  CHECK(difference(web("a:1", 2, {}, kube::Kind::daemon_set), web("a:1", 5, {}, kube::Kind::daemon_set)).words.empty());
}
