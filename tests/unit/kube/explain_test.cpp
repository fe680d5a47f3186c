// SPDX-License-Identifier: Apache-2.0
#include "kube/explain.hpp"
#include "support/catch.hpp"

using namespace slipway::kube;

namespace {

Outcome crashed() {
  Outcome outcome;
  outcome.target = {Kind::deployment, "web", "web"};
  outcome.took = std::chrono::seconds(42);
  auto& verdict = outcome.verdict;
  verdict.state = State::failed;
  verdict.text = "CrashLoop: 1 of 1 new pod: exit 3";
  verdict.revision = 14;
  verdict.images = {"registry.example.org/team/web:2026"};
  Cause cause;
  cause.id = "crash-loop";
  cause.name = "CrashLoop";
  cause.text = "1 of 1 new pod: exit 3";
  cause.pod = "web-x";
  cause.container = "main";
  verdict.cause = cause;
  verdict.troubles = {cause};
  verdict.serving = "rev 13: 4 of 4 pods available; no capacity lost";
  verdict.changed = "rev 13 -> 14: image a -> b";
  outcome.logs.push_back({"web-x", "main", true, {"starting", "no database"}, {}});
  for (int i = 0; i < 8; ++i)
    outcome.events.push_back({"u", "pod/web-x", "Warning", "BackOff", "try " + std::to_string(i), 1, {}});
  outcome.events.push_back({"u", "pod/web-x", "Normal", "Pulled", "fine", 1, {}});
  return outcome;
}

bool holds(const std::vector<std::string>& lines, std::string_view text) {
  for (const auto& line : lines)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("a failure on one screen") {
  const auto lines = explain(crashed(), {.place = "dc1/web", .next = "k8s-rollout undo deployment/web"});
  CHECK(lines.front() == "FAILED  deployment/web  dc1/web  rev 14 (image web:2026)  after 42.0 s");
  CHECK(holds(lines, "cause   CrashLoop: 1 of 1 new pod: exit 3"));
  CHECK(holds(lines, "pod     web-x  container main"));
  CHECK(holds(lines, "logs    main, the run before, last 2 lines:"));
  CHECK(holds(lines, "        | no database"));
  CHECK(holds(lines, "serving rev 13: 4 of 4"));
  CHECK(holds(lines, "changed rev 13 -> 14"));
  CHECK(lines.back() == "next    k8s-rollout undo deployment/web");
  CHECK(holds(lines, "try 7"));
  CHECK_FALSE(holds(lines, "try 2"));  // the newest five
  CHECK_FALSE(holds(lines, "fine"));   // what went well explains nothing
  CHECK(lines.size() <= 20);
}

TEST_CASE("a timeout names what is missing, and is no failure") {
  auto outcome = crashed();
  outcome.verdict.state = State::timeout;
  outcome.verdict.text = "1 of 4 updated, 0 available";
  outcome.verdict.waiting = {"1 of 4 pods updated", "2 old pods still there"};
  const auto lines = explain(outcome, {.place = "dc1/web"});
  CHECK(lines.front().find("TIMEOUT") == 0);
  CHECK(holds(lines, "missing 2 old pods still there"));
  CHECK(holds(lines, "cause   CrashLoop"));
  CHECK(summary_line(outcome).find("timed out without a verdict") != std::string::npos);
}

TEST_CASE("kubectl's words for success") {
  auto outcome = crashed();
  outcome.verdict.state = State::done;
  CHECK(summary_line(outcome) == "deployment \"web\" successfully rolled out");
  CHECK(explain(outcome, {}).size() == 1);
}

TEST_CASE("equal refusals of many pods are one line") {
  auto outcome = crashed();
  outcome.events.clear();
  for (int i = 0; i < 5; ++i)
    outcome.events.push_back({"u",
                              "replicaset/web",
                              "Warning",
                              "FailedCreate",
                              "pods \"web-" + std::to_string(i) + "\" is forbidden",
                              2,
                              {}});
  const auto lines = explain(outcome, {});
  CHECK(holds(lines, "x10 Warning FailedCreate: pods \"web-4\""));
  CHECK_FALSE(holds(lines, "web-3"));
}
