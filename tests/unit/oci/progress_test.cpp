// SPDX-License-Identifier: Apache-2.0
#include "oci/progress.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t mb = 1U << 20U;

std::string last_of(const testing::RecordedRun& recorded, const std::string& subject) {
  std::string text = "never";
  for (const auto& event : recorded.seen)
    if (event.subject == subject) text = event.text;
  return text;
}

}  // namespace

TEST_CASE("what is said of an upload") {
  CHECK_THAT(show_progress(10 * mb, 40 * mb, 10.0 * mb), Contains("25 %") && Contains("/s") && Contains("left"));
  CHECK_THAT(show_progress(10 * mb, std::nullopt, 10.0 * mb), Contains("/s") && !Contains("%") && !Contains("left"));
  CHECK_THAT(show_progress(0, 40 * mb, 0), Contains("0 %") && !Contains("/s"));
  CHECK_THAT(show_progress(40 * mb, 40 * mb, 1000), Contains("100 %") && !Contains("left"));
  CHECK_THAT(show_progress(0, 0, 0), !Contains("%"));
}

TEST_CASE("a line for each upload that takes its time, and one for all") {
  testing::RecordedRun recorded;
  Progress progress(recorded.run.events, "r.example");
  const auto start = Progress::Clock::now();
  {
    const auto slow = progress.begin("aaa", 100 * mb);
    const auto quick = progress.begin("bbb", 10 * mb);
    slow->at(mb, start + 100ms);
    quick->at(10 * mb, start + 200ms);
    CHECK(recorded.seen.empty());
    slow->at(20 * mb, start + 2500ms);
    CHECK_THAT(last_of(recorded, "aaa"), Contains("aaa") && Contains("20 %") && Contains("left"));
    CHECK_THAT(last_of(recorded, "~r.example"), Contains("2 under way to r.example") && Contains("27 %"));
    CHECK(last_of(recorded, "bbb") == "never");
    const auto told = recorded.seen.size();
    slow->at(21 * mb, start + 2600ms);  // too soon after the last one
    CHECK(recorded.seen.size() == told);
    slow->at(0, start + 3s);  // it begins again
    CHECK_THAT(last_of(recorded, "aaa"), Contains(" 0 %"));
  }
  CHECK(last_of(recorded, "aaa").empty());
  CHECK(last_of(recorded, "~r.example").empty());
  for (const auto& event : recorded.seen) CHECK(event.kind == "moment");
}

TEST_CASE("of what grows no end is foretold") {
  testing::RecordedRun recorded;
  Progress progress(recorded.run.events, "r.example");
  const auto line = progress.begin("layer.tar", std::nullopt);
  line->at(50 * mb, Progress::Clock::now() + 5s);
  CHECK_THAT(last_of(recorded, "layer.tar"), !Contains("%") && Contains("/s"));
  CHECK_THAT(last_of(recorded, "~r.example"), !Contains("%"));
}
