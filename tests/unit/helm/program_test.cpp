// SPDX-License-Identifier: Apache-2.0
// A shell script stands for helm: it notes its arguments and what it finds on stdin.
#include "core/fs.hpp"
#include "helm/program.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <cstdlib>

using namespace slipway;
using namespace std::chrono_literals;

namespace {

class FakeHelm {
 public:
  explicit FakeHelm(const std::string& body, const std::string& version = "v3.19.0") {
    fs::write_file(file(),
                   "#!/bin/sh\n[ \"$1\" = version ] && { printf '%s' '" + version +
                       "'; exit; }\nprintf '%s\\n' \"$@\" > " + (dir_.path() / "argv").string() + "\ncat > " +
                       (dir_.path() / "stdin").string() + "\nenv > " + (dir_.path() / "env").string() + "\n" + body,
                   0755);
  }
  [[nodiscard]] std::string file() const { return (dir_.path() / "helm").string(); }
  [[nodiscard]] std::string noted(const char* what) const { return fs::read_file(dir_.path() / what); }
  [[nodiscard]] helm::Program program() { return helm::Program::open(file(), with.run); }

  testing::RecordedRun with;

 private:
  fs::TempDir dir_{"helm-test"};
};

const helm::Place place{.kubeconfig = "/k", .context = "c", .name_space = "n"};
const helm::Upgrade upgrade{.release = "main", .chart = "/chart", .values = R"({"a":"s3cret"})"};

template <typename Body>
std::string failure_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::string(error.failure().id);
  }
  return "none";
}

}  // namespace

TEST_CASE("values go in by stdin only", "[helm]") {
  FakeHelm fake(R"(echo '{"name":"main","version":7,"info":{"status":"deployed"}}')");
  const auto release = fake.program().upgrade(place, upgrade, fake.with.run);
  CHECK(release.revision == 7);
  CHECK(fake.noted("stdin") == R"({"a":"s3cret"})");
  CHECK(fake.noted("argv").find("s3cret") == std::string::npos);
  CHECK(fake.noted("env").find("s3cret") == std::string::npos);
}

TEST_CASE("variables cannot lead helm to another cluster", "[helm]") {
  FakeHelm fake("");
  ::setenv("HELM_KUBEAPISERVER", "https://elsewhere", 1);
  fake.program().uninstall(place, "main", false, 60s, fake.with.run);
  ::unsetenv("HELM_KUBEAPISERVER");
  CHECK(fake.noted("env").find("elsewhere") == std::string::npos);
}

TEST_CASE("helm collects its garbage seldom, unless somebody has decided otherwise", "[helm]") {
  FakeHelm fake("");
  ::unsetenv("GOGC");
  fake.program().uninstall(place, "main", false, 60s, fake.with.run);
  CHECK(fake.noted("env").find("\nGOGC=400\n") != std::string::npos);
  ::setenv("GOGC", "50", 1);
  fake.program().uninstall(place, "main", false, 60s, fake.with.run);
  ::unsetenv("GOGC");
  CHECK(fake.noted("env").find("\nGOGC=50\n") != std::string::npos);
}

TEST_CASE("helm's warnings are told, its error only once", "[helm]") {
  FakeHelm fake("echo 'W1125 deprecated' >&2; echo 'Error: UPGRADE FAILED: no' >&2; echo more >&2; exit 1");
  CHECK(failure_of([&] { fake.program().upgrade(place, upgrade, fake.with.run); }) == "helm-failed");
  CHECK(fake.with.text() == "W1125 deprecated\n");
}

TEST_CASE("a program that is no helm, or a wrong one, is refused", "[helm]") {
  testing::RecordedRun with;
  CHECK(failure_of([&] { static_cast<void>(helm::Program::open("slipway-no-helm", with.run)); }) == "no-helm");
  CHECK(failure_of([&] { static_cast<void>(helm::Program::open("false", with.run)); }) == "no-helm");
  FakeHelm old("", "v2.17.0");
  CHECK(failure_of([&] { static_cast<void>(old.program()); }) == "no-helm");
}

TEST_CASE("a test that fails is an answer, an unreachable cluster is not", "[helm]") {
  FakeHelm bad("echo 'POD LOGS: x'; echo 'Error: pod x failed' >&2; exit 1");
  const auto result = bad.program().test(place, "main", 60s, bad.with.run);
  CHECK_FALSE(result.passed);
  CHECK(result.lines.size() == 2);
  FakeHelm good("echo fine");
  CHECK(good.program().test(place, "main", 60s, good.with.run).passed);
  FakeHelm gone("echo 'Error: release: not found' >&2; exit 1");
  CHECK(failure_of([&] { static_cast<void>(gone.program().test(place, "main", 60s, gone.with.run)); }) == "not-found");
}
