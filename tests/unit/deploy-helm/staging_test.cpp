// SPDX-License-Identifier: Apache-2.0
#include "staging.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::deploy_helm;
using namespace std::chrono_literals;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

Plan plan() {
  Plan made{.service = "hello",
            .image = {.registry = "r", .repository = "x", .tag = "", .digest = digest},
            .commit = std::string(40, 'c')};
  made.deployments = {{.target = "dc1", .release = "main", .chart = "hello-1.0.0"}};
  return made;
}

StagingFact good() {
  return {.target = "staging",
          .release = "main",
          .image = "r/x@" + digest,
          .commit = std::string(12, 'c'),
          .chart = "hello-1.0.0",
          .age = 2h};
}

const deploy::Requirement all{
    .target = "production", .staging_age = 1h, .staging_same = {"chart", "image", "values-commit"}};

std::vector<std::string> missing(const StagingFact& fact) { return missing_proof({all}, plan(), {fact}, {}); }

const char* const targets_file = R"(
version: 1
targets:
  staging: {context: a, approve: none, stage: 1}
  late: {context: a, approve: none, stage: 9}
  dc1: {context: b, stage: 2}
  dc2: {context: c, stage: 3}
groups: {production: [dc1, dc2]}
requires: {production: {staging-same: [image]}}
)";

}  // namespace

TEST_CASE("staging that runs the same is proof", "[deploy-helm]") {
  CHECK(missing(good()).empty());
  CHECK(missing_proof({}, plan(), {}, {}).empty());
}

TEST_CASE("what staging lacks is named", "[deploy-helm]") {
  auto fact = good();
  fact.image = "r/x@sha256:" + std::string(64, 'b');
  fact.commit = "dddddddddddd";
  fact.chart = "hello-0.9.0";
  fact.age = 10min;
  const auto found = missing(fact);
  REQUIRE(found.size() == 4);
  CHECK(found[0] == "staging main runs " + fact.image + ", not this image");
  CHECK(found[1] == "staging main has the configuration dddddddddddd, not cccccccccccc");
  CHECK(found[2] == "staging main has the chart hello-0.9.0, not hello-1.0.0");
  CHECK(found[3].starts_with("staging main has run it for "));
}

TEST_CASE("an unwell or absent staging proves nothing", "[deploy-helm]") {
  auto fact = good();
  fact.trouble = "not deployed";
  CHECK(missing(fact) == std::vector<std::string>{"staging main: not deployed"});
  CHECK(missing_proof({all}, plan(), {}, {}).size() == 1);
}

TEST_CASE("another commit with the same values is no difference", "[deploy-helm]") {
  auto fact = good();
  fact.commit = "dddddddddddd";
  fact.values = "same";
  CHECK(missing_proof({all}, plan(), {fact}, {{"staging main", "same"}}).empty());
  CHECK(missing_proof({all}, plan(), {fact}, {{"staging main", "other"}}).size() == 1);
}

TEST_CASE("only what is asked for is compared", "[deploy-helm]") {
  auto fact = good();
  fact.commit = "other";
  fact.age = 0ms;
  CHECK(missing_proof({{.target = "production", .staging_age = {}, .staging_same = {"image"}}}, plan(), {fact}, {})
            .empty());
}

TEST_CASE("requirements reach targets through their groups; staging stands before them", "[deploy-helm]") {
  const auto targets = deploy::Targets::parse(targets_file, "t");
  CHECK(requirements_for(targets, targets.select({"dc2"})).size() == 1);
  CHECK(requirements_for(targets, targets.select({"staging"})).empty());
  const auto staging = staging_of(targets, targets.select({"production"}));
  REQUIRE(staging.size() == 1);
  CHECK(staging[0].name == "staging");
  CHECK(staging_of(targets, {}).empty());
}
