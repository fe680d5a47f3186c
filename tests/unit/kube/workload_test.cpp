// SPDX-License-Identifier: Apache-2.0
#include "kube/workload.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace slipway::kube;
using namespace slipway::kube::test;

namespace {

std::string id_of(const Verdict& verdict) { return verdict.cause ? verdict.cause->id : ""; }

/// Back to health: every pod ready and counted.
void heal(World& world, int replicas) {
  for (int i = 0; i < replicas; ++i) world.running("p" + std::to_string(i), true);
  world.counts(replicas, 0, 0, replicas);
}

constexpr const char* not_found =
    "rpc error: code = NotFound desc = failed to pull and unpack image \"r:5000/web:2\": failed to resolve reference "
    "\"r:5000/web:2\": r:5000/web:2: not found";

}  // namespace

TEST_CASE("a Deployment is done when the new revision alone is there in full") {
  World world(2);
  CHECK(world.look().state == State::progressing);
  world.counts(1, 2, 2, 0);
  CHECK(world.look().state == State::progressing);
  world.counts(2, 1, 1, 1);
  CHECK(world.look().state == State::progressing);
  world.counts(2, 0, 0, 1);  // helm would call this ready with maxUnavailable 1
  CHECK(world.look().state == State::progressing);
  world.counts(2, 0, 0, 2);
  const auto verdict = world.look();
  CHECK(verdict.state == State::done);
  CHECK(verdict.revision == 2);
  CHECK(verdict.waiting.empty());
}

TEST_CASE("a status that is older than the spec says nothing") {
  World world(2);
  world.counts(2, 0, 0, 2);
  world.deployment["metadata"]["generation"] = 3;
  auto verdict = world.look();
  CHECK(verdict.state == State::progressing);
  CHECK(verdict.warnings.empty());
  verdict = world.look(61s);
  CHECK(verdict.state == State::progressing);
  REQUIRE(verdict.warnings.size() == 1);
  CHECK(verdict.warnings[0].find("not acting") != std::string::npos);
  world.deployment["status"]["observedGeneration"] = 3;
  CHECK(world.look().state == State::done);
}

TEST_CASE("Recreate: nothing unavailable between old and new is not done") {
  World world(1);
  world.deployment["spec"]["strategy"] = {{"type", "Recreate"}};
  world.counts(0, 0, 0, 0);
  CHECK(world.look().state == State::progressing);
}

TEST_CASE("scaled to 0 is done, with a warning") {
  World world(0);
  world.counts(0, 0, 0, 0);
  const auto verdict = world.look();
  CHECK(verdict.state == State::done);
  REQUIRE(verdict.warnings.size() == 1);
  CHECK(verdict.warnings[0].find("nothing runs") != std::string::npos);
}

TEST_CASE("old pods that terminate count only when asked for") {
  World world(1);
  world.counts(1, 0, 0, 1);
  world.pod("old", "web-old")["metadata"]["deletionTimestamp"] = stamp(world.now + 30s);
  CHECK(World(world).look().state == State::done);
  world.policy.wait_terminated = true;
  CHECK(world.look().state == State::progressing);
  SECTION("by the pods") {
    world.pods.clear();
    CHECK(world.look().state == State::done);
  }
  SECTION("by the count, where it is served") {
    world.deployment["status"]["terminatingReplicas"] = 1;
    world.pods.clear();
    CHECK(world.look().state == State::progressing);
    world.deployment["status"]["terminatingReplicas"] = 0;
    CHECK(world.look().state == State::done);
  }
}

TEST_CASE("paused is held, but a complete one is done") {
  World world(2);
  world.deployment["spec"]["paused"] = true;
  world.counts(1, 2, 2, 1);
  const auto verdict = world.look();
  CHECK(verdict.state == State::held);
  CHECK(verdict.text.find("paused") == 0);
  world.counts(2, 0, 0, 2);
  CHECK(world.look().state == State::done);
}

