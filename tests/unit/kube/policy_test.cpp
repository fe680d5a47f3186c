// SPDX-License-Identifier: Apache-2.0
#include "kube/workload.hpp"
#include "support/catch.hpp"

using namespace slipway::kube;
using namespace std::chrono_literals;

TEST_CASE("annotations stand over defaults, and below what the command line says") {
  std::vector<std::string> wrong;
  Policy plain;
  const auto own = with_annotations(plain,
                                    {{"slipway/fail-fast", "image-not-found=warn,quota=off"},
                                     {"slipway/patience", "5m"},
                                     {"slipway/no-progress", "1h"},
                                     {"slipway/max-restarts", "7"},
                                     {"slipway/fail-unready-after", "90s"},
                                     {"slipway/stable", "10s"}},
                                    wrong);
  CHECK(wrong.empty());
  CHECK(own.classes.at("image-not-found") == Mode::warn);
  CHECK(own.classes.at("quota") == Mode::off);
  CHECK(own.patience == 5min);
  CHECK(own.no_progress == 1h);
  CHECK(own.max_restarts == 7);
  CHECK(own.fail_unready_after == 90s);
  CHECK(own.stable == 10s);

  Policy said;
  said.classes["quota"] = Mode::fail;
  said.patience = 1s;
  const auto both = with_annotations(said, {{"slipway/fail-fast", "quota=off"}, {"slipway/patience", "5m"}}, wrong);
  CHECK(both.classes.at("quota") == Mode::fail);
  CHECK(both.patience == 1s);
}

TEST_CASE("an annotation that cannot be read is told and left out") {
  std::vector<std::string> wrong;
  const auto own = with_annotations(
      {}, {{"slipway/fail-fast", "quotta=off"}, {"slipway/patience", "30"}, {"slipway/max-restarts", "0"}}, wrong);
  CHECK(wrong.size() == 3);
  CHECK(own.classes.empty());
  CHECK_FALSE(own.patience);
  CHECK(own.max_restarts == 3);
}
