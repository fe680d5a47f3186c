// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "ignore.hpp"
#include "support/catch.hpp"

using slipway::Error;
using slipway::pipeline_build::glob_match;
using slipway::pipeline_build::Ignore;

TEST_CASE("patterns match as docker's do") {
  struct Row {
    const char* pattern;
    const char* path;
    bool match;
  };
  // From moby/patternmatcher's own table, one row per rule.
  const auto row = GENERATE(values<Row>({
      {"**", "file", true},
      {"**", "dir/file", true},
      {"**/", "file", true},
      {"**/**", "dir/file", true},
      {"dir/**", "dir/file", true},
      {"dir/**", "dir/a/b", true},
      {"dir/**", "dir", false},
      {"**/dir", "dir", true},
      {"**/dir", "a/b/dir", true},
      {"**/file", "a/file", true},
      {"**file", "file", true},
      {"**file", "a/file", true},
      {"**/dir2/*", "dir/dir2/file", true},
      {"**/dir2/**", "dir/dir2/dir2/f", true},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "axb", false},
      {"*", "file", true},
      {"*", "dir/file", false},
      {"*.txt", "a.txt", true},
      {"*.txt", "a.md", false},
      {"a*c", "abc", true},
      {"a*c", "ab/c", false},
      {"?", "a", true},
      {"?", "/", false},
      {"a?c", "abc", true},
      {"a[b-d]e", "ace", true},
      {"a[b-d]e", "aae", false},
      {"a[^b-d]e", "aze", true},
      {"a[^b-d]e", "ace", false},
      {"[a]", "b", false},
      {"[]a]", "]", true},
      {"a\\*b", "a*b", true},
      {"a\\*b", "axb", false},
      {"a.|)$(}+{bc", "a.|)$(}+{bc", true},
      {"abc.def", "abcZdef", false},
      {"abc", "ab", false},
      {"ab", "abc", false},
  }));
  INFO(row.pattern << " against " << row.path);
  CHECK(glob_match(row.pattern, row.path) == row.match);
}

TEST_CASE("the last pattern that matches decides, parents included") {
  const auto ignore =
      Ignore::parse("# comment\n*.md\n!README.md\n\nnode_modules\n/build/\n!build/keep\n  .git  \n", "f");
  CHECK(ignore.excludes("a.md"));
  CHECK_FALSE(ignore.excludes("README.md"));
  CHECK_FALSE(ignore.excludes("docs/a.md"));  // no ** in front: only the top
  CHECK(ignore.excludes("node_modules"));
  CHECK(ignore.excludes("node_modules/x/y.js"));
  CHECK_FALSE(ignore.excludes("x/node_modules"));
  CHECK(ignore.excludes("build/out.o"));
  CHECK_FALSE(ignore.excludes("build/keep"));
  CHECK_FALSE(ignore.excludes("build/keep/deep"));
  CHECK(ignore.excludes(".git/HEAD"));
  CHECK_FALSE(ignore.excludes("# comment"));
}

TEST_CASE("everything but") {
  const auto ignore = Ignore::parse("*\n!src\nsrc/secret", "f");
  CHECK(ignore.excludes("Makefile"));
  CHECK_FALSE(ignore.excludes("src/main.c"));
  CHECK(ignore.excludes("src/secret/key"));
}

TEST_CASE("an excluded directory is walked only when a ! can reach into it") {
  const auto ignore = Ignore::parse("*\n!src/lib/*.c\n", "f");
  CHECK(ignore.prunes("node_modules"));
  CHECK_FALSE(ignore.prunes("src"));
  CHECK_FALSE(ignore.prunes("src/lib"));
  CHECK(ignore.prunes("srcs"));
  CHECK_FALSE(Ignore::parse("*\n!**/keep", "f").prunes("anything"));
  CHECK(Ignore::parse("*", "f").prunes("anything"));
}

TEST_CASE("malformed patterns are all named with their lines") {
  try {
    (void)Ignore::parse("ok\na[b\nc\\\n!\n", "x/.dockerignore");
    FAIL("no error");
  } catch (const Error& error) {
    REQUIRE(error.findings().size() == 3);
    CHECK(error.findings()[0].line == 2);
    CHECK(error.findings()[1].line == 3);
    CHECK(error.findings()[2].line == 4);
    CHECK(error.findings()[0].file == "x/.dockerignore");
  }
}
