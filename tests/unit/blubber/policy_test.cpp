// SPDX-License-Identifier: Apache-2.0
#include "blubber/blubber.hpp"
#include "blubber/policy.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace slipway;
using Lines = std::vector<std::string>;

namespace {

const std::string config = "version: v4\n"
                           "base: debian:bookworm\n"
                           "variants:\n"
                           "  dev:\n"
                           "    base: foo\n"
                           "    runs: {insecurely: true}\n"
                           "  pred: {includes: [dev]}\n"
                           "  production: {copies: [pred], entrypoint: [./run, -x]}\n"
                           "  other: {base: bar}\n"
                           "  a.b: {apt: {packages: [gcc, libc6-dev]}}\n";

std::string policy(const std::string& path, const std::string& rule) {
  return fmt::format("enforcements:\n- path: {}\n  rule: \"{}\"\n", path, rule);
}

/// "LINE MESSAGE" of what breaks the policy.
Lines broken(const std::string& policy_text, const std::string& variant = "production", bool all = false) {
  Lines out;
  try {
    (void)blubber::dockerfile(config, "b.yaml", variant, {.policy = blubber::PolicyFile{"p.yaml", policy_text, all}});
  } catch (const Error& error) {
    CHECK(error.failure().id == failure::against_policy.id);
    CHECK(error.code() == ExitCode::no);
    for (const auto& f : error.findings()) {
      CHECK_FALSE(f.path.empty());
      out.push_back(fmt::format("{} {}", f.line, f.message));
    }
  }
  return out;
}

bool passes(const std::string& path, const std::string& rule) { return broken(policy(path, rule)).empty(); }

std::string refused(const std::string& text) {
  try {
    (void)blubber::read_policy(text, "p.yaml");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    const auto& f = error.findings().front();
    return fmt::format("{}:{} {}; {}?", f.line, f.column, f.message, f.suggestion);
  }
  return "read";
}

}  // namespace

TEST_CASE("an empty policy is told as such, with a place") {
  for (const auto* text : {"", "# nothing\n", "~", "---\n"}) {
    try {
      (void)blubber::read_policy(text, "policy.yaml");
      FAIL("accepted");
    } catch (const Error& error) {
      REQUIRE(error.findings().size() == 1);
      CHECK(error.findings().front().message == "the policy is empty");
      CHECK(error.findings().front().line == 1);
    }
  }
}

TEST_CASE("a policy sees what is inherited in the variants that are built") {
  const auto rule = policy("variants.pred.base", "omitempty,startswith=debian");
  CHECK(broken(rule) ==
        Lines{"5 variants.pred.base: \"foo\" breaks the rule 'omitempty,startswith=debian' (p.yaml:2)"});
  // Nobody builds it: seen as it is written, which is without a base.
  CHECK(broken(rule, "other").empty());
  CHECK(broken(rule, "other", true).size() == 1);
}

TEST_CASE("paths") {
  CHECK(broken(policy("variants.*.base", "ne=foo")).size() == 2);
  CHECK(broken(policy("variants", "eq=1")).front().starts_with("1 variants: "));
  CHECK(broken(policy("variants.a.b.apt.packages.default[0]", "eq=gcc"), "a.b").empty());
  CHECK(broken(policy("variants.a.b.apt.packages.*.1", "eq=gcc"), "a.b").size() == 1);
  CHECK(passes("base", "oneof=debian:bookworm debian:trixie"));
  CHECK_FALSE(passes("base", "oneof=debian:trixie"));
  CHECK(passes("variants.nobody.base", "eq=x"));  // leads nowhere: skipped
  // What is not given has its default, and the place of what it stands in.
  CHECK(broken(policy("variants.production.runs.uid", "gt=1000")) ==
        Lines{"8 variants.production.runs.uid: 900 breaks the rule 'gt=1000' (p.yaml:2)"});
  CHECK(passes("variants.production.runs.insecurely", "isfalse"));
  CHECK_FALSE(passes("variants.pred.runs.insecurely", "isfalse"));
  CHECK(passes("version", "currentversion"));
}

