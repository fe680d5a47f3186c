// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "lock.hpp"
#include "outcome.hpp"
#include "standing.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::deploy_helm;
using namespace std::chrono_literals;

namespace {

Standing history(std::vector<std::pair<std::string, std::string>> revisions) {
  Standing standing;
  for (auto& [status, description] : revisions)
    standing.history.push_back({.number = static_cast<int>(standing.history.size()) + 1,
                                .updated = "2026-11-25T01:00:00Z",
                                .status = status,
                                .description = description});
  return standing;
}

int number(const Revision* revision) { return revision != nullptr ? revision->number : 0; }

std::string ours(char digit) {
  return "image r/x@sha256:" + std::string(64, digit) + " config cccccccccccc plan dddddddddddd by me@host";
}

bool every_process(int) { return true; }
bool no_process(int) { return false; }

}  // namespace

TEST_CASE("what runs: the newest deployed one, under a failed one", "[deploy-helm]") {
  CHECK(number(history({}).deployed()) == 0);
  CHECK(number(history({{"superseded", ""}, {"deployed", ""}, {"failed", ""}}).deployed()) == 2);
  CHECK(number(history({{"superseded", ""}, {"superseded", ""}, {"pending-upgrade", ""}}).deployed()) == 2);
  CHECK(number(history({{"failed", ""}}).deployed()) == 0);
}

TEST_CASE("back means the good one before, not one that was undone", "[deploy-helm]") {
  CHECK(number(history({{"superseded", ""}, {"superseded", ""}, {"deployed", ""}}).previous_good()) == 2);
  CHECK(number(history({{"deployed", ""}}).previous_good()) == 0);
  CHECK(number(history({}).previous_good()) == 0);
  // 3 failed and was undone by 4, which is 2 again: back from there is 1.
  const auto undone =
      history({{"superseded", ""}, {"superseded", ""}, {"superseded", ""}, {"deployed", "Rollback to 2"}});
  CHECK(number(undone.previous_good()) == 1);
  CHECK(undone.origin_of(undone.history[3]).number == 2);
  CHECK(undone.undone(undone.history[2]));
  CHECK_FALSE(undone.undone(undone.history[1]));
  CHECK_FALSE(undone.undone(undone.history[3]));
  // A good one on top of that: back is the rollback, not the failure.
  auto later = undone;
  later.history[3].status = "superseded";
  later.history.push_back({.number = 5, .status = "deployed"});
  CHECK(number(later.previous_good()) == 4);
  // A failed one on top is gone back from itself.
  CHECK(number(history({{"superseded", ""}, {"deployed", ""}, {"failed", ""}}).previous_good()) == 2);
}

TEST_CASE("rollbacks that point nowhere or at themselves end the search", "[deploy-helm]") {
  const auto odd = history({{"superseded", "Rollback to 7"}, {"deployed", "Rollback to 2"}});
  CHECK(odd.origin_of(odd.history[0]).number == 1);
  CHECK(odd.origin_of(odd.history[1]).number == 2);
}

TEST_CASE("a revision's image: its record, through rollbacks, else its manifest", "[deploy-helm]") {
  const auto standing = history(
      {{"superseded", ours('a')}, {"superseded", ours('b')}, {"superseded", "Rollback to 1"}, {"deployed", "by hand"}});
  CHECK(image_of(standing, standing.history[2], "") == "r/x@sha256:" + std::string(64, 'a'));
  CHECK(image_of(standing, standing.history[3], "").empty());
  auto by_hand = standing.history[3];
  by_hand.manifest =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: \"side:1\"}, {image: \"r/x:2\"}]}";
  CHECK(image_of(standing, by_hand, "r/x") == "r/x:2");
  CHECK(image_of(standing, by_hand, "other") == "side:1");
}

TEST_CASE("the age of a revision is by the server's clock and never negative", "[deploy-helm]") {
  const auto standing = history({{"deployed", ""}});
  const auto begun = *text::parse_rfc3339("2026-11-25T01:00:00Z");
  CHECK(age_of(standing.history[0], begun + 90s) == 90s);
  CHECK(age_of(standing.history[0], begun - 5s) == 0s);
}

TEST_CASE("a lease holder is alive while it renews, or its process exists here", "[deploy-helm]") {
  const auto now = *text::parse_rfc3339("2026-11-25T01:00:00Z");
  const LeaseFacts fresh{.holder = "me@here/42", .renewed = now - 10s, .duration = 30s};
  CHECK(may_live(fresh, now, "here", every_process));
  CHECK_FALSE(may_live(fresh, now, "here", no_process));  // killed, and we can see that
  CHECK(may_live(fresh, now, "elsewhere", no_process));   // another machine's processes are not ours to judge
  CHECK_FALSE(may_live(fresh, now + 21s, "elsewhere", every_process));
  CHECK_FALSE(may_live({.holder = "", .renewed = now, .duration = 30s}, now, "here", every_process));
  CHECK_FALSE(may_live({.holder = "x", .renewed = {}, .duration = 30s}, now, "here", every_process));
  CHECK(may_live({.holder = "odd", .renewed = now, .duration = 30s}, now, "here", no_process));
  CHECK(may_live({.holder = "me@here/x", .renewed = now, .duration = 30s}, now, "here", no_process));
}

TEST_CASE("one exit status for all targets", "[deploy-helm]") {
  using enum State;
  const auto code = [](std::vector<State> states) {
    std::vector<Result> results;
    for (const auto state : states) results.push_back({.state = state});
    return exit_code_of(results);
  };
  CHECK(code({applied, unchanged}) == ExitCode::ok);
  CHECK(code({unchanged, held}) == ExitCode::pending);
  CHECK(code({rolled_back, not_started}) == ExitCode::undone);
  CHECK(code({unchanged, rolled_back}) == ExitCode::undone);
  CHECK(code({removed}) == ExitCode::undone);
  CHECK(code({applied, rolled_back, not_started}) == ExitCode::partial);
  CHECK(code({applied, refused}) == ExitCode::partial);
  CHECK(code({failed, not_started}) == ExitCode::no);
  CHECK(code({applied, failed}) == ExitCode::partial);
  CHECK(code({applied, not_undone}) == ExitCode::not_undone);
  CHECK(code({not_undone, rolled_back}) == ExitCode::not_undone);
}

TEST_CASE("the table that a run ends with", "[deploy-helm]") {
  const std::vector<Result> results{{.target = "dc1",
                                     .name_space = "n",
                                     .release = "main",
                                     .from = 2,
                                     .to = 4,
                                     .image = "r/x@sha256:" + std::string(64, 'a'),
                                     .state = State::rolled_back,
                                     .reason = "deployment/x CrashLoop"},
                                    {.target = "dc2", .name_space = "n", .release = "main"}};
  CHECK(show(results) == "TARGET  RELEASE  FROM  TO  IMAGE         STATE\n"
                         "dc1     n/main   2     4   aaaaaaaaaaaa  rolled back: deployment/x CrashLoop\n"
                         "dc2     n/main   -     -   -             not started\n");
}
