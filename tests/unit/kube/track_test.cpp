// SPDX-License-Identifier: Apache-2.0
// Waiting against a small server: what may not be read holds nobody up, and neither does a server that is away.
#include "core/error.hpp"
#include "kube/track.hpp"
#include "kube/watch.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "world.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>

using namespace slipway;
using namespace slipway::kube;
using namespace std::chrono_literals;
using kube::test::World;
using nlohmann::json;
using testing::RecordedRun;
using Steady = std::chrono::steady_clock;

namespace {

Access access_to(int port) {
  Access access;
  access.context = "here";
  access.user = "ann";
  access.server = "http://127.0.0.1:" + std::to_string(port);
  return access;
}

slipway::test::Answer forbidden() {
  slipway::test::Answer answer;
  answer.status = 403;
  answer.body = json{{"kind", "Status"}, {"message", "forbidden"}, {"code", 403}}.dump();
  return answer;
}

slipway::test::Answer list_of(const json& items) {
  slipway::test::Answer answer;
  answer.body = json{{"kind", "List"}, {"metadata", {{"resourceVersion", "5"}}}, {"items", items}}.dump();
  return answer;
}

/// A cluster with one Deployment, half way; what may not be read is refused. With `after`, what is asked only after
/// the verdict is counted and never answered.
slipway::test::HttpServer::Handler serving(const World& world, std::vector<std::string> refused,
                                           std::atomic<int>* after = nullptr) {
  return [&world, refused = std::move(refused), after](const slipway::test::Seen& seen) {
    const auto path = seen.target.substr(0, seen.target.find('?'));
    const auto last = path.substr(path.rfind('/') + 1);
    if (after && last == "horizontalpodautoscalers") {
      ++*after;
      slipway::test::Answer never;
      never.hang = true;
      return never;
    }
    if (std::ranges::find(refused, last) != refused.end()) return forbidden();
    if (seen.target.find("watch=1") != std::string::npos) {
      slipway::test::Answer stream;
      stream.hang = true;
      return stream;
    }
    if (last == "deployments") return list_of(json::array({world.deployment}));
    if (last == "replicasets") return list_of(world.sets);
    if (last == "pods") return list_of(world.pods);
    return list_of(json::array());
  };
}

World half_way() {
  World world(2);
  world.now = std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now());
  world.counts(1, 2, 2);
  world.waiting("p0", "ContainerCreating");
  world.pod("p0")["metadata"]["creationTimestamp"] = kube::test::stamp(world.now - 60s);
  return world;
}

const Target web{Kind::deployment, "test", "web", std::nullopt};

}  // namespace

TEST_CASE("a watch that is refused tells it, as of an empty list") {
  const slipway::test::HttpServer server([](const slipway::test::Seen&) { return forbidden(); });
  Client client(access_to(server.port()), "t/1");
  const RecordedRun run;
  std::vector<Watch::Change> told;
  WatchOptions options;
  options.path = "/api/v1/pods";
  options.optional = true;
  Watch watch(client, options, [&](Watch::Change change, json&) { told.push_back(change); });
  for (int i = 0; i < 100 && told.empty(); ++i)
    client.wait(std::min<std::chrono::milliseconds>(watch.step(run.run), 100ms), run.run);
  CHECK(told == std::vector{Watch::Change::replaced, Watch::Change::listed});
  CHECK(watch.synced());
  CHECK_FALSE(watch.readable());
  CHECK(watch.trouble().empty());
}

TEST_CASE("one look answers at once, whatever may not be read") {
  const auto world = half_way();
  const auto refused =
      GENERATE(std::vector<std::string>{"events"}, std::vector<std::string>{"pods"},
               std::vector<std::string>{"replicasets"}, std::vector<std::string>{"pods", "replicasets"},
               std::vector<std::string>{"pods", "replicasets", "events", "horizontalpodautoscalers"});
  const slipway::test::HttpServer server(serving(world, refused));
  Client client(access_to(server.port()), "t/1");
  RecordedRun run;
  run.run.deadline = Deadline::in(5s);  // of the test, not of the look
  TrackOptions options;
  options.wait = false;
  options.explain = GENERATE(false, true);
  const auto begun = Steady::now();
  const auto outcomes = wait_ready(client, {web}, options, run.run);
  CHECK(Steady::now() - begun < 1500ms);
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].verdict.state == State::progressing);
}

