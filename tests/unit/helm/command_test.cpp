// SPDX-License-Identifier: Apache-2.0
#include "helm/command.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace slipway;
using namespace std::chrono_literals;

namespace {

const helm::Place place{.kubeconfig = "/k/dc1", .context = "dc1", .name_space = "hello"};
const helm::Version v3{.major = 3, .minor = 19, .patch = 0, .text = "v3.19.0"};
const helm::Version v4{.major = 4, .minor = 3, .patch = 1, .text = "v4.3.1"};

bool has(const std::vector<std::string>& arguments, const std::string& one) {
  return std::ranges::find(arguments, one) != arguments.end();
}
std::string after(const std::vector<std::string>& arguments, const std::string& option) {
  const auto at = std::ranges::find(arguments, option);
  return at != arguments.end() && at + 1 != arguments.end() ? *(at + 1) : "";
}
std::string id_of(const Error& error) { return std::string(error.failure().id); }

}  // namespace

TEST_CASE("versions of helm that we can drive", "[helm]") {
  CHECK(helm::parse_version("v3.19.0\n") == helm::Version{3, 19, 0, "v3.19.0"});
  CHECK(helm::parse_version("v4.3.1+g012345") == helm::Version{4, 3, 1, "v4.3.1+g012345"});
  CHECK(helm::parse_version("v3.15.0-rc.1").minor == 15);
  for (const char* refused : {"v3.14.4", "v2.17.0", "v5.0.0", "", "Client: v3.19.0", "v3", "v3.x.1"}) {
    INFO(refused);
    CHECK_THROWS_AS(helm::parse_version(refused), Error);
  }
  CHECK_THROWS_WITH(helm::parse_version("v3.14.4"), "helm v3.14.4 cannot be used: 3.15 or newer, or 4 is needed");
}

TEST_CASE("an upgrade names its cluster and carries no value", "[helm]") {
  const helm::Upgrade upgrade{.release = "main",
                              .chart = "/tmp/chart",
                              .values = R"({"password":"s3cret"})",
                              .description = "image x",
                              .labels = {{"slipway/plan", "abc"}, {"slipway/commit", "def"}},
                              .timeout = 90s};
  const auto real = helm::upgrade_arguments(place, upgrade, false);
  CHECK(std::vector(real.begin(), real.begin() + 4) ==
        std::vector<std::string>{"upgrade", "--install", "main", "/tmp/chart"});
  CHECK(after(real, "--values") == "-");
  CHECK(after(real, "--kubeconfig") == "/k/dc1");
  CHECK(after(real, "--kube-context") == "dc1");
  CHECK(after(real, "--namespace") == "hello");
  CHECK(after(real, "--timeout") == "90s");
  CHECK(after(real, "--description") == "image x");
  CHECK(after(real, "--labels") == "slipway/plan=abc,slipway/commit=def");
  CHECK_FALSE(has(real, "--create-namespace"));
  CHECK_FALSE(has(real, "--disable-openapi-validation"));
  for (const auto& argument : real) {
    CHECK(argument.find("s3cret") == std::string::npos);
    CHECK_FALSE(argument.starts_with("--dry-run"));
    CHECK_FALSE(argument.starts_with("--wait"));
    CHECK_FALSE(argument.starts_with("--atomic"));
  }
  const auto dry = helm::upgrade_arguments(place, upgrade, true);
  CHECK(has(dry, "--dry-run=server"));
  CHECK_FALSE(has(dry, "--description"));
  CHECK_FALSE(has(dry, "--labels"));
  CHECK_FALSE(has(dry, "--disable-openapi-validation"));
  auto previewed = upgrade;
  previewed.validated = true;
  CHECK(has(helm::upgrade_arguments(place, previewed, false), "--disable-openapi-validation"));
  CHECK(has(helm::upgrade_arguments(place, previewed, true), "--disable-openapi-validation"));
}

