// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "support/catch.hpp"

using namespace slipway;
using std::chrono::milliseconds;

TEST_CASE("edit distance counts a swap of neighbours as one", "[text]") {
  CHECK(text::edit_distance("copies", "copies") == 0);
  CHECK(text::edit_distance("copeis", "copies") == 1);
  CHECK(text::edit_distance("copes", "copies") == 1);
  CHECK(text::edit_distance("", "abc") == 3);
  CHECK(text::edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("nearest names a typo and keeps quiet about strangers", "[text]") {
  const std::vector<std::string> known{"production", "development", "test", "build"};
  CHECK(text::nearest("prodcution", known) == "production");
  CHECK(text::nearest("TEST", known) == "test");
  CHECK(text::nearest("tset", known) == "test");
  CHECK_FALSE(text::nearest("staging", known));
  CHECK_FALSE(text::nearest("", known));
  CHECK(text::did_you_mean("biuld", known) == "; did you mean 'build'?");
  CHECK(text::did_you_mean("zzz", known).empty());
}

TEST_CASE("durations are Go's, and a bare number is none", "[text]") {
  CHECK(text::parse_duration("90s") == milliseconds{90'000});
  CHECK(text::parse_duration("1h30m") == milliseconds{5'400'000});
  CHECK(text::parse_duration("1.5s") == milliseconds{1500});
  CHECK(text::parse_duration("250ms") == milliseconds{250});
  CHECK(text::parse_duration("0") == milliseconds{0});
  for (const auto* wrong : {"", "5", "s", "-5s", "5 s", "5d", "1h30", "1e3s", "99999999999999999999h"})
    CHECK_FALSE(text::parse_duration(wrong));
}

TEST_CASE("sizes are docker's, and overflow is none", "[text]") {
  CHECK(text::parse_size("512") == 512U);
  CHECK(text::parse_size("64k") == 65536U);
  CHECK(text::parse_size("64KiB") == 65536U);
  CHECK(text::parse_size("2g") == 2147483648U);
  CHECK(text::parse_size("1b") == 1U);
  for (const auto* wrong : {"", "k", "-1", "5x", "1.5g", "99999999999t", "5kk"}) CHECK_FALSE(text::parse_size(wrong));
}

TEST_CASE("what a person reads", "[text]") {
  CHECK(text::show_duration(milliseconds{40}) == "0.04 s");
  CHECK(text::show_duration(milliseconds{12'340}) == "12.3 s");
  CHECK(text::show_duration(milliseconds{102'000}) == "1m42s");
  CHECK(text::show_duration(milliseconds{59'999}) == "1m00s");
  CHECK(text::show_duration(milliseconds{7'500'000}) == "2h05m");
  CHECK(text::show_size(999) == "999 B");
  CHECK(text::show_size(3'200'000) == "3.2 MB");
  CHECK(text::show_size(146'000'000) == "146 MB");
  CHECK(text::show_size(999'999'999) == "1.0 GB");
}

TEST_CASE("RFC 3339 goes out and comes back", "[text]") {
  const auto t = text::parse_rfc3339("2026-11-24T10:15:00.123Z");
  REQUIRE(t);
  CHECK(text::rfc3339(*t) == "2026-11-24T10:15:00.123Z");
  CHECK(text::parse_rfc3339("2026-11-24T12:15:00.123+02:00") == t);
  CHECK(text::rfc3339(*text::parse_rfc3339("1969-12-31T23:59:59.5Z")) == "1969-12-31T23:59:59.500Z");
  for (const auto* wrong : {"", "2026-11-24", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-24T10:15:00",
                            "2026-11-24T10:15:00Zx", "2026-11-24T24:00:00Z", "2026-11-24T10:15:00.Z"})
    CHECK_FALSE(text::parse_rfc3339(wrong));
}

TEST_CASE("text from outside cannot move the cursor", "[text]") {
  CHECK(text::printable("a\x1b[2Jb\tc\nd\x7f") == "a\\x1b[2Jb\tc\nd\\x7f");
  CHECK(text::printable("größe") == "größe");
}

TEST_CASE("split and trim", "[text]") {
  CHECK(text::split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(text::split("", ',') == std::vector<std::string>{""});
  CHECK(text::trim(" \t a b \r\n") == "a b");
  CHECK(text::trim(" \n ").empty());
}