TEST_CASE("out of time with a server that is away ends in time") {
  int port = 0;
  {
    const slipway::test::HttpServer gone([](const slipway::test::Seen&) { return forbidden(); });
    port = gone.port();
  }
  Client client(access_to(port), "t/1", {.grace = 10s});
  RecordedRun run;
  TrackOptions options;
  SECTION("never seen") {
    run.run.deadline = Deadline::in(300ms);
    const auto begun = Steady::now();
    // Several, and StatefulSets too: none is asked about again.
    const auto outcomes = wait_ready(client, {web, {Kind::stateful_set, "test", "db", std::nullopt}}, options, run.run);
    CHECK(Steady::now() - begun < 1s);
    CHECK(outcomes[0].verdict.state == State::timeout);
    CHECK(outcomes[0].verdict.text.find("cannot be reached") != std::string::npos);
    CHECK(outcomes[1].verdict.state == State::timeout);
  }
  SECTION("one look") {
    options.wait = false;
    options.api_grace = 700ms;  // 10 s at most
    const auto begun = Steady::now();
    const auto outcomes = wait_ready(client, {web}, options, run.run);
    CHECK(Steady::now() - begun < 1200ms);
    CHECK(outcomes[0].verdict.state == State::unreachable);
  }
}

TEST_CASE("what does not come within two seconds after a timeout is left out") {
  const auto world = half_way();
  std::atomic<int> asked{0};
  const slipway::test::HttpServer server(serving(world, {}, &asked));
  Client client(access_to(server.port()), "t/1", {.grace = 10s});
  RecordedRun run;
  run.run.deadline = Deadline::in(300ms);
  const auto begun = Steady::now();
  const auto outcomes = wait_ready(client, {web, web, web}, TrackOptions{}, run.run);
  CHECK(Steady::now() - begun < 2900ms);  // all of them together
  CHECK(asked > 0);
  for (const auto& each : outcomes) CHECK(each.verdict.state == State::timeout);
  CHECK(outcomes[0].verdict.text == "1 of 2 updated, 0 available, 2 old");
}

TEST_CASE("what has ended is told while others are waited for, and watched on as it is told to be") {
  const auto world = half_way();
  // "slow" is half way for ever; "web" is not there until the end of its first wait.
  std::atomic<bool> made = false;
  const auto rest = serving(world, {});
  const slipway::test::HttpServer server([&](const slipway::test::Seen& seen) {
    const bool lists_web = seen.target.find("metadata.name%3Dweb") != std::string::npos &&
                           seen.target.find("watch=1") == std::string::npos;
    return lists_web && !made ? list_of(json::array()) : rest(seen);
  });
  Client client(access_to(server.port()), "t/1");
  RecordedRun run;
  run.run.deadline = Deadline::in(1500ms);
  const auto begun = Steady::now();
  std::vector<std::pair<std::string, Steady::duration>> ended;
  const auto note = [&](const char* which, const Outcome& outcome) {
    ended.emplace_back(std::string(which) + ' ' + outcome.target.name + ' ' +
                           std::string(name_of(outcome.verdict.state)),
                       Steady::now() - begun);
  };
  TrackOptions options;
  options.on_end = [&](const Outcome& outcome) -> std::optional<FollowUp> {
    note("first", outcome);
    if (outcome.target.name != "web") return std::nullopt;
    made = true;
    FollowUp next;
    next.deadline = Deadline::in(400ms);
    next.options.on_end = [&](const Outcome& again) -> std::optional<FollowUp> {
      note("second", again);
      return std::nullopt;
    };
    return next;
  };
  const auto outcomes = wait_ready(client, {web, {Kind::deployment, "test", "slow", std::nullopt}}, options, run.run);
  REQUIRE(ended.size() == 3);
  CHECK(ended[0].first == "first web gone");
  CHECK(ended[0].second < 300ms);
  CHECK(ended[1].first == "second web timeout");  // by its own clock
  CHECK(ended[1].second < 1200ms);
  CHECK(ended[2].first == "first slow timeout");
  CHECK(ended[2].second >= 1500ms);
  REQUIRE(outcomes.size() == 2);  // of what was asked for, and what came of it first
  CHECK(outcomes[0].verdict.state == State::gone);
  CHECK(outcomes[1].verdict.state == State::timeout);
}

TEST_CASE("what is seen is told as data, in the order of its happening") {
  const auto world = half_way();
  const slipway::test::HttpServer server(serving(world, {"events"}));
  Client client(access_to(server.port()), "t/1");
  RecordedRun run;
  run.run.deadline = Deadline::in(300ms);
  std::vector<Sighting::What> whats;
  std::string pod;
  TrackOptions options;
  options.on_sight = [&](const Outcome& outcome, const Sighting& sighting) {
    CHECK(outcome.target == web);
    CHECK(outcome.uid == "d1");
    whats.push_back(sighting.what);
    if (sighting.pod) pod = sighting.pod->name + ": " + sighting.text;
  };
  (void)wait_ready(client, {web}, options, run.run);
  using What = Sighting::What;
  CHECK(whats == std::vector{What::start, What::pod, What::progress, What::warning});
  CHECK(pod == "p0: Pending");
}