TEST_CASE("identity: gone, made anew, superseded") {
  World world(1);
  CHECK(world.look().state == State::progressing);
  SECTION("deleted") {
    world.exists = false;
    CHECK(world.look().state == State::gone);
  }
  SECTION("another object of the same name") {
    world.deployment["metadata"]["uid"] = "d2";
    CHECK(world.look().state == State::gone);
  }
  SECTION("another template") {
    world.deployment["spec"]["template"] = World::pod_template("web:3");
    CHECK(world.look().state == State::superseded);
  }
  SECTION("another template, followed") {
    world.policy.follow_superseded = true;
    world.deployment["spec"]["template"] = World::pod_template("web:1");
    CHECK(world.look().state == State::progressing);
    CHECK(world.look().revision == 1);
  }
  SECTION("scaling and annotations are no new rollout") {
    world.deployment["spec"]["replicas"] = 3;
    world.deployment["metadata"]["annotations"]["x"] = "y";
    const auto verdict = world.look();
    CHECK(verdict.state == State::progressing);
    REQUIRE(verdict.warnings.size() == 1);
    CHECK(verdict.warnings[0] == "wanted 1 -> 3");
  }
}

TEST_CASE("an image that is not there fails after it stayed so and was tried twice") {
  World world(2);
  world.counts(1, 2, 2);
  world.waiting("p0", "ErrImagePull", not_found);
  SECTION("twice, for half a minute") {
    CHECK(world.watch(10s).state == State::progressing);
    world.waiting("p0", "ImagePullBackOff", "Back-off pulling image \"r:5000/web:2\"");
    CHECK(world.watch(5s).state == State::progressing);
    world.waiting("p0", "ErrImagePull", not_found);
    auto verdict = world.watch(10s);
    CHECK(verdict.state == State::progressing);
    CHECK(id_of(verdict) == "image-not-found");  // remembered under the back-off
    REQUIRE(verdict.look_again);
    CHECK(*verdict.look_again <= 5s);
    verdict = world.watch(10s);
    CHECK(verdict.state == State::failed);
    REQUIRE(verdict.cause);
    CHECK(verdict.cause->id == "image-not-found");
    CHECK(verdict.cause->count == 2);
    CHECK(verdict.cause->pod == "p0");
    CHECK(verdict.cause->text.find("not found") != std::string::npos);
    CHECK(verdict.serving == "rev 1: 2 of 2 pods available; no capacity lost");
    CHECK(verdict.serving_revision == 1);
    CHECK(verdict.changed == "rev 1 -> 2: image web:1 -> web:2");
  }
  SECTION("only one attempt is no proof") { CHECK(world.watch(120s).state == State::progressing); }
  SECTION("it appears in time") {
    CHECK(world.watch(20s).state == State::progressing);
    world.running("p0", false);
    auto verdict = world.look();
    REQUIRE(verdict.recovered.size() == 1);
    CHECK(verdict.recovered[0].find("ImageNotFound") != std::string::npos);
    heal(world, 2);
    CHECK(world.watch(60s).state == State::done);
  }
  SECTION("a shorter patience may be asked for") {
    world.policy.patience = 1s;
    world.memory.pulls["uid-p0"]["main"].attempts = 1;
    CHECK(world.watch(3s).state == State::failed);
  }
  SECTION("joined late, the back-off's own text and the events tell") {
    world.waiting("p0", "ImagePullBackOff",
                  std::string("Back-off pulling image \"r:5000/web:2\": ErrImagePull: ") + not_found);
    world.event("uid-p0", "Failed", std::string("Failed to pull image \"r:5000/web:2\": ") + not_found, 4);
    const auto verdict = world.watch(40s);
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "image-not-found");
    CHECK(verdict.cause->count == 4);
  }
  SECTION("a class can be switched to a warning") {
    world.policy.classes["image-not-found"] = Mode::warn;
    world.memory.pulls["uid-p0"]["main"].attempts = 5;
    CHECK(world.watch(300s).state == State::progressing);
    world.policy.classes["image-not-found"] = Mode::off;
    CHECK(id_of(world.look()).empty());
  }
}

TEST_CASE("old pods never fail a rollout") {
  World world(2);
  world.counts(1, 2, 0);
  world.pod("old", "web-old");
  world.waiting("old", "CrashLoopBackOff", "", 40, World::exit(1));
  CHECK(world.watch(200s).state == State::progressing);
}

