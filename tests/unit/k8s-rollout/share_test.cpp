// SPDX-License-Identifier: Apache-2.0
#include "share.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"

using namespace slipway;
using namespace slipway::rollout;
using nlohmann::json;
using slipway::testing::failed;

namespace {

json deployment() {
  return {
      {"metadata", {{"name", "web"}, {"uid", "u"}, {"resourceVersion", "7"}, {"annotations", {{"a", "b"}}}}},
      {"spec",
       {{"replicas", 8},
        {"progressDeadlineSeconds", 600},
        {"strategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", "25%"}, {"maxUnavailable", "25%"}}}}},
        {"template", {{"spec", {{"containers", {{{"name", "web"}, {"image", "web:1"}}}}}}}}}}};
}

CanaryNote note(int pods) {
  CanaryNote made;
  made.max_surge = "25%";
  made.max_unavailable = "25%";
  made.deadline = 600;
  made.from = 3;
  made.pods = pods;
  return made;
}

}  // namespace

TEST_CASE("how many pods a share is") {
  CHECK(pods_for_share(8, 20) == 2);
  CHECK(pods_for_share(8, 1) == 1);
  CHECK(pods_for_share(9, 50) == 9);
  CHECK(pods_for_share(3, 25) == 1);
  CHECK(true_share(8, 2) == Approx(20.0));
  CHECK(true_share(0, 0) == Approx(0.0));
  CHECK(pods_wanted("25%", 6) == 2);
  CHECK(pods_wanted("3", 6) == 3);
  for (const char* wrong : {"", "%", "0", "0%", "100%", "-3", "1.5", "x", "5%%"})
    (void)failed(failure::bad_usage, [&] { (void)pods_wanted(wrong, 6); });
}

TEST_CASE("start, hold and promote leave the Deployment as it was, but for the template") {
  const auto before = deployment();
  auto now = before;
  auto pod_template = with_images(before["spec"]["template"], {{"", "web:2"}});
  now = now.patch(start_patch(now, pod_template, note(2), "try"));
  CHECK(now["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 2);
  CHECK(now["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0);
  CHECK(now["spec"]["minReadySeconds"].get<int>() < now["spec"]["progressDeadlineSeconds"].get<int>());
  CHECK(is_canary(now));
  CHECK(read_canary(now).pods == 2);
  now = now.patch(hold_patch(now));
  CHECK(now["spec"]["paused"] == true);
  CHECK_FALSE(now["spec"].contains("minReadySeconds"));
  CHECK(now["spec"]["progressDeadlineSeconds"] == 600);
  CHECK(now["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 2);  // a paused one is scaled by it
  SECTION("promoted") {
    now = now.patch(promote_patch(now));
    auto expected = before;
    expected["spec"]["template"] = pod_template;
    CHECK(now["spec"] == expected["spec"]);
    CHECK_FALSE(is_canary(now));
  }
  SECTION("aborted") {
    now = now.patch(abort_patch(now, before["spec"]["template"]));
    CHECK(now["spec"] == before["spec"]);
    CHECK_FALSE(is_canary(now));
    CHECK(now["metadata"]["annotations"]["a"] == "b");
  }
  SECTION("a further step goes on from there") {
    now = now.patch(start_patch(now, now["spec"]["template"], note(8), ""));
    CHECK_FALSE(now["spec"].contains("paused"));
    CHECK(read_canary(now).pods == 8);
    CHECK(now.patch(promote_patch(now))["spec"]["strategy"] == before["spec"]["strategy"]);
  }
  SECTION("promoted before it was ever held") {
    auto early = before.patch(start_patch(before, pod_template, note(2), ""));
    early = early.patch(promote_patch(early));
    CHECK_FALSE(early["spec"].contains("minReadySeconds"));
    CHECK(early["spec"]["progressDeadlineSeconds"] == 600);
  }
}

TEST_CASE("every patch wants the object that was read") {
  const auto before = deployment();
  const auto started = before.patch(start_patch(before, before["spec"]["template"], note(1), ""));
  auto foreign = started;
  foreign["metadata"]["uid"] = "other";
  CHECK_THROWS(foreign.patch(hold_patch(started)));
  auto newer = started;
  newer["metadata"]["resourceVersion"] = "8";
  CHECK_THROWS(newer.patch(promote_patch(started)));
}

TEST_CASE("images go to the container that is named, or to the only one") {
  auto pod_template = deployment()["spec"]["template"];
  CHECK(with_images(pod_template, {{"web", "x"}})["spec"]["containers"][0]["image"] == "x");
  const auto error = failed(failure::not_found, [&] { (void)with_images(pod_template, {{"wbe", "x"}}); });
  CHECK(error.message().find("did you mean 'web'") != std::string::npos);
  pod_template["spec"]["containers"].push_back({{"name", "sidecar"}, {"image", "s"}});
  (void)failed(failure::bad_usage, [&] { (void)with_images(pod_template, {{"", "x"}}); });
}

TEST_CASE("an annotation of somebody else's is not taken for ours") {
  auto object = deployment();
  object["metadata"]["annotations"]["slipway/canary"] = "yes";
  (void)failed(failure::bad_input, [&] { (void)read_canary(object); });
}
