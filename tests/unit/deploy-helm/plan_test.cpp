// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "gate.hpp"
#include "hash/sha2.hpp"
#include "plan.hpp"
#include "show.hpp"
#include "support/catch.hpp"
#include "warnings.hpp"

using namespace slipway;
using namespace slipway::deploy_helm;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

Plan sample() {
  Plan plan{.service = "hello",
            .image = {.registry = "localhost:5000",
                      .repository = "hello",
                      .tag = "1",
                      .digest = "sha256:" + std::string(64, 'a')},
            .registry = "/srv/config.git",
            .commit = std::string(40, 'c'),
            .helm_version = "v3.19.0",
            .made_at = "2026-11-25T00:00:00Z",
            .made_by = "someone@host"};
  Deployment dc1{.target = "dc1",
                 .environment = "dc1",
                 .cluster_uid = "uid-1",
                 .name_space = "hello",
                 .release = "main",
                 .base_revision = 3,
                 .base_status = "deployed",
                 .base_image = "localhost:5000/hello@sha256:" + std::string(64, 'b'),
                 .chart = "hello-1.0.0",
                 .chart_id = std::string(40, 'd'),
                 .values_digest = std::string(64, 'e'),
                 .manifest_digest = std::string(64, 'f'),
                 .images = {"localhost:5000/hello@sha256:" + std::string(64, 'a')},
                 .warnings = {"careful"}};
  dc1.changes = {{.action = Action::remove, .key = {.kind = "Service", .name = "old"}},
                 {.action = Action::change,
                  .key = {.group = "apps", .kind = "Deployment", .name = "hello"},
                  .fields = {{.path = "spec.replicas", .before = json(2), .after = json(3)},
                             {.path = "data.password", .secret = true}},
                  .noise = 2}};
  dc1.drift = {{.key = {.kind = "ConfigMap", .name = "c"},
                .fields = {{.path = "data.a", .before = json("x"), .after = json("y")},
                           {.path = "data.b", .after = json("z"), .extra = true}}},
               {.key = {.kind = "ConfigMap", .name = "gone"}, .missing = true}};
  dc1.values = {{.path = "replicas", .origin = "hello/values-dc1.yaml:3"}};
  auto staging = dc1;
  staging.target = "staging";
  staging.approval = false;
  staging.step = Step::unchanged;
  plan.deployments = {staging, dc1};
  return plan;
}

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::string(error.failure().id);
  }
  return "none";
}

}  // namespace

TEST_CASE("a plan reads back as it was written", "[deploy-helm]") {
  const auto plan = sample();
  const auto text = to_json(plan);
  const auto again = parse_plan(text, "plan.json");
  CHECK(again.digest() == plan.digest());
  CHECK(to_json(again) == text);
  CHECK(again.deployments.at(1).changes == plan.deployments.at(1).changes);
  CHECK(again.deployments.at(1).drift == plan.deployments.at(1).drift);
  CHECK(again.deployments.at(0).step == Step::unchanged);
  CHECK(again.made_by == "someone@host");
  CHECK(json::parse(text)["digest"] == "sha256:" + plan.digest());
}

TEST_CASE("the digest covers the content, not who made it and when", "[deploy-helm]") {
  auto plan = sample();
  const auto digest = plan.digest();
  CHECK(digest.size() == 64);
  plan.made_at = "2027-01-01T00:00:00Z";
  plan.made_by = "another";
  CHECK(plan.digest() == digest);
  plan.deployments[1].manifest_digest[0] = '0';
  CHECK(plan.digest() != digest);
}

TEST_CASE("a plan that was touched is refused", "[deploy-helm]") {
  const auto text = to_json(sample());
  const auto touched = [&](std::string_view from, std::string_view to) {
    auto copy = text;
    const auto at = copy.find(from);
    REQUIRE(at != std::string::npos);
    return copy.replace(at, from.size(), to);
  };
  CHECK_THROWS_WITH(parse_plan(touched("\"release\": \"main\"", "\"release\": \"other\""), "p.json"),
                    Contains("was changed after it was made"));
  // A field that this version does not know is content, too.
  CHECK_THROWS_WITH(parse_plan(touched("\"release\": \"main\"", "\"force\": true, \"release\": \"main\""), "p.json"),
                    Contains("was changed after it was made"));
  CHECK_NOTHROW(parse_plan(touched("someone@host", "other@host"), "p.json"));
}

TEST_CASE("what is no plan is told apart", "[deploy-helm]") {
  CHECK(failure_of([] { static_cast<void>(parse_plan(" \n", "p")); }) == "empty-input");
  CHECK(failure_of([] { static_cast<void>(parse_plan("{}", "p")); }) == "bad-input");
  CHECK(failure_of([] { static_cast<void>(parse_plan("[1]", "p")); }) == "bad-input");
  CHECK(failure_of([] { static_cast<void>(parse_plan(R"({"kind":"deploy-plan"})", "p")); }) == "bad-input");
  CHECK(failure_of([] { static_cast<void>(parse_plan(R"({"kind":"deploy-plan","plan":{"version":9}})", "p")); }) ==
        "bad-input");
  try {
    static_cast<void>(parse_plan("{\n  \"a\": oops\n}", "p.json"));
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.at().at(0) == "p.json:2:8");
  }
}

TEST_CASE("the gate wants the digest of this very plan", "[deploy-helm]") {
  const auto plan = sample();
  const auto digest = plan.digest();
  const auto with = [&](std::optional<std::string> approval) {
    return failure_of([&] { check_approval(plan.digest(), plan.needing_approval(), approval, "how"); });
  };
  CHECK(with(digest) == "none");
  CHECK(with("sha256:" + digest) == "none");
  CHECK(with(digest.substr(0, 12)) == "none");
  CHECK(with(std::nullopt) == "not-approved");
  CHECK(with(std::string(64, '0')) == "not-approved");
  CHECK(with(digest.substr(0, 11)) == "bad-usage");
  CHECK(with("yes") == "bad-usage");
  CHECK(with(digest + "0") == "bad-usage");
  CHECK(with(std::string(12, 'g')) == "bad-usage");
}

