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

  Verdict look() {
    Snapshot snapshot;
    snapshot.object = read_workload(object, kind);
    for (const auto& pod : pods) snapshot.pods.push_back(read_pod(pod));
    snapshot.now = now;
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

TEST_CASE("a partition holds pods back") {
  auto set = stateful_set(5, 3);
  for (const char* name : {"db-0", "db-1", "db-2"}) set.pod(name, "a", true);
  for (const char* name : {"db-3", "db-4"}) set.pod(name, "b", true);
  auto verdict = set.look();
  CHECK(verdict.state == State::done);
  CHECK(verdict.partitioned);
  REQUIRE(verdict.warnings.size() == 1);
  CHECK(verdict.warnings[0] == "2 of 5 at revision b, 3 held back by partition 3");
  set.policy.require_full = true;
  CHECK(set.look().state == State::held);
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
