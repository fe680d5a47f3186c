// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "delivery.hpp"
#include "gc.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::pipeline_test;
using namespace std::chrono_literals;

TEST_CASE("what is due: expired, or mine when asked") {
  const auto now = std::chrono::system_clock::time_point(1000s);
  const auto due = [&](std::int64_t expires, const char* owner, GcOptions options) {
    return is_due({"run", expires, owner}, options, "me@here", now);
  };
  CHECK(due(1000, "x", {}));
  CHECK_FALSE(due(1001, "x", {}));
  CHECK_FALSE(due(1001, "me@here", {}));
  CHECK(due(1001, "me@here", {.mine = true}));
  CHECK_FALSE(due(1001, "x", {.mine = true}));
  CHECK_FALSE(due(999, "x", {.older_than = 5s}));
  CHECK(due(995, "x", {.older_than = 5s}));
  CHECK_FALSE(due(0, "x", {}));
  CHECK(due(0, "me@here", {.mine = true}));
}

TEST_CASE("owners") {
  const auto env = [](const char* job, const char* build) -> cli::Environment {
    return [=](const std::string& name) -> std::optional<std::string> {
      if (name == "JOB_NAME" && job != nullptr) return job;
      if (name == "BUILD_ID" && build != nullptr) return build;
      if (name == "USER") return "me";
      return std::nullopt;
    };
  };
  CHECK(owner_of(env("svc/main", "7")) == "svc/main#7");
  CHECK(owner_of(env("svc/main", nullptr)).starts_with("me@"));
  const auto mine = own(env(nullptr, nullptr), std::chrono::system_clock::time_point(0s), 20min);
  CHECK(mine.expires == 80 * 60);
  CHECK(mine.run.size() == 32);
  CHECK(random_hex(7).size() == 7);
  CHECK(random_hex(16) != random_hex(16));
}

TEST_CASE("how the image gets to the cluster") {
  const Ownership mine{"0123456789abcdef0123456789abcdef", 0, "me"};
  CHECK(plan_delivery("localhost/pipeline-build:1", "r.example.org/scratch/", "svc", mine).scratch ==
        "r.example.org/scratch/svc-test:0123456789abcdef");
  const auto digest = "@sha256:" + std::string(64, 'a');
  CHECK_FALSE(plan_delivery("r.example.org/svc" + digest, {}, "svc", mine).scratch);
  CHECK(plan_delivery("r.example.org/svc" + digest, "other", "svc", mine).scratch);
  for (const auto& image :
       {std::string("localhost/pipeline-build:1"), std::string("sha256:abc"), "localhost/x" + digest})
    CHECK_THROWS_AS(plan_delivery(image, {}, "svc", mine), Error);
}