TEST_CASE("what differs between the versions", "[helm]") {
  CHECK(after(helm::rollback_arguments(v4, place, "main", 3, "back", 60s), "--description") == "back");
  CHECK_FALSE(has(helm::rollback_arguments(v3, place, "main", 3, "back", 60s), "--description"));
  auto v41 = v4;
  v41.minor = 1;
  CHECK_FALSE(has(helm::rollback_arguments(v41, place, "main", 3, "back", 60s), "--description"));
  CHECK(helm::rollback_arguments(v3, place, "main", 3, "", 60s)[2] == "3");
  CHECK(has(helm::uninstall_arguments(v3, place, "main", true, 60s), "--wait"));
  CHECK(has(helm::uninstall_arguments(v4, place, "main", true, 60s), "--wait=watcher"));
  CHECK_FALSE(has(helm::uninstall_arguments(v4, place, "main", false, 60s), "--wait=watcher"));
  CHECK(helm::duration_argument(1500ms) == "1500ms");
}

TEST_CASE("a release is read, with what a hook printed before it", "[helm]") {
  const auto release = helm::parse_release(
      R"(noise
{"name":"main","namespace":"hello","version":4,"info":{"status":"deployed","notes":"hi","description":"by me","last_deployed":"2026-11-25T01:24:08Z"},
 "config":{"replicas":2,"templates":"kept"},"manifest":"---\na: 1\n",
 "chart":{"metadata":{"name":"hello","version":"1.0.0","appVersion":"2"},"values":{"a":[1]},"templates":[{"name":"x","data":"eA=="}]},"apply_method":"server-side",
 "hooks":[{"name":"t","kind":"Pod","manifest":"m","events":["test"],"weight":5,"delete_policies":["before-hook-creation"]},
          {"name":"u","kind":"Job"}]})");
  CHECK(release.revision == 4);
  CHECK(release.status == "deployed");
  CHECK(release.description == "by me");
  CHECK(release.updated == "2026-11-25T01:24:08Z");
  CHECK(release.values == R"({"replicas":2,"templates":"kept"})");
  CHECK(release.manifest == "---\na: 1\n");
  CHECK(release.chart == "hello");
  CHECK(release.chart_version == "1.0.0");
  CHECK(release.apply_method == "server-side");
  REQUIRE(release.hooks.size() == 2);
  CHECK(release.hooks[0] == helm::Hook{"t", "Pod", "m", {"test"}, 5, {"before-hook-creation"}});
  CHECK(helm::parse_release(R"({"name":"bare","version":1,"config":null})").values == "{}");
  CHECK_THROWS_AS(helm::parse_release("{}"), Error);
  CHECK_THROWS_AS(helm::parse_release(""), Error);
}

TEST_CASE("helm's words are sorted by what they mean", "[helm]") {
  const auto sorted = [](std::string_view text) {
    return helm::error_of("upgrade of release main", text, "exit status 1");
  };
  CHECK(id_of(sorted("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress")) == "busy");
  CHECK(id_of(sorted("Error: release: not found")) == "not-found");
  CHECK(
      id_of(sorted("Error: Kubernetes cluster unreachable: Get \"https://127.0.0.1:1/version\": dial tcp 127.0.0.1:1: "
                   "connect: connection refused")) == "unreachable");
  CHECK(id_of(sorted("Error: query: failed: secrets is forbidden: User \"x\" cannot list")) == "denied");
  CHECK(id_of(sorted("Error: execution error at (hello/templates/x.yaml:3:4): image.repository is needed")) ==
        "bad-input");
  CHECK(id_of(sorted("Error: UPGRADE FAILED: cannot patch \"x\" with kind Deployment: oh")) == "helm-failed");
  CHECK(id_of(sorted("")) == "helm-failed");
  CHECK(sorted("").message() == "upgrade of release main failed: helm ended with exit status 1");
}

TEST_CASE("the Error holds helm's own text without the warnings before it", "[helm]") {
  const auto error = helm::error_of("upgrade of release main",
                                    "W1125 01:00:00 warnings.go: unknown field\n"
                                    "Error: values don't meet the specifications of the schema(s) in the following "
                                    "chart(s):\nhello:\n- (root): Additional property x is not allowed\n",
                                    "exit status 1");
  CHECK(error.message() == "upgrade of release main failed: values don't meet the specifications of the schema(s) in "
                           "the following chart(s)");
  CHECK(error.at() == std::vector<std::string>{"hello:", "- (root): Additional property x is not allowed"});
  CHECK(id_of(error) == "bad-input");
}
