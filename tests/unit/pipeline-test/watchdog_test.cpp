// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "support/catch.hpp"
#include "watchdog.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

using namespace slipway;
using namespace std::chrono_literals;
using pipeline_test::Watchdog;

namespace {

bool appears(const std::filesystem::path& file, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (std::chrono::steady_clock::now() < end) {
    if (std::filesystem::exists(file)) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::function<void(const io::Run&)> touch(const std::filesystem::path& file) {
  return [file](const io::Run&) { std::ofstream(file) << "cleaned"; };
}

}  // namespace

TEST_CASE("a dismissed watchdog does nothing") {
  const fs::TempDir dir("watchdog-test");
  Watchdog dog(touch(dir.path() / "mark"));
  dog.dismiss();
  dog.dismiss();
  CHECK_FALSE(appears(dir.path() / "mark", 200ms));
}

TEST_CASE("it cleans up when its parent is killed") {
  const fs::TempDir dir("watchdog-test");
  const auto parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    const Watchdog dog(touch(dir.path() / "mark"));
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(parent, &status, 0);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(appears(dir.path() / "mark", 5s));
}

TEST_CASE("it cleans up when what it watches over is left undone") {
  const fs::TempDir dir("watchdog-test");
  {
    const Watchdog dog(touch(dir.path() / "mark"));
  }
  CHECK(appears(dir.path() / "mark", 5s));
}

TEST_CASE("it holds neither our output nor our environment") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::setenv("JENKINS_NODE_COOKIE", "cookie", 1);
    const Watchdog dog([](const io::Run&) { std::this_thread::sleep_for(2s); });
    ::raise(SIGKILL);
  }
  ::close(ends[1]);
  ::waitpid(parent, nullptr, 0);
  char byte = 0;
  const auto begun = std::chrono::steady_clock::now();
  CHECK(::read(ends[0], &byte, 1) == 0);  // the end comes with our death, not with the watchdog's
  CHECK(std::chrono::steady_clock::now() - begun < 1s);
  ::close(ends[0]);
}