TEST_CASE("a crash loop needs repetition") {
  World world(2);
  world.counts(2, 0, 0);
  SECTION("three restarts of one pod are enough") {
    world.running("p1", true);
    world.waiting("p0", "CrashLoopBackOff", "", 2, World::exit(1));
    CHECK(world.watch(60s).state == State::progressing);
    world.waiting("p0", "CrashLoopBackOff", "", 3, World::exit(1));
    const auto verdict = world.look();
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "crash-loop");
    CHECK(verdict.cause->text.find("exit 1") != std::string::npos);
    CHECK(verdict.cause->container == "main");
  }
  SECTION("two pods with two restarts each, too") {
    world.waiting("p0", "CrashLoopBackOff", "", 2, World::exit(1));
    world.waiting("p1", "CrashLoopBackOff", "", 2, World::exit(1));
    CHECK(world.look().state == State::failed);
  }
  SECTION("a first crash heals") {
    world.waiting("p0", "CrashLoopBackOff", "", 1, World::exit(1));
    world.waiting("p1", "CrashLoopBackOff", "", 1, World::exit(1));
    CHECK(world.watch(30s).state == State::progressing);
    heal(world, 2);
    CHECK(world.look().state == State::done);
  }
  SECTION("the limit can be raised") {
    world.policy.max_restarts = 6;
    world.waiting("p0", "CrashLoopBackOff", "", 3, World::exit(1));
    world.waiting("p1", "CrashLoopBackOff", "", 4, World::exit(1));
    CHECK(world.look().state == State::progressing);
  }
  SECTION("exit 0 is named for what it is") {
    world.waiting("p0", "CrashLoopBackOff", "", 3, World::exit(0, "Completed"));
    CHECK(world.look().cause->text.find("exit 0") != std::string::npos);
  }
}

TEST_CASE("classes of a container that does not run") {
  World world(1);
  world.counts(1, 0, 0);
  struct Row {
    const char* reason;
    const char* message;
    const char* id;
    std::chrono::seconds least;  ///< no verdict before
    std::chrono::seconds most;   ///< a verdict by then
  };
  const auto row =
      GENERATE(Row{"InvalidImageName", "couldn't parse", "invalid-image-name", -1s, 1s},
               Row{"ErrImageNeverPull", "not present", "image-never-pull", 8s, 11s},
               Row{"CreateContainerConfigError", "secret \"x\" not found", "config-error", 28s, 31s},
               Row{"CreateContainerConfigError", "failed to sync secret cache: timed out", "config-sync", 170s, 182s},
               Row{"CreateContainerError", "context deadline exceeded", "start-error", 110s, 122s});
  INFO(row.reason << ": " << row.message);
  world.waiting("p0", row.reason, row.message);
  SECTION("stays: fails in its time") {
    if (row.least > 0s) CHECK(world.watch(row.least).state == State::progressing);
    const auto verdict = world.watch(row.most);
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == row.id);
  }
  SECTION("heals: done") {
    if (row.least > 0s) {
      CHECK(world.watch(row.least).state == State::progressing);
      heal(world, 1);
      CHECK(world.watch(5s).state == State::done);
    }
  }
}

TEST_CASE("a timer starts again when its trouble has been away") {
  World world(1);
  world.counts(1, 0, 0);
  world.waiting("p0", "CreateContainerConfigError", "secret \"x\" not found");
  CHECK(world.watch(25s).state == State::progressing);
  world.waiting("p0", "ContainerCreating");
  CHECK(world.look(1s).state == State::progressing);
  world.waiting("p0", "CreateContainerConfigError", "secret \"x\" not found");
  CHECK(world.watch(25s).state == State::progressing);
  CHECK(world.watch(10s).state == State::failed);
}

