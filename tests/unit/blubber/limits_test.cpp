// SPDX-License-Identifier: Apache-2.0
// Files made to hurt: each is refused in words, within a second, and takes at most 64 MiB. Each runs in a process of
// its own, so that its memory is its own.
#include "blubber/blubber.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

using namespace slipway;

namespace {

struct Outcome {
  int status = 0;  ///< 0 accepted, 65 refused
  std::chrono::milliseconds took{};
  long peak_kib = 0;  ///< beyond what the test itself has
};

Outcome run(const std::string& yaml, bool check = true) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      if (check) (void)blubber::check(yaml, "b.yaml");
      else (void)blubber::dockerfile(yaml, "b.yaml", "a");
      ::_exit(0);
    } catch (const Error& error) {
      ::_exit(error.message().empty() ? 1 : status(error.code()));
    } catch (...) {
      ::_exit(1);
    }
  }
  int ended = 0;
  rusage usage{};
  REQUIRE(::wait4(child, &ended, 0, &usage) == child);
  REQUIRE(WIFEXITED(ended));
  const auto cpu = std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return {WEXITSTATUS(ended), std::chrono::duration_cast<std::chrono::milliseconds>(cpu), usage.ru_maxrss};
}

void refuses(const std::string& what, const std::string& yaml) {
  INFO(what);
  const auto outcome = run(yaml);
  CHECK(outcome.status == 65);
  // CPU time: the machine may be busy with others. A debug build takes some three times as long as what is shipped.
  CHECK(outcome.took < std::chrono::milliseconds(3000));
  CHECK(outcome.peak_kib < 64 * 1024);
}

const std::string head = "version: v4\nbase: debian\n";

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  out.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

}  // namespace

TEST_CASE("bombs are refused") {
  std::string bomb = head + "x-a: &a [l, l, l, l, l, l, l, l, l, l]\n";
  for (char c = 'b'; c < 'k'; ++c)
    bomb += fmt::format("x-{0}: &{0} [*{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}]\n", c, char(c - 1));
  refuses("aliases", bomb);
  refuses("aliases of a long text",
          head + "x-a: &a \"" + std::string(900'000, 'x') + "\"\nx-b: [" + repeated("*a, ", 1000) + "*a]\n");
  refuses("nesting in brackets", head + "x-a: " + std::string(100'000, '[') + "\n");
  refuses("nesting in braces", head + "x-a: " + repeated("{a: ", 50'000) + "\n");
  refuses("nesting by dashes", head + "x-a:\n" + repeated("- ", 50'000) + "x\n");
  refuses("a megabyte as a variable", head + "runs: {environment: {AA: " + std::string(1U << 20U, 'x') + "}}\n");
  refuses("a megabyte as a key", head + std::string(1U << 20U, 'x') + ": 1\nvariants: {a: {}}\n");
  refuses("a megabyte as a command", head + "builder: {command: \"" + std::string(1U << 20U, '\\') + "\"}\n");
  refuses("a large file", head + std::string(4U << 20U, '#') + "\n");
  refuses("not UTF-8", head + "x-a: \"\xff\"\n");
  refuses("UTF-8 cut short", head + "x-a: \"\xe2\x82\"\n");
  refuses("half of a pair", head + "x-a: \"\xed\xa0\x80\"\n");
  refuses("a control character", head + std::string("x-a: \"\x01\"\n"));
  refuses(
      "unknown keys without end", head + [] {
        std::string out;
        for (int i = 0; i < 40'000; ++i) out += fmt::format("kopies{}: 1\n", i);
        return out;
      }());
  refuses("errors in one long line",
          head + "variants: {a: {copies: [" + repeated("{from: local, source: ../x}, ", 20'000) + "]}}\n");
}

TEST_CASE("what variants inherit from each other is limited") {
  // Each variant has all variables of those before it: n squared of them.
  std::string yaml = head + "variants:\n";
  for (int i = 0; i < 5'000; ++i)
    yaml += fmt::format("  v{}: {{{}runs: {{environment: {{A{}: x}}}}}}\n", i,
                        i == 0 ? "" : fmt::format("includes: [v{}], ", i - 1), i);
  refuses("a chain of includes", yaml);
  yaml = head + "variants:\n  v0: {}\n";
  for (int i = 1; i < 20'000; ++i) yaml += fmt::format("  v{}: {{copies: [v{}]}}\n", i, i - 1);
  refuses("a chain of copies", yaml);
}

TEST_CASE("what is only large is built") {
  // A warning for each of them, all in one line.
  const auto traps = run(head + "x-a: [" + repeated("yes, ", 90'000) + "no]\nvariants: {a: {}}\n");
  CHECK(traps.status == 0);
  CHECK(traps.peak_kib < 64 * 1024);
  const auto script = run(head + "variants: {a: {builder: {script: \"" + std::string(1'000'000, 'x') + "\"}}}", false);
  CHECK(script.status == 0);
  CHECK(script.peak_kib < 64 * 1024);
  std::string yaml = head + "variants:\n";
  for (int i = 0; i < 1000; ++i)
    yaml += fmt::format("  v{}: {{{}apt: {{packages: [pa{}]}}}}\n", i,
                        i % 20 == 0 ? "" : fmt::format("includes: [v{}], ", i - 1), i);
  CHECK(run(yaml).status == 0);
}