TEST_CASE("rules") {
  const std::string entrypoint = "variants.production.entrypoint";
  for (const auto* rule : {"required", "len=2", "min=2", "max=2", "gte=2", "lte=2", "gt=1", "lt=3", "eq=2", "ne=3",
                           "contains=-x", "excludes=-y", "unique", "eq=9|len=2", "required,len=2"}) {
    INFO(rule);
    CHECK(passes(entrypoint, rule));
  }
  for (const auto* rule : {"len=1", "min=3", "max=1", "gt=2", "lt=2", "eq=3", "ne=2", "contains=-y", "excludes=-x",
                           "eq=9|len=1", "required,len=1", "istrue", "abspath", "oneof=a b"}) {
    INFO(rule);
    CHECK_FALSE(passes(entrypoint, rule));
  }
  for (const auto* rule : {"startswith=debian", "endswith=worm", "contains=:", "excludes=0x2C", "imageref", "len=15",
                           "context", "ne=root", "eq=debian:bookworm", "oneof='a b' debian:bookworm"}) {
    INFO(rule);
    CHECK(passes("base", rule));
  }
  for (const auto* rule : {"startswith=ubuntu", "endswith=x", "httpurl", "abspath", "nodeenv", "pypkgver", "variantref",
                           "isfalse", "len=3", "username"}) {
    INFO(rule);
    CHECK_FALSE(passes("base", rule));
  }
  CHECK(passes("variants.production.lives.in", "abspath"));
  CHECK(passes("variants.production.lives.as", "username"));
  CHECK(passes("variants", "variants"));
  CHECK(passes("variants.production.runs.environment", "envvars"));
  CHECK(passes("variants.production.copies.*", "context"));
  CHECK(passes("variants.production.includes.*", "variantref"));
  CHECK(passes("variants.production.node.env", "requiredwith=use-npm-ci"));
  CHECK(passes("variants.production.builders", "uniquetypesexcept=config.BuilderConfig,notallowedwith=entrypoint"));
  CHECK_FALSE(passes(entrypoint, "notallowedwith=copies"));
}

TEST_CASE("policies that say nothing sensible are refused") {
  CHECK(refused(policy("base", "startwith=x")) == "3:9 unknown rule 'startwith'; startswith?");
  CHECK(refused(policy("base", "len=x")) == "3:9 the rule 'len' wants a number, not 'x'; ?");
  CHECK(refused(policy("base", "eq")) == "3:9 the rule 'eq' wants a value: eq=...; ?");
  CHECK(refused(policy("base", "isfalse=1")) == "3:9 the rule 'isfalse' takes no value; ?");
  CHECK(refused("enforcements: [{path: base}]") == "1:16 'enforcements[0]' lacks 'rule'; ?");
  CHECK(refused("enforcement: []").starts_with("1:1 "));
  CHECK(refused("[]") == "1:1 the configuration wants a map, not a list; ?");
}

TEST_CASE("a rule that can never be broken gets a warning") {
  const auto warned = [](const std::string& path) {
    const auto read = blubber::read_policy(policy(path, "required"), "p.yaml");
    return read.warnings.empty() ? std::string() : read.warnings[0].message + "; " + read.warnings[0].suggestion + "?";
  };
  CHECK(warned("variants.production.runs.insecurly") ==
        "no configuration has 'insecurly' in 'variants.production.runs.insecurly': the rule can never be broken; "
        "insecurely?");
  CHECK(warned("variant.production.base").ends_with("; variants?"));
  CHECK(warned("variants.a.b.runs.uid").empty());
  CHECK(warned("variants.*.copies[0].from").empty());
  CHECK(warned("runs.environment.FOO").empty());
}

TEST_CASE("check shows a policy every variant") {
  try {
    (void)blubber::check(config, "b.yaml",
                         {.policy = blubber::PolicyFile{"p", policy("variants.*.base", "startswith=debian"), false}});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.findings().size() == 3);
    CHECK(error.message() == "3 values against the policy in b.yaml");
  }
}
