// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "revisions.hpp"
#include "support/catch.hpp"

#include <string>

using namespace slipway;
using namespace slipway::rollout;
using nlohmann::json;

namespace {

json pod_template(const std::string& image) {
  return {{"metadata", {{"labels", {{"app", "web"}}}}},
          {"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}};
}

json deployment(const std::string& image, int revision) {
  return {{"metadata",
           {{"name", "web"},
            {"uid", "d"},
            {"resourceVersion", "77"},
            {"generation", 1},
            {"annotations", {{"deployment.kubernetes.io/revision", std::to_string(revision)}}}}},
          {"spec", {{"replicas", 2}, {"template", pod_template(image)}}},
          {"status", {{"observedGeneration", 1}}}};
}

json set(int revision, const std::string& image, int available = 0, const std::string& cause = {},
         const std::string& was = {}) {
  auto spec = pod_template(image);
  spec["metadata"]["labels"]["pod-template-hash"] = "h" + std::to_string(revision);
  json made{{"metadata",
             {{"name", "web-" + std::to_string(revision)},
              {"uid", "s" + std::to_string(revision)},
              {"ownerReferences", {{{"uid", "d"}, {"controller", true}}}},
              {"annotations", {{"deployment.kubernetes.io/revision", std::to_string(revision)}}}}},
            {"spec", {{"replicas", available}, {"template", spec}}},
            {"status", {{"availableReplicas", available}, {"readyReplicas", available}}}};
  if (!cause.empty()) made["metadata"]["annotations"]["kubernetes.io/change-cause"] = cause;
  if (!was.empty()) made["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = was;
  return made;
}

std::int64_t chosen(const History& history, const Wanted& wanted) { return choose(history, wanted).to->number; }

std::string failure_of(const History& history, const Wanted& wanted) {
  try {
    (void)choose(history, wanted);
  } catch (const Error& error) {
    return std::string(error.failure().id);
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("revisions sort as numbers, and the current one is the template's") {
  const auto history = read_history(deployment("i:10", 10), {set(10, "i:10"), set(9, "i:9", 2), set(2, "i:2")});
  REQUIRE(history.revisions.size() == 3);
  CHECK(history.revisions[0].number == 2);
  CHECK(history.revisions[2].number == 10);
  REQUIRE(history.current());
  CHECK(history.current()->number == 10);
  CHECK(history.find(9)->available == 2);
  CHECK(history.find(3) == nullptr);
}

TEST_CASE("sets of another owner are none of ours") {
  auto foreign = set(5, "i:5");
  foreign["metadata"]["ownerReferences"][0]["uid"] = "other";
  CHECK(read_history(deployment("i:1", 1), {set(1, "i:1"), foreign}).revisions.size() == 1);
}

TEST_CASE("a cause is never inherited") {
  const auto history = read_history(deployment("i:4", 6), {set(3, "i:3", 0, "first"), set(4, "i:4", 0, "first"),
                                                           set(5, "i:5", 0, "undo to revision 2: x"),
                                                           set(6, "i:6", 0, "undo to revision 2: y", "2,1")});
  CHECK(history.find(3)->cause == "first");
  CHECK(history.find(4)->cause.empty());
  CHECK(history.find(5)->cause.empty());
  CHECK(history.find(6)->cause == "undo to revision 2: y");
  CHECK(history.find(6)->was == std::vector<std::int64_t>{2, 1});
}

TEST_CASE("going back means to what serves, not to the bad one before") {
  // good, bad1, bad2: kubectl goes to bad1.
  const auto history = read_history(deployment("bad:2", 3), {set(1, "good", 2), set(2, "bad:1"), set(3, "bad:2")});
  CHECK(chosen(history, {}) == 1);
  CHECK(chosen(history, {.previous = true}) == 2);
  CHECK(chosen(history, {.revision = 2}) == 2);
  CHECK(chosen(history, {.image = "bad:1"}) == 2);
  CHECK(failure_of(history, {.revision = 9}) == "not-found");
  CHECK(failure_of(history, {.image = "none"}) == "not-found");
}

TEST_CASE("nobody serves: a mark, else the one before") {
  auto object = deployment("i:3", 3);
  const std::vector<json> sets{set(1, "i:1"), set(2, "i:2"), set(3, "i:3")};
  CHECK(chosen(read_history(object, sets), {}) == 2);
  object["metadata"]["annotations"]["slipway/good-revision"] = "1";
  CHECK(chosen(read_history(object, sets), {}) == 1);
  CHECK(failure_of(read_history(deployment("i:1", 1), {set(1, "i:1", 2)}), {}) == "not-found");
}

TEST_CASE("the revision that failed is not gone back to, although it may serve a little") {
  const auto history = read_history(deployment("i:3", 3), {set(1, "i:1", 1), set(2, "i:2", 1), set(3, "i:3", 1)});
  CHECK(chosen(history, {.not_this = 2}) == 1);
}

TEST_CASE("the patch has its preconditions, and touches nothing of others") {
  auto object = deployment("i:2", 2);
  object["metadata"]["annotations"]["someone/else"] = "stays";
  object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
      R"({"spec":{"replicas":2,"template":{"spec":{}}}})";
  object["spec"]["paused"] = true;
  const auto history = read_history(object, {set(1, "i:1", 2), set(2, "i:2")});
  const auto patch = undo_patch(object, *history.find(1), {.who = "ann", .when = {}, .reason = "bad", .resume = true});
  CHECK(patch[0] == json{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "d"}});
  CHECK(patch[1] == json{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", "77"}});
  const auto after = object.patch(patch);
  CHECK(after["spec"]["template"] == pod_template("i:1"));
  CHECK_FALSE(after["spec"].contains("paused"));
  CHECK(after["spec"]["replicas"] == 2);
  const auto& notes = after["metadata"]["annotations"];
  CHECK(notes["someone/else"] == "stays");
  CHECK(notes["kubernetes.io/change-cause"] == "undo to revision 1: bad");
  CHECK(json::parse(notes["slipway/undo"].get<std::string>())["who"] == "ann");
  const auto applied = json::parse(notes["kubectl.kubernetes.io/last-applied-configuration"].get<std::string>());
  CHECK(applied["spec"]["template"] == pod_template("i:1"));
  CHECK(applied["spec"]["replicas"] == 2);

  const auto kept = object.patch(
      undo_patch(object, *history.find(1), {.who = "", .when = {}, .reason = "", .sync_last_applied = false}));
  CHECK(kept["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] ==
        object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]);
}

TEST_CASE("two people undo the same failure: the second does not bring it back") {
  auto object = deployment("i:2", 2);
  const auto before = read_history(object, {set(1, "i:1"), set(2, "i:2")});
  CHECK_FALSE(before.returned);
  object = object.patch(undo_patch(object, *before.find(1), {.who = "ann", .when = {}, .reason = ""}));
  // The controller gives the old ReplicaSet a new number; its name stays.
  auto back = set(3, "i:1", 2, "", "1");
  back["metadata"]["name"] = "web-1";
  const auto after = read_history(object, {set(2, "i:2"), back});
  REQUIRE(after.returned);
  CHECK(after.returned->from == 2);
  CHECK(after.returned->who == "ann");
  CHECK(after.current()->by == "ann");
  CHECK(failure_of(after, {}) == "conflict");
  CHECK(failure_of(after, {.previous = true}) == "nothing was thrown");
  CHECK(chosen(after, {.previous = true}) == 2);  // as asked for
  CHECK(chosen(after, {.revision = 2}) == 2);
  // A deploy after it is a new story.
  object["spec"]["template"] = pod_template("i:4");
  const auto later = read_history(object, {set(2, "i:2"), back, set(4, "i:4")});
  CHECK_FALSE(later.returned);
  CHECK(chosen(later, {}) == 3);
}

TEST_CASE("what a template cannot run without") {
  const auto needs = needs_of(json::parse(R"({"spec":{"serviceAccountName":"sa","volumes":[{"configMap":{"name":"cm"}},
    {"secret":{"secretName":"s","optional":true}},{"persistentVolumeClaim":{"claimName":"data"}}],
    "containers":[{"envFrom":[{"secretRef":{"name":"env"}}],"env":[{"valueFrom":{"configMapKeyRef":{"name":"cm","key":"k"}}}]}]}})"));
  CHECK(needs ==
        std::vector<std::pair<std::string, std::string>>{
            {"configmaps", "cm"}, {"persistentvolumeclaims", "data"}, {"secrets", "env"}, {"serviceaccounts", "sa"}});
}

TEST_CASE("who will write over it") {
  auto object = deployment("i", 1);
  CHECK(owners_of(object).empty());
  object["metadata"]["annotations"]["meta.helm.sh/release-name"] = "web";
  REQUIRE(owners_of(object).size() == 1);
  CHECK(owners_of(object)[0].find("helm release 'web'") != std::string::npos);
}