TEST_CASE("how a container ended decides its class") {
  World world(1);
  world.counts(1, 0, 0);
  world.pod("p0")["spec"]["containers"][0]["resources"] = {{"limits", {{"memory", "64Mi"}}}};
  SECTION("OOM names the limit") {
    world.waiting("p0", "CrashLoopBackOff", "", 2, World::exit(137, "OOMKilled"));
    const auto verdict = world.look();
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "oom-killed");
    CHECK(verdict.cause->text.find("64Mi") != std::string::npos);
  }
  SECTION("no such command") {
    world.waiting("p0", "CrashLoopBackOff", "", 1,
                  World::exit(128, "StartError", "exec: \"nope\": executable file not found in $PATH"));
    const auto verdict = world.look();
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "cannot-run");
  }
  SECTION("127 once is not enough") {
    world.waiting("p0", "CrashLoopBackOff", "", 0, World::exit(127));
    CHECK(world.look().state == State::progressing);
  }
  SECTION("killed by its probe") {
    world.pod("p0")["spec"]["containers"][0]["livenessProbe"] = {{"httpGet", {{"path", "/live"}, {"port", 80}}},
                                                                 {"periodSeconds", 5}};
    world.event("uid-p0", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", 3);
    world.event("uid-p0", "Killing", "Container main failed liveness probe, will be restarted");
    world.waiting("p0", "CrashLoopBackOff", "", 3, World::exit(137));
    const auto verdict = world.look();
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "probe-kill");
    CHECK(verdict.cause->text.find("http-get :80/live") != std::string::npos);
  }
}