TEST_CASE("a plan for staging alone needs nobody, but a wrong approval is still wrong", "[deploy-helm]") {
  auto plan = sample();
  plan.deployments.pop_back();
  CHECK_NOTHROW(check_approval(plan.digest(), plan.needing_approval(), std::nullopt, "how"));
  CHECK_THROWS_AS(check_approval(plan.digest(), plan.needing_approval(), std::string(12, '0'), "how"), Error);
}

TEST_CASE("staleness names all that moved", "[deploy-helm]") {
  const auto planned = sample().deployments.at(1);
  CHECK(staleness(planned, planned).empty());
  auto now = planned;
  now.base_revision = 4;
  now.manifest_digest = std::string(64, '9');
  now.drift.clear();
  CHECK(staleness(planned, now) ==
        std::vector<std::string>{"the release's revision was 3, is now 4",
                                 "the rendered manifest was ffffffffffff, is now 999999999999",
                                 "objects of the release were changed by hand since"});
  now = planned;
  now.cluster_uid = "uid-2";
  CHECK(staleness(planned, now) == std::vector<std::string>{"the cluster was uid-1, is now uid-2"});
}

TEST_CASE("a release's description can be read back and is short enough for helm 4", "[deploy-helm]") {
  auto plan = sample();
  const auto line = describe_release(plan, "someone");
  const auto read = read_description(line);
  CHECK(read.image == "localhost:5000/hello@sha256:" + std::string(64, 'a'));
  CHECK(read.commit == "cccccccccccc");
  CHECK(read.plan == plan.digest().substr(0, 12));
  CHECK(read.who == "someone");
  plan.image.repository = std::string(200, 'x');
  CHECK(describe_release(plan, "someone").size() <= 250);
  CHECK(read_description(describe_release(plan, "someone")).image == plan.image.digest);
  CHECK(read_description("Install complete").image.empty());
  CHECK(read_description("Rollback to 3").image.empty());
}

TEST_CASE("the manifest's digest does not mind order and writing", "[deploy-helm]") {
  const auto a = helm::parse_manifest(
      "apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}", "x");
  const auto b = helm::parse_manifest(
      "kind: B\nmetadata:\n  name: b\napiVersion: v1\n---\n# c\napiVersion: v1\nkind: A\nmetadata: {name: a}", "x");
  CHECK(manifest_digest(a, {}) == manifest_digest(b, {}));
  CHECK(manifest_digest(a, {}) != manifest_digest({}, a));
  CHECK(hash::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a person sees the table, the changes, drift, origins and warnings", "[deploy-helm]") {
  const auto text = show(sample());
  CHECK_THAT(
      text,
      Contains("dc1      hello/main  upgrade    3 deployed  bbbbbbbbbbbb  a person  1 removed, 1 changed, 2 put back"));
  CHECK_THAT(text, Contains("  - remove Service/old\n"));
  CHECK_THAT(text, Contains("      spec.replicas  2 -> 3\n"));
  CHECK_THAT(text, Contains("      data.password  (secret, changed)\n"));
  CHECK_THAT(text, Contains("(2 fields that only follow: checksums, the chart's label)"));
  CHECK_THAT(text, Contains("  ! ConfigMap/c was changed by hand: these fields are put back\n      data.a  y -> x\n"));
  CHECK_THAT(
      text,
      Contains("  ! ConfigMap/c was added to by hand: these fields stay, helm leaves them alone\n      data.b  z\n"));
  CHECK_THAT(text, Contains("  ! ConfigMap/gone was deleted by hand"));
  CHECK_THAT(text, Contains("  value replicas  (hello/values-dc1.yaml:3)\n"));
  CHECK_THAT(text, Contains("  warning: careful\n"));
}

TEST_CASE("a text of many lines is shown by the lines that differ", "[deploy-helm]") {
  auto plan = sample();
  plan.deployments[1].changes = {
      {.key = {.kind = "ConfigMap", .name = "c"},
       .fields = {{.path = "data.x", .before = json("a\nb\nc\n"), .after = json("a\nB\nc\n")}}}};
  CHECK_THAT(show(plan), Contains("      data.x\n        - b\n        + B\n"));
}

TEST_CASE("a table has no blanks at line ends", "[deploy-helm]") {
  CHECK(table({{"A", "LONG", ""}, {"xyz", "b", "c"}}) == "A    LONG\nxyz  b     c\n");
  CHECK(short_image("r/x@sha256:0123456789abcdef") == "0123456789ab");
  CHECK(short_image("") == "-");
}

TEST_CASE("warnings: refused changes, losses, images without digest", "[deploy-helm]") {
  const auto next = helm::parse_manifest(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: a}, {image: \"b@sha256:1\"}]}", "x");
  const std::vector<ObjectChange> changes{
      {.action = Action::remove, .key = {.kind = "Service", .name = "s"}},
      {.action = Action::remove, .key = {.kind = "ConfigMap", .name = "c"}},
      {.key = {.group = "apps", .kind = "Deployment", .name = "d"},
       .fields = {{.path = "spec.selector.matchLabels.app"}, {.path = "spec.selectorOther"}}}};
  CHECK(warnings_about(next, changes) ==
        std::vector<std::string>{
            "Deployment/d: spec.selector cannot be changed, the API will refuse it: the object has to be removed first",
            "Service/s is removed, and with it its address",
            "Pod/p: image a has no digest: what runs can change without a deploy"});
}
