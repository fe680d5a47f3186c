// SPDX-License-Identifier: Apache-2.0
#include "blubber/exclude.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "process/spawn.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <regex.h>

#include <filesystem>
#include <set>
#include <string>

using namespace slipway;
using blubber::exclude_expression;
namespace stdfs = std::filesystem;

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

namespace {

/// What is left of a tree when the commands have run in it.
std::set<std::string> left(const std::string& programs, const std::vector<std::string>& patterns,
                           const std::vector<std::string>& files) {
  const fs::TempDir home("exclude");
  const auto folder = home.path() / "fo lder";
  for (const auto& file : files) {
    stdfs::create_directories((folder / file).parent_path());
    fs::write_file(folder / file, file);
  }
  stdfs::create_directory_symlink("keep", folder / "link");
  std::vector<std::string> expressions;
  for (const auto& pattern : patterns) expressions.push_back(exclude_expression(pattern).value());
  std::vector<std::string> argv{"sh", "-c", blubber::exclude_script(folder.string(), expressions), "exclude"};
  argv.insert(argv.end(), expressions.begin(), expressions.end());
  const testing::RecordedRun recorded;
  const auto outcome =
      process::run({.argv = argv, .env = {{"PATH", programs}, {"TMPDIR", home.path().string()}}}, recorded.run);
  CHECK(outcome.ok());
  CHECK(outcome.err_tail.empty());
  std::set<std::string> out;
  for (const auto& entry : stdfs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory() || entry.is_symlink()) out.insert(entry.path().lexically_relative(folder).string());
  }
  // The lists of names are gone, too.
  CHECK(std::distance(stdfs::directory_iterator(home.path()), stdfs::directory_iterator()) == 1);
  return out;
}

}  // namespace

TEST_CASE("the commands remove what matches, whatever the names") {
  const std::vector<std::string> files{"keep/a",         "keep/b.md",    "a.md",        "-rf",           "it's",
                                       "\"quoted\" $x`", "back\\slash",  "line\nbreak", "line\nbreak.md", "x\n./keep/a",
                                       "dir\n/a.md",     "dir\n/it's.c", "end\n",       " blank ",       "\xff\xfe"};
  const std::set<std::string> all(files.begin(), files.end());
  const auto without = [&](std::set<std::string> some, const std::set<std::string>& gone) {
    for (const auto& name : gone) CHECK(some.erase(name) == 1);
    some.insert("link");
    return some;
  };
  // The system's programs, and busybox' own.
  const fs::TempDir applets("applets");
  const auto busybox = process::find_program("busybox", "/bin:/usr/bin");
  REQUIRE(busybox);
  for (const auto* name : {"sh", "find", "awk", "mktemp", "rm", "rmdir"})
    stdfs::create_symlink(*busybox, applets.path() / name);
  for (const auto& shell : {std::string("/bin:/usr/bin"), applets.path().string()}) {
    INFO(shell);
    CHECK(left(shell, {"*.md"}, files) == without(all, {"a.md", "line\nbreak.md"}));
    CHECK(left(shell, {"**/*.md"}, files) == without(all, {"keep/b.md", "a.md", "line\nbreak.md", "dir\n/a.md"}));
    CHECK(left(shell, {"line*"}, files) == without(all, {"line\nbreak", "line\nbreak.md"}));
    CHECK(left(shell, {"keep"}, files) == without(all, {"keep/a", "keep/b.md"}));
    CHECK(left(shell, {"keep*", "!keep/a"}, files) == without(all, {"keep/b.md"}));
    CHECK(left(shell, {"dir*", "it's", "-rf", "\"*", "back*", "end*"}, files) ==
          without(all, {"dir\n/a.md", "dir\n/it's.c", "it's", "-rf", "\"quoted\" $x`", "back\\slash", "end\n"}));
    CHECK(left(shell, {"**", "!*'*", "!**/*.c"}, files) == std::set<std::string>{"it's", "dir\n/it's.c"});
  }
}
