// SPDX-License-Identifier: Apache-2.0
// The kinds besides Deployments: when they are done, and who holds them.
#include "kube/workload.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace slipway::kube;
using namespace slipway::kube::test;

namespace {

struct Simple {
  Kind kind;
  json object;
  std::vector<json> pods;
  Policy policy;
  Memory memory;
  Time now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24};
  bool pods_readable = true;

  Verdict look(std::chrono::seconds later = 0s) {
    now += later;
    Snapshot snapshot;
    snapshot.object = read_workload(object, kind);
    for (const auto& pod : pods) snapshot.pods.push_back(read_pod(pod));
    snapshot.now = now;
    snapshot.pods_readable = snapshot.sets_readable = pods_readable;
    return judge(snapshot, policy, memory);
  }

  void pod(const std::string& name, const std::string& revision, bool ready) {
    pods.push_back(
        {{"metadata",
          {{"name", name},
           {"uid", name},
           {"labels", {{"controller-revision-hash", revision}}},
           {"ownerReferences", {{{"uid", "u"}, {"controller", true}}}}}},
         {"status",
          {{"phase", "Running"}, {"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}});
  }
};

Simple stateful_set(int replicas, int partition, const char* strategy = "RollingUpdate") {
  Simple made{Kind::stateful_set, {}, {}, {}, {}};
  made.object = {{"metadata", {{"name", "db"}, {"uid", "u"}, {"generation", 1}}},
                 {"spec",
                  {{"replicas", replicas},
                   {"updateStrategy", {{"type", strategy}, {"rollingUpdate", {{"partition", partition}}}}}}},
                 {"status", {{"observedGeneration", 1}, {"currentRevision", "a"}, {"updateRevision", "b"}}}};
  return made;
}

}  // namespace

TEST_CASE("a StatefulSet is counted from its pods") {
  auto set = stateful_set(3, 0);
  set.pod("db-0", "a", true);
  set.pod("db-1", "a", true);
  set.pod("db-2", "b", true);
  CHECK(set.look().state == State::progressing);
  set.pods.clear();
  for (const char* name : {"db-0", "db-1", "db-2"}) set.pod(name, "b", true);
  CHECK(set.look().state == State::progressing);  // the revision is not closed yet
  set.object["status"]["currentRevision"] = "b";
  CHECK(set.look().state == State::done);  // although updatedReplicas is absent
}

namespace {

/// Of five pods three are held back, which is complete unless all are asked for.
void check_held_back_by_three(Simple& set) {
  const auto verdict = set.look();
  CHECK(verdict.state == State::done);
  CHECK(verdict.partitioned);
  REQUIRE(verdict.warnings.size() == 1);
  CHECK(verdict.warnings[0] == "2 of 5 at revision b, 3 held back by partition 3");
  set.policy.require_full = true;
  CHECK(set.look().state == State::held);
}

}  // namespace

TEST_CASE("a partition holds pods back") {
  auto set = stateful_set(5, 3);
  for (const char* name : {"db-0", "db-1", "db-2"}) set.pod(name, "a", true);
  for (const char* name : {"db-3", "db-4"}) set.pod(name, "b", true);
  check_held_back_by_three(set);
}

TEST_CASE("OnDelete waits for a person, and names the pods") {
  auto set = stateful_set(2, 0, "OnDelete");
  set.pod("db-0", "a", true);
  set.pod("db-1", "b", true);
  const auto verdict = set.look();
  CHECK(verdict.state == State::held);
  CHECK(verdict.text.find("db-0") != std::string::npos);
  set.pods.clear();
  set.pod("db-0", "b", true);
  set.pod("db-1", "b", true);
  CHECK(set.look().state == State::done);
}

TEST_CASE("a restart by eviction waits for the successors of what was evicted") {
  auto set = stateful_set(3, 0, "OnDelete");
  for (const char* name : {"db-0", "db-1", "db-2"}) set.pod(name, "a", true);  // of an older revision, too
  set.policy.renewal = Renewal{{"db-0", "db-1", "db-2"}, {"db-2"}};
  auto& evicted = set.pods[2];
  evicted["metadata"]["deletionTimestamp"] = "2026-11-24T00:00:30Z";
  auto verdict = set.look();
  CHECK(verdict.state == State::progressing);  // neither held by OnDelete nor done
  CHECK(verdict.text == "0 of 3 pods restarted");
  REQUIRE(verdict.waiting.size() == 3);
  CHECK(verdict.waiting[0] == "1 pod evicted and not gone yet");
  CHECK(verdict.waiting[1] == "0 of 1 new pod ready");
  evicted["metadata"].erase("deletionTimestamp");
  evicted["metadata"]["uid"] = "db-2-anew";
  SECTION("ready: done, whatever its revision and however the others are") {
    set.pods[0]["status"]["conditions"][0]["status"] = "False";
    verdict = set.look(1s);
    CHECK(verdict.state == State::done);
    CHECK(verdict.text == "1 of 3 pods restarted");
  }
  SECTION("ready, but what was evicted still stands beside it") {
    set.pod("db-2", "a", true);
    set.pods.back()["metadata"]["deletionTimestamp"] = "2026-11-24T00:00:30Z";
    CHECK(set.look(1s).state == State::progressing);
    set.pods.pop_back();
    CHECK(set.look(1s).state == State::done);
  }
  SECTION("its image is not there: failed by this one pod") {
    evicted["spec"]["containers"] = {{{"name", "app"}}};
    evicted["status"] = {{"phase", "Pending"},
                         {"containerStatuses",
                          {{{"name", "app"},
                            {"state", {{"waiting", {{"reason", "ErrImagePull"}, {"message", "not found"}}}}}}}}};
    set.policy.patience = 5s;
    verdict = set.look(1s);
    CHECK(verdict.state == State::progressing);
    verdict = set.look(6s);
    CHECK(verdict.state == State::failed);
    CHECK(verdict.text.find("1 of 1 new pod: ") != std::string::npos);
  }
  SECTION("scaled down meanwhile: it is not waited for") {
    set.pods.pop_back();
    CHECK(set.look(1s).state == State::progressing);
    set.object["spec"]["replicas"] = 2;
    CHECK(set.look(1s).state == State::done);
  }
}

TEST_CASE("a StatefulSet whose pods may not be read is judged by its status") {
  auto set = stateful_set(3, 0);
  set.pods_readable = false;
  auto& status = set.object["status"];
  status.update({{"replicas", 3}, {"readyReplicas", 3}, {"availableReplicas", 3}});
  SECTION("healthy: done") {
    status.update({{"currentRevision", "b"}, {"currentReplicas", 3}, {"updatedReplicas", 3}});
    const auto verdict = set.look();
    CHECK(verdict.state == State::done);
    CHECK(verdict.text == "3 of 3 pods ready");
    CHECK(verdict.serving == "3 of 3 pods ready, by its status");
    CHECK(verdict.counts.updated == 3);
    CHECK(verdict.counts.ready == 3);
    CHECK(verdict.counts.available == 3);
  }
  SECTION("healthy, where updatedReplicas is absent: done") {
    status.update({{"currentRevision", "b"}, {"currentReplicas", 3}});
    CHECK(set.look().state == State::done);
  }
  SECTION("half way: progressing, for as long as it takes") {
    status.update({{"updatedReplicas", 1}, {"currentReplicas", 2}, {"readyReplicas", 2}, {"availableReplicas", 2}});
    auto verdict = set.look();
    CHECK(verdict.state == State::progressing);
    CHECK(verdict.waiting == std::vector<std::string>{"1 of 3 pods updated", "2 of 3 pods ready"});
    CHECK(verdict.text == "1 of 3 updated, 2 ready");
    CHECK(verdict.counts.ready == 0);  // both may be old ones
    verdict = set.look(3h);
    CHECK(verdict.state == State::progressing);
    CHECK_FALSE(verdict.cause);
    status.update({{"readyReplicas", 0}, {"availableReplicas", 0}});
    verdict = set.look(3h);
    CHECK(verdict.state == State::progressing);
    CHECK(verdict.serving == "0 of 3 pods ready, by its status");
    set.policy.no_progress = 60s;  // asked for by name
    CHECK(set.look(3h).cause->id == "no-progress");
  }
  SECTION("rolled back half way: the pods of the other revision count as old ones") {
    status.update({{"currentRevision", "b"}, {"updatedReplicas", 2}, {"currentReplicas", 2}});
    CHECK(set.look().state == State::progressing);
  }
  SECTION("all updated and not closed: progressing") {
    status.update({{"updatedReplicas", 3}});
    CHECK(set.look().state == State::progressing);
  }
  SECTION("not observed yet: progressing") {
    status.update({{"currentRevision", "b"}, {"updatedReplicas", 3}, {"observedGeneration", 0}});
    CHECK(set.look().state == State::progressing);
  }
  SECTION("an event of before does not say that no pod can be made") {
    status.update({{"updatedReplicas", 3}, {"readyReplicas", 2}, {"availableReplicas", 2}});
    Snapshot snapshot;
    snapshot.object = read_workload(set.object, Kind::stateful_set);
    snapshot.pods_readable = false;
    snapshot.now = set.now;
    snapshot.events.push_back(
        read_event({{"involvedObject", {{"uid", "u"}}},
                    {"reason", "FailedCreate"},
                    {"message", "pods \"db-2\" is forbidden: exceeded quota: q"},
                    {"count", 20},
                    {"lastTimestamp", stamp(set.now)}}));
    for (int i = 0; i < 100; ++i, snapshot.now += 1s) {
      const auto verdict = judge(snapshot, set.policy, set.memory);
      REQUIRE(verdict.state == State::progressing);
      REQUIRE(verdict.troubles.empty());
    }
  }
}

TEST_CASE("a partition without pods to read is as with them") {
  auto set = stateful_set(5, 3);
  set.pods_readable = false;
  set.object["status"].update({{"replicas", 5},
                               {"readyReplicas", 5},
                               {"availableReplicas", 5},
                               {"currentReplicas", 3},
                               {"updatedReplicas", 2}});
  check_held_back_by_three(set);
  set.object["status"]["updatedReplicas"] = 1;
  CHECK(set.look().state == State::progressing);
}

TEST_CASE("OnDelete without pods to read waits for a person, too") {
  auto set = stateful_set(2, 0, "OnDelete");
  set.pods_readable = false;
  set.object["status"].update({{"replicas", 2}, {"readyReplicas", 2}, {"updatedReplicas", 1}, {"currentReplicas", 1}});
  const auto verdict = set.look();
  CHECK(verdict.state == State::held);
  CHECK(verdict.text == "OnDelete: 1 pod at an older revision; delete to update: names are unknown");
  set.object["status"]["updatedReplicas"] = 2;
  CHECK(set.look().state == State::done);
}

TEST_CASE("no other kind fails for pods that may not be read") {
  Simple set{Kind::daemon_set, {}, {}, {}, {}};
  set.pods_readable = false;
  set.object = {{"metadata", {{"name", "x"}, {"uid", "u"}, {"generation", 1}}},
                {"spec", {{"replicas", 2}}},
                {"status",
                 {{"observedGeneration", 1},
                  {"desiredNumberScheduled", 2},
                  {"currentNumberScheduled", 2},
                  {"updatedNumberScheduled", 2},
                  {"numberAvailable", 1},
                  {"numberUnavailable", 1},
                  {"replicas", 2},
                  {"updatedReplicas", 2},
                  {"readyReplicas", 1},
                  {"availableReplicas", 1},
                  {"unavailableReplicas", 1}}}};
  for (const auto kind : {Kind::daemon_set, Kind::replica_set, Kind::replication_controller, Kind::deployment}) {
    set.kind = kind;
    set.memory = Memory{};
    CHECK(set.look().state == State::progressing);
    const auto verdict = set.look(3h);
    CHECK(verdict.state == State::progressing);
    CHECK(verdict.serving.find("nobody") == std::string::npos);
    CHECK(std::ranges::find(verdict.wants_events, "u") == verdict.wants_events.end());
  }
}

TEST_CASE("a DaemonSet") {
  Simple set{Kind::daemon_set, {}, {}, {}, {}};
  set.object = {{"metadata", {{"name", "agent"}, {"uid", "u"}, {"generation", 2}}},
                {"status",
                 {{"observedGeneration", 2},
                  {"desiredNumberScheduled", 2},
                  {"currentNumberScheduled", 2},
                  {"updatedNumberScheduled", 2},
                  {"numberAvailable", 1},
                  {"numberUnavailable", 1}}}};
  CHECK(set.look().state == State::progressing);
  set.object["status"]["numberAvailable"] = 2;
  set.object["status"].erase("numberUnavailable");
  CHECK(set.look().state == State::done);
  set.object["status"] = {{"observedGeneration", 2}, {"desiredNumberScheduled", 0}};
  const auto verdict = set.look();
  CHECK(verdict.state == State::done);
  CHECK(verdict.warnings == std::vector<std::string>{"nothing runs: no node matches", "wanted 2 -> 0"});
}

TEST_CASE("a Job") {
  Simple job{Kind::job, {}, {}, {}, {}};
  job.object = {
      {"metadata", {{"name", "migrate"}, {"uid", "u"}}}, {"spec", {{"completions", 1}}}, {"status", {{"active", 1}}}};
  CHECK(job.look().state == State::progressing);
  SECTION("completes") {
    job.object["status"] = {{"succeeded", 1}, {"conditions", {{{"type", "Complete"}, {"status", "True"}}}}};
    CHECK(job.look().state == State::done);
  }
  SECTION("fails") {
    job.object["status"] = {
        {"failed", 7}, {"conditions", {{{"type", "Failed"}, {"status", "True"}, {"reason", "BackoffLimitExceeded"}}}}};
    const auto verdict = job.look();
    CHECK(verdict.state == State::failed);
    CHECK(verdict.cause->id == "job-failed");
  }
  SECTION("is suspended") {
    job.object["spec"]["suspend"] = true;
    CHECK(job.look().state == State::held);
  }
  SECTION("takes long") {
    job.now += std::chrono::hours(5);
    CHECK(job.look().state == State::progressing);
  }
}

TEST_CASE("a Pod") {
  Simple pod{Kind::pod, {}, {}, {}, {}};
  pod.object = {{"metadata", {{"name", "p"}, {"uid", "p"}}}, {"status", {{"phase", "Pending"}}}};
  pod.pods = {pod.object};
  CHECK(pod.look().state == State::progressing);
  pod.pods[0]["status"] = {{"phase", "Running"}, {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
  CHECK(pod.look().state == State::done);
  pod.pods[0]["status"] = {{"phase", "Succeeded"}};
  CHECK(pod.look().state == State::done);
  pod.pods[0]["status"] = {{"phase", "Failed"}};
  CHECK(pod.look().state == State::failed);
}

TEST_CASE("names of kinds") {
  CHECK(kind_of("deploy") == Kind::deployment);
  CHECK(kind_of("Deployments") == Kind::deployment);
  CHECK(kind_of("deployments.apps") == Kind::deployment);
  CHECK(kind_of("sts") == Kind::stateful_set);
  CHECK_FALSE(kind_of("widget"));
}
