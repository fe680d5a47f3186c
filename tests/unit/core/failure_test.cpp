// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/failure.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace slipway;

TEST_CASE("ids of failures are unique, few and fit for machines", "[failure]") {
  std::set<std::string_view> seen;
  for (const auto& failure : failure_table) {
    CHECK(seen.insert(failure.id).second);
    CHECK(std::ranges::all_of(failure.id, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }));
    CHECK_FALSE(failure.meaning.empty());
  }
  CHECK(failure_table.size() <= 60);
}

TEST_CASE("every exit status has one row", "[failure]") {
  std::set<int> seen;
  for (const auto& entry : exit_table) CHECK(seen.insert(status(entry.code)).second);
  for (const auto& failure : failure_table) CHECK(row(failure.code).code == failure.code);
}

TEST_CASE("context is added from the inside out", "[error]") {
  try {
    with_context("push layer 3 of 7",
                 [] { with_context("PUT https://r.example/v2/x", [] { throw Error(failure::denied, "refused"); }); });
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.at() == std::vector<std::string>{"PUT https://r.example/v2/x", "push layer 3 of 7"});
    CHECK(error.code() == ExitCode::permission);
  }
}
