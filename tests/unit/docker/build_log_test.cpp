// SPDX-License-Identifier: Apache-2.0
#include "docker/build_log.hpp"
#include "support/catch.hpp"

#include <vector>

using namespace slipway;
using docker::BuildLog;

TEST_CASE("a build that ends well yields its id and its lines") {
  std::vector<std::string> shown;
  BuildLog log([&](std::string_view line) { shown.emplace_back(line); });
  log.feed(R"({"stream":"Step 1/2 : FROM scratch"})");
  log.feed(R"({"stream":"\n"})");
  log.feed(R"({"status":"Pulling fs layer","progressDetail":{},"id":"abc"})");
  log.feed(R"({"status":"Digest: sha256:1"})");
  log.feed("{\"stream\":\"10%\\r50%\\r100%\\n\"}\r\n");
  log.feed("");
  log.feed(R"({"aux":{"ID":"sha256:feed"}})");
  log.feed(R"({"stream":"Successfully built feed\n"})");
  CHECK(shown ==
        std::vector<std::string>{"Step 1/2 : FROM scratch", "Digest: sha256:1", "100%", "Successfully built feed"});
  CHECK(log.image() == "sha256:feed");
  CHECK_FALSE(log.failed());
}

TEST_CASE("a build that fails names its step") {
  BuildLog log([](std::string_view) {});
  log.feed(R"({"stream":"Step 3/7 : RUN make\n"})");
  log.feed(R"({"stream":"cc: no such file\n"})");
  log.feed(
      R"({"errorDetail":{"code":2,"message":"The command returned a non-zero code: 2"},"error":"The command ..."})");
  REQUIRE(log.failed());
  const auto error = log.error();
  CHECK(error.failure().id == failure::build_failed.id);
  CHECK(error.message() == "build step 3/7 failed with exit status 2");
  CHECK(error.at() == std::vector<std::string>{"RUN make"});
}

TEST_CASE("hints for failures of known kinds") {
  using docker::build_hint;
  CHECK(build_hint("pull access denied for x", "").find("base image") != std::string::npos);
  CHECK(build_hint("COPY failed: file not found", "").find(".dockerignore") != std::string::npos);
  CHECK(build_hint("code 100", "Temporary failure resolving 'deb'").find("--network host") != std::string::npos);
  CHECK(build_hint("", "write: no space left on device").find("prune") != std::string::npos);
  CHECK(build_hint("whatever", "").empty());
}

TEST_CASE("progress that is not JSON breaks the protocol") {
  BuildLog log([](std::string_view) {});
  CHECK_THROWS_AS(log.feed("<html>"), Error);
}

TEST_CASE("a base image's registry that does not answer the engine is unreachable, a step that fails is not") {
  const auto failure_of = [](std::string_view json) {
    BuildLog log([](std::string_view) {});
    log.feed(json);
    return log.error();
  };
  const auto away = failure_of(R"({"error":"Get \"https://r.example.org/v2/\": dial tcp: lookup r.example.org: no such host"})");
  CHECK(away.failure().id == failure::unreachable.id);
  CHECK(away.hint().find("base image") != std::string::npos);
  const auto step = failure_of(R"({"errorDetail":{"code":7,"message":"curl: dial tcp 10.0.0.1"},"error":"curl: dial tcp 10.0.0.1"})");
  CHECK(step.failure().id == failure::build_failed.id);
}