TEST_CASE("pods that cannot be made") {
  World world(2);
  world.counts(0, 2, 2);
  SECTION("denied by policy") {
    world.condition("ReplicaFailure", "True", "FailedCreate",
                    "pods \"web-new-\" is forbidden: violates PodSecurity \"restricted\"");
    CHECK(world.watch(10s).state == State::progressing);
    const auto verdict = world.watch(10s);
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "create-denied");
    CHECK(verdict.cause->pod.empty());
  }
  SECTION("over quota") {
    world.condition("ReplicaFailure", "True", "FailedCreate",
                    "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1");
    CHECK(world.watch(50s).state == State::progressing);
    const auto verdict = world.watch(20s);
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "quota");
  }
  SECTION("over quota, and nothing can ever make room") {
    world.deployment["spec"]["strategy"] = {{"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}};
    world.pod("old", "web-old");
    world.condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: q");
    CHECK(world.watch(8s).state == State::failed);
  }
  SECTION("quota frees up") {
    world.condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: q");
    CHECK(world.watch(50s).state == State::progressing);
    world.condition("ReplicaFailure", "False", "", "");
    heal(world, 2);
    CHECK(world.watch(5s).state == State::done);
  }
  SECTION("a webhook that is away gets its time") {
    const std::string refused = "Internal error occurred: failed calling webhook \"x\": connection refused";
    world.condition("ReplicaFailure", "True", "FailedCreate", refused);
    world.event("web-new", "FailedCreate", "Error creating: " + refused, 3);
    CHECK(world.watch(100s).state == State::progressing);
    CHECK(id_of(world.look()) == "webhook-down");
  }
}

TEST_CASE("scheduling and volumes") {
  World world(1);
  world.counts(1, 0, 0);
  auto& status = world.pod("p0")["status"];
  const auto scheduled = [&](const char* message) {
    status["conditions"] = json::array(
        {{{"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}, {"message", message}}});
  };
  SECTION("no node") {
    scheduled("0/1 nodes are available: 1 Insufficient memory.");
    CHECK(world.watch(110s).state == State::progressing);
    const auto verdict = world.watch(20s);
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "unschedulable");
  }
  SECTION("no node, but the autoscaler brings one") {
    scheduled("0/1 nodes are available: 1 Insufficient memory.");
    world.event("uid-p0", "TriggeredScaleUp", "pod triggered scale-up");
    CHECK(world.watch(500s).state == State::progressing);
    heal(world, 1);
    CHECK(world.watch(5s).state == State::done);
  }
  SECTION("no such claim") {
    scheduled("0/1 nodes are available: persistentvolumeclaim \"data\" not found.");
    CHECK(id_of(world.watch(32s)) == "volume-missing");
    CHECK(world.look().state == State::failed);
  }
  SECTION("a mount that keeps failing") {
    world.waiting("p0", "ContainerCreating");
    world.event("uid-p0", "FailedMount", "MountVolume.SetUp failed for volume \"d\": timed out", 4);
    CHECK(world.watch(100s).state == State::progressing);
    const auto verdict = world.watch(30s);
    CHECK(id_of(verdict) == "volume-pending");
    CHECK(verdict.state == State::failed);
  }
}

TEST_CASE("never ready is a note, and the deadline's explanation") {
  World world(1);
  world.deployment["spec"]["progressDeadlineSeconds"] = 120;
  world.counts(1, 0, 0);
  world.pod("p0")["spec"]["containers"][0]["readinessProbe"] = {{"httpGet", {{"path", "/ready"}, {"port", 80}}}};
  world.running("p0", false);
  world.event("uid-p0", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 9);
  CHECK(world.watch(100s).state == State::progressing);
  CHECK(id_of(world.look()) == "never-ready");
  world.now += 30s;
  world.condition("Progressing", "False", "ProgressDeadlineExceeded");
  CHECK(world.watch(5s).state == State::progressing);  // it has to stand
  const auto verdict = world.watch(10s);
  CHECK(verdict.state == State::failed);
  CHECK(id_of(verdict) == "progress-deadline");
  CHECK(verdict.cause->text.find("http-get :80/ready") != std::string::npos);
  CHECK(verdict.cause->text.find("503") != std::string::npos);
}

TEST_CASE("a deadline condition counts only for this rollout") {
  World world(2);
  world.counts(1, 2, 2);
  SECTION("older than the pods that are coming up after an undo") {
    world.condition("Progressing", "False", "ProgressDeadlineExceeded");
    world.now += 30s;
    world.sets[1]["metadata"]["creationTimestamp"] = stamp(world.now - 7200s);
    world.running("p0", false);  // created now
    CHECK(world.watch(60s).state == State::progressing);
  }
  SECTION("older than our own change") {
    world.condition("Progressing", "False", "ProgressDeadlineExceeded");
    world.now += 1s;
    world.sets[1]["metadata"]["creationTimestamp"] = stamp(world.now - 7200s);
    world.policy.changed_at = world.now;
    CHECK(world.watch(60s).state == State::progressing);
  }
  SECTION("joined late: half a minute without a new available pod") {
    world.sets[1]["metadata"]["creationTimestamp"] = stamp(world.now - 7200s);
    world.running("p0", false);
    world.pod("p0")["metadata"]["creationTimestamp"] = stamp(world.now - 7000s);
    world.condition("Progressing", "False", "ProgressDeadlineExceeded");
    world.now += 60s;
    CHECK(world.watch(25s).state == State::progressing);
    CHECK(world.watch(10s).state == State::failed);
  }
  SECTION("no deadline, no condition of one") {
    world.deployment["spec"]["progressDeadlineSeconds"] = 2147483647;
    world.now += 1s;
    world.condition("Progressing", "False", "ProgressDeadlineExceeded");
    CHECK(world.watch(60s).state == State::progressing);
  }
}

TEST_CASE("our own clock ends what no deadline covers") {
  World world(2);
  world.deployment["spec"]["progressDeadlineSeconds"] = 2147483647;
  world.policy.no_progress = 90s;
  world.counts(1, 2, 2);
  CHECK(world.watch(80s).state == State::progressing);
  world.counts(2, 2, 2);  // a little progress turns it back
  CHECK(world.watch(80s).state == State::progressing);
  const auto verdict = world.watch(20s);
  CHECK(verdict.state == State::failed);
  CHECK(id_of(verdict) == "no-progress");
}

TEST_CASE("--stable: done has to last") {
  World world(1);
  world.policy.stable = 10s;
  heal(world, 1);
  CHECK(world.look().state == State::progressing);
  SECTION("it lasts") {
    const auto verdict = world.watch(20s);
    CHECK(verdict.state == State::done);
  }
  SECTION("it crashes") {
    CHECK(world.look(5s).state == State::progressing);
    world.waiting("p0", "CrashLoopBackOff", "", 1, World::exit(1));
    world.counts(1, 0, 0, 0);
    const auto verdict = world.look(1s);
    CHECK(verdict.state == State::failed);
    CHECK(id_of(verdict) == "unstable");
    CHECK(verdict.cause->pod == "p0");
  }
  SECTION("a scale-up in between starts it again") {
    world.deployment["spec"]["replicas"] = 2;
    CHECK(world.look(5s).state == State::progressing);
    heal(world, 2);
    CHECK(world.look(1s).state == State::progressing);
    CHECK(world.watch(12s).state == State::done);
  }
}

TEST_CASE("the first look can be a verdict") {
  World world(1);
  world.counts(1, 0, 0);
  world.waiting("p0", "CrashLoopBackOff", "", 7, World::exit(1));
  CHECK(world.look().state == State::failed);
}

TEST_CASE("who serves") {
  World world(4);
  world.counts(2, 2, 2, 1);
  CHECK(world.look().serving == "rev 1: 2 of 4 pods available, rev 2: 1 of 4 pods available; 1 of 4 missing");
  world.counts(2, 2, 0, 0);
  CHECK(world.look().serving == "nobody: no pod of any revision is available");
}

TEST_CASE("without leave to read ReplicaSets or pods it still ends") {
  World world(2);
  world.counts(2, 0, 0, 2);
  auto blind = world.snapshot();
  blind.replica_sets.clear();
  blind.pods.clear();
  blind.sets_readable = blind.pods_readable = false;
  Memory memory;
  CHECK(judge(blind, Policy{}, memory).state == State::done);
}

TEST_CASE("order never matters") {
  // Every legal order of conditions, ReplicaSets, pods and events gives the same verdicts.
  const auto run = [](unsigned seed) {
    World world(4);
    world.shuffle = seed;
    world.counts(2, 4, 4);
    world.condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: q");
    world.waiting("p0", "ErrImagePull", not_found);
    world.waiting("p1", "CrashLoopBackOff", "", 2, World::exit(1));
    world.event("uid-p0", "Failed", "Failed to pull image \"r:5000/web:2\": not found", 2);
    world.event("uid-p1", "BackOff", "Back-off restarting failed container");
    std::string told;
    for (int i = 0; i < 40; ++i) {
      const auto verdict = world.look(1s);
      told += fmt::format("{} {} {} {}\n", name_of(verdict.state), verdict.text, id_of(verdict), verdict.serving);
    }
    return told;
  };
  const auto expected = run(0);
  CHECK(expected.find("failed ImageNotFound") != std::string::npos);
  for (unsigned seed = 1; seed <= 50; ++seed) REQUIRE(run(seed) == expected);
}

TEST_CASE("paused before the controller has made anything of the new template") {
  World world(2);
  world.deployment["spec"]["paused"] = true;
  world.deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1";
  world.sets.pop_back();
  world.deployment["status"]["updatedReplicas"] = 0;
  const auto verdict = world.look();
  CHECK(verdict.state == State::held);
  CHECK(verdict.text == "paused: 0 of 2 updated, 0 available, 2 old");
  CHECK(verdict.changed.empty());
  CHECK(verdict.serving_revision == 1);
}

TEST_CASE("a limit to the patience does not wait for a second attempt") {
  World world(2);
  world.counts(1, 2, 2);
  world.policy.patience = 2s;
  world.waiting("p0", "ErrImagePull", not_found);
  CHECK(world.watch(1s).state == State::progressing);
  CHECK(world.watch(3s).state == State::failed);
}

TEST_CASE("a first start without a readiness probe has to last for a moment") {
  World world(1);
  world.pod("a")["spec"]["containers"][0].erase("readinessProbe");
  world.running("a", true);
  world.counts(1, 0, 0, 1);
  CHECK(world.look().state == State::progressing);
  SECTION("which it does") {
    CHECK(world.look(2s).state == State::progressing);
    CHECK(world.look(1s).state == State::done);
  }
  SECTION("or ends") {
    world.waiting("a", "CrashLoopBackOff", "back-off", 1, World::exit(3));
    CHECK(world.look(1s).state == State::progressing);  // although the status still counts it
    world.counts(1, 0, 0, 0);
    world.waiting("a", "CrashLoopBackOff", "back-off", 3, World::exit(3));
    const auto verdict = world.look(20s);
    CHECK(verdict.state == State::failed);
    CHECK(verdict.cause->id == "crash-loop");
  }
  SECTION("or ends, and that is all that is known yet") {
    auto& status = world.pod("a")["status"]["containerStatuses"][0];
    status["state"] = {{"terminated", World::exit(3)}};
    status["ready"] = false;
    CHECK(world.look(5s).state == State::progressing);
  }
  SECTION("unless somebody asks it whether it is well") {
    world.pod("a")["spec"]["containers"][0]["readinessProbe"] = {{"exec", {{"command", {"true"}}}}};
    CHECK(world.look().state == State::done);
  }
  SECTION("a single look says what it sees") {
    world.policy.one_look = true;
    CHECK(world.look().state == State::done);
  }
}
