// SPDX-License-Identifier: Apache-2.0
#include "blubber/exclude.hpp"
#include "support/catch.hpp"

#include <regex.h>
#include <string>

using slipway::blubber::exclude_expression;

namespace {

/// POSIX's own reader of extended regular expressions, which is what awk uses.
bool matches(std::string_view pattern, const std::string& path) {
  const auto expression = exclude_expression(pattern);
  REQUIRE(expression);
  regex_t compiled{};
  REQUIRE(::regcomp(&compiled, expression->c_str() + 1, REG_EXTENDED | REG_NOSUB) == 0);
  const bool found = ::regexec(&compiled, path.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

}  // namespace

TEST_CASE("patterns match as in .dockerignore") {
  CHECK(matches("*.md", "README.md"));
  CHECK_FALSE(matches("*.md", "sub/notes.md"));
  CHECK_FALSE(matches("*.md", "xmd"));
  CHECK(matches("**/*.md", "README.md"));
  CHECK(matches("**/*.md", "a/b/c.md"));
  CHECK(matches(".git", ".git/objects/ab"));
  CHECK_FALSE(matches(".git", ".gitignore"));
  CHECK(matches("a?c", "abc"));
  CHECK_FALSE(matches("a?c", "a/c"));
  CHECK(matches("a/**", "a/b/c"));
  CHECK(matches("/x/./y/", "x/y"));
  CHECK(matches("[ab].txt", "b.txt"));
  CHECK(matches("a+(b)|{c}^$", "a+(b)|{c}^$"));
  CHECK(matches("a\\*b", "a*b"));
  CHECK_FALSE(matches("a\\*b", "axb"));
}

TEST_CASE("the sign says whether a match goes or stays") {
  CHECK(exclude_expression("a")->front() == '=');
  CHECK(exclude_expression("!a")->front() == '!');
  CHECK(exclude_expression(" ! a ") == "!^a(/.*)?$");
  CHECK_FALSE(exclude_expression("  "));
  CHECK_FALSE(exclude_expression("!"));
}
