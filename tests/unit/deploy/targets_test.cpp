// SPDX-License-Identifier: Apache-2.0
#include "deploy/targets.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::deploy;
using namespace std::chrono_literals;

namespace {

constexpr const char* good = R"(version: 1
targets:
  eqiad:   {environment: eqiad, context: eqiad, approve: plan, stage: 3, canary: true, bake: 10m}
  codfw:   {environment: codfw, context: codfw, approve: plan, stage: 2, canary: true}
  staging: {environment: staging, context: staging, kubeconfig: "~/.kube/{service}-{cluster}", approve: none, stage: 1}
groups: {production: [codfw, eqiad]}
defaults: {namespace: "{service}", timeout: 10m, max-parallel: 1, on-failure: stop-and-rollback-target}
services:
  mathoid: {chart: "charts/mathoid", releases: [production], image: {path: main_app.version, form: tag}}
requires: {production: {staging-age: 0s, staging-same: [chart, image, values-commit]}}
)";

std::vector<std::string> names_of(const std::vector<Target>& targets) {
  std::vector<std::string> names;
  for (const auto& target : targets) names.push_back(target.name);
  return names;
}

std::vector<std::string> complaints(std::string_view text) {
  try {
    (void)Targets::parse(text, "t.yaml");
  } catch (const Error& error) {
    std::vector<std::string> list;
    for (const auto& finding : error.findings())
      list.push_back(std::to_string(finding.line) + ':' + std::to_string(finding.column) + ' ' + finding.message +
                     (finding.suggestion.empty() ? "" : " [" + finding.suggestion + "]"));
    return list;
  }
  return {};
}

}  // namespace

TEST_CASE("the list of the specification") {
  const auto targets = Targets::parse(good, "deploy-targets.yaml");
  CHECK(names_of(targets.targets) == std::vector<std::string>{"staging", "codfw", "eqiad"});
  const auto& staging = targets.targets[0];
  CHECK(staging.approve == Approve::none);
  CHECK(staging.timeout == 10min);
  CHECK(staging.on_failure == OnFailure::rollback_target);
  CHECK(expand(*staging.kubeconfig, staging, "mathoid", "/home/x") == "/home/x/.kube/mathoid-staging");
  CHECK(expand(staging.name_space, staging, "mathoid", "") == "mathoid");
  CHECK(targets.targets[2].bake == 10min);
  CHECK(targets.targets[2].canary);
  const auto& service = targets.service("mathoid");
  CHECK(service.chart == "charts/mathoid");
  CHECK(service.image.path == "main_app.version");
  CHECK(service.image.form == ImagePlace::Form::tag);
  REQUIRE(targets.requirements.size() == 1);
  CHECK(targets.requirements[0].staging_age == 0ms);
}

TEST_CASE("targets and groups are chosen by name, in the order of the stages") {
  const auto targets = Targets::parse(good, "deploy-targets.yaml");
  CHECK(names_of(targets.select({"production"})) == std::vector<std::string>{"codfw", "eqiad"});
  CHECK(names_of(targets.select({"eqiad", "staging", "production"})) ==
        std::vector<std::string>{"staging", "codfw", "eqiad"});
  try {
    (void)targets.select({"prodution"});
    FAIL("no such group");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_input);
    CHECK(error.message() == "deploy-targets.yaml has no target or group 'prodution'; did you mean 'production'?");
  }
  CHECK_THROWS_AS(targets.service("mathod"), Error);
  CHECK(targets.find_service("nothing") == nullptr);
}

TEST_CASE("every mistake at once, with its place") {
  CHECK(complaints("version: 2\ntargets:\n  a: {contxt: a, stage: -1, approve: yes}\ngroups: {g: [b]}\n") ==
        std::vector<std::string>{"1:10 'version' has to be 1",
                                 "3:3 'targets.a' names no context: the current one of a kubeconfig is never used",
                                 "3:7 unknown key 'contxt' in 'targets.a' [context]",
                                 "3:25 'targets.a.stage' has to be a number from 0 on",
                                 "3:38 'targets.a.approve' has to be one of none, plan, not 'yes'",
                                 "4:14 'groups.g' names the unknown target 'b' [a]"});
  CHECK(complaints("- a\n").size() == 1);
  CHECK(complaints("").size() == 1);
  CHECK(complaints("version: 1\ntargets: {a: {context: a, bake: 10}}\n") ==
        std::vector<std::string>{"2:33 'targets.a.bake' has to be a duration such as 90s or 10m, not '10'"});
  CHECK(complaints("version: 1\ntargets: {a: {context: a}}\nservices: {s: {}}\n") ==
        std::vector<std::string>{"3:12 'services.s' names no chart"});
  CHECK(complaints("version: 1\ntargets: {a: {context: a}}\ngroups: {a: [a]}\n").size() == 1);
}

TEST_CASE("what is not said needs a person") {
  const auto targets = Targets::parse("version: 1\ntargets: {a: {context: c}}\n", "t");
  CHECK(targets.targets[0].approve == Approve::plan);
  CHECK(targets.targets[0].environment == "a");
  CHECK(targets.targets[0].context == "c");
}
