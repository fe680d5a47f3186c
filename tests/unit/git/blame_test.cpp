// SPDX-License-Identifier: Apache-2.0
// Blame against git's own, over histories with insertions, deletions, merges and reverts.
#include "core/text.hpp"
#include "git/repository.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/repository.hpp"

#include <string>
#include <vector>

using namespace slipway;
using slipway::testing::TestRepository;

namespace {

/// Asks for every line and compares with `git blame`.
void agrees_with_git(const TestRepository& made, const std::string& file) {
  const auto said = text::split(made.git({"blame", "-s", "-l", "--abbrev=39", "--root", "HEAD", "--", file}), '\n');
  std::vector<int> lines;
  for (std::size_t i = 0; i < said.size(); ++i) lines.push_back(static_cast<int>(i) + 1);
  const auto repository = git::Repository::open(made.path().string());
  const auto found = repository.blame(repository.resolve(), file, lines);
  REQUIRE(found.size() == said.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    INFO("line " << i + 1 << ": " << said[i]);
    CHECK(said[i].starts_with(found.at(static_cast<int>(i) + 1).id.hex()));
  }
}

}  // namespace

TEST_CASE("lines are followed through what comes and goes around them") {
  const TestRepository made;
  made.write("a.yaml", "one\ntwo\nthree\nfour\nfive\n");
  made.commit("first");
  made.write("a.yaml", "zero\none\ntwo\nfour\nfive\n");
  made.commit("zero in, three out");
  made.write("other.yaml", "x\n");
  made.commit("elsewhere");
  made.write("a.yaml", "zero\none\ntwo\nFOUR\nfive\nsix\n");
  made.commit("four loud");
  made.write("a.yaml", "two\nFOUR\nfive\nsix\nseven\n");
  made.commit("the head is gone");
  agrees_with_git(made, "a.yaml");
}

TEST_CASE("lines come from either side of a merge") {
  const TestRepository made;
  made.write("a.yaml", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
  made.commit("first");
  made.git({"checkout", "-q", "-b", "side"});
  made.write("a.yaml", "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n");
  made.commit("side");
  made.git({"checkout", "-q", "main"});
  made.write("a.yaml", "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n");
  made.commit("main");
  made.git({"merge", "-q", "--no-edit", "side"});
  agrees_with_git(made, "a.yaml");
}

TEST_CASE("a file in a directory, made again after it was removed") {
  const TestRepository made;
  made.write("d/a.yaml", "one\ntwo\n");
  made.commit("first");
  std::filesystem::remove(made.path() / "d/a.yaml");
  made.commit("gone");
  made.write("d/a.yaml", "one\ntwo\n");
  made.commit("back");
  agrees_with_git(made, "d/a.yaml");
  const auto repository = git::Repository::open(made.path().string());
  testing::failed(failure::not_found,
                  [&] { static_cast<void>(repository.blame(repository.resolve(), "d/b.yaml", {1})); });
}
