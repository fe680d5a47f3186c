// SPDX-License-Identifier: Apache-2.0
#include "process/spawn.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

using namespace slipway;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

process::Outcome shell(const std::string& script, testing::RecordedRun& with, process::Command base = {}) {
  base.argv = {"sh", "-c", script};
  return process::run(base, with.run);
}

/// Not a zombie either: in a container nobody may reap orphans.
bool alive(const std::string& pid) {
  const auto stat = "/proc/" + pid + "/stat";
  if (!std::filesystem::exists(stat)) return false;
  const auto text = fs::read_file(stat);
  return text.substr(text.rfind(')') + 2, 1) != "Z";
}

}  // namespace

TEST_CASE("output, error tail and status come back", "[process]") {
  testing::RecordedRun with;
  const auto done = shell("echo out; echo err >&2; exit 3", with);
  CHECK(done.out == "out\n");
  CHECK(done.err_tail == "err\n");
  CHECK(done.status == 3);
  CHECK(done.signal == 0);
  CHECK_FALSE(done.ok());
  CHECK(done.how() == "exit status 3");
}

TEST_CASE("a death by signal is told from a status", "[process]") {
  testing::RecordedRun with;
  const auto done = shell("kill -KILL $$", with);
  CHECK(done.signal == SIGKILL);
  CHECK(done.how() == "killed by SIGKILL");
}

TEST_CASE("stdin holds the input, and nothing when there is none", "[process]") {
  testing::RecordedRun with;
  const std::string big(3U << 20U, 'x');  // far more than a pipe holds: no deadlock with cat's output
  CHECK(shell("cat", with, {.input = big}).out == big);
  CHECK(shell("cat", with).out.empty());
}

TEST_CASE("further descriptors are readable by number, whatever ours are", "[process]") {
  testing::RecordedRun with;
  const Fd ours(::fcntl(STDIN_FILENO, F_DUPFD, 20));  // without close-on-exec: as a careless caller would leave it
  const auto done = shell("cat /dev/fd/6 /dev/fd/3 /dev/fd/4; ls /dev/fd | tr '\\n' ' '", with,
                          {.fd_inputs = {{3, "three "}, {4, "four "}, {6, "six "}}});
  // 5 is the directory that ls itself reads; nothing else is open.
  CHECK(done.out == "six three four 0 1 2 3 4 5 6 ");
}

TEST_CASE("lines are told as they come, the last one also without a newline", "[process]") {
  testing::RecordedRun with;
  std::vector<std::string> out;
  std::vector<std::string> err;
  const auto done = shell("printf 'a\\r\\nb\\n\\nlast'; printf 'e1\\ne2' >&2", with,
                          {.on_out = [&](std::string_view line) { out.emplace_back(line); },
                           .on_err = [&](std::string_view line) { err.emplace_back(line); }});
  CHECK(out == std::vector<std::string>{"a", "b", "", "last"});
  CHECK(err == std::vector<std::string>{"e1", "e2"});
  CHECK(done.out == "a\r\nb\n\nlast");
}

TEST_CASE("only the end of stderr is kept", "[process]") {
  testing::RecordedRun with;
  const auto done = shell("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done", with, {.tail = 100});
  CHECK(done.err_tail.size() == 100);
  CHECK(done.err_tail.ends_with("line 1999\n"));
}

TEST_CASE("too much output is refused, and the child does not go on", "[process]") {
  testing::RecordedRun with;
  CHECK_THROWS_WITH(shell("yes", with, {.keep = 1000}), "'sh' printed more than 1.0 kB");
  CHECK(shell("head -c 5000 /dev/zero", with, {.keep = 0}).out.empty());
}

TEST_CASE("the environment is ours with additions and replacements", "[process]") {
  testing::RecordedRun with;
  ::setenv("SLIPWAY_TEST_KEPT", "kept", 1);
  ::setenv("SLIPWAY_TEST_REPLACED", "old", 1);
  const auto done = shell("echo $SLIPWAY_TEST_KEPT $SLIPWAY_TEST_REPLACED $SLIPWAY_TEST_ADDED", with,
                          {.env = {{"SLIPWAY_TEST_REPLACED", "new"}, {"SLIPWAY_TEST_ADDED", "added"}}});
  CHECK(done.out == "kept new added\n");
}

TEST_CASE("a directory is changed into, and a relative program is still ours", "[process]") {
  testing::RecordedRun with;
  CHECK(shell("pwd", with, {.directory = "/"}).out == "/\n");
  fs::TempDir scratch("spawn-test");
  const auto file = scratch.path() / "tool";
  fs::write_file(file, "#!/bin/sh\npwd\n", 0755);
  process::Command command{.argv = {std::filesystem::relative(file).string()}, .directory = "/"};
  CHECK(process::run(command, with.run).out == "/\n");
}

TEST_CASE("a program that is missing or cannot run is named", "[process]") {
  testing::RecordedRun with;
  const auto starting = [&](std::vector<std::string> argv) {
    return process::run({.argv = std::move(argv)}, with.run);
  };
  CHECK_THROWS_WITH(starting({"slipway-no-such"}), "there is no program 'slipway-no-such' on PATH");
  CHECK_THROWS_WITH(starting({"/etc/passwd"}), "cannot run '/etc/passwd': Permission denied");
  try {
    static_cast<void>(starting({"slipway-no-such"}));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::setup);
  }
}

TEST_CASE("when time is up the whole group goes, also those that ignore SIGTERM", "[process]") {
  testing::RecordedRun with;
  io::Run run{.events = with.events, .stop = {}, .deadline = Deadline::in(300ms)};
  std::string grandchild;
  process::Command command{
      .argv = {"sh", "-c", "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo $!; wait"},
      .on_out = [&](std::string_view line) { grandchild = line; },
      .grace = 200ms};
  const auto begun = Clock::now();
  try {
    static_cast<void>(process::run(command, run));
    FAIL("no timeout");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::timeout);
    CHECK(error.message() == "the time limit ran out while 'sh' was running");
  }
  CHECK(Clock::now() - begun < 3s);
  REQUIRE_FALSE(grandchild.empty());
  for (int i = 0; i < 100 && alive(grandchild); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(alive(grandchild));
}

TEST_CASE("a stop ends the child with SIGTERM first", "[process]") {
  testing::RecordedRun with;
  std::string said;
  process::Command command{
      .argv = {"sh", "-c", "trap 'echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.05; done"},
      .on_out = [&](std::string_view line) {
        said += line;
        if (line == "up") with.source.request(SIGINT);
      }};
  try {
    static_cast<void>(process::run(command, with.run));
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.failure().id == failure::interrupted.id);
  }
  CHECK(said == "upcleaned");
  CHECK_THROWS_AS(shell("true", with), Error);  // nothing new is begun after a stop
}

TEST_CASE("a callback that throws kills the child", "[process]") {
  testing::RecordedRun with;
  std::string pid;
  process::Command command{.argv = {"sh", "-c", "echo $$; exec sleep 60"}, .on_out = [&](std::string_view line) {
                             pid = line;
                             throw std::runtime_error("enough");
                           }};
  CHECK_THROWS_WITH(process::run(command, with.run), "enough");
  CHECK_FALSE(alive(pid));
}

TEST_CASE("a grandchild that keeps the pipes does not keep us", "[process]") {
  testing::RecordedRun with;
  const auto begun = Clock::now();
  const auto done = shell("sleep 60 & echo done", with);
  CHECK(done.out == "done\n");
  CHECK(done.ok());
  CHECK(Clock::now() - begun < 5s);
}

TEST_CASE("programs are found as the shell finds them, but not in an empty entry", "[process]") {
  fs::TempDir scratch("spawn-test");
  fs::write_file(scratch.path() / "plain", "x", 0644);
  fs::write_file(scratch.path() / "tool", "x", 0755);
  std::filesystem::create_directory(scratch.path() / "folder");
  const auto path = "/nonexistent:" + scratch.path().string();
  CHECK(process::find_program("tool", path) == scratch.path() / "tool");
  CHECK_FALSE(process::find_program("plain", path));
  CHECK_FALSE(process::find_program("folder", path));
  CHECK_FALSE(process::find_program("tool", ":"));
  CHECK(process::find_program((scratch.path() / "tool").string(), "") == scratch.path() / "tool");
}

TEST_CASE("descriptors that are to last stay open in the child, and only those") {
  testing::RecordedRun recorded;
  const Fd lock(::memfd_create("the-lock", MFD_CLOEXEC));
  const Fd other(::memfd_create("another", MFD_CLOEXEC));
  process::Command command{.argv = {"sh", "-c", "ls -l /proc/self/fd; cat /dev/fd/3"}};
  command.fd_inputs.emplace_back(3, "content\n");
  command.held = {lock.get()};
  const auto outcome = process::run(command, recorded.run);
  CHECK(outcome.ok());
  CHECK(outcome.out.find("the-lock") != std::string::npos);
  CHECK(outcome.out.find("another") == std::string::npos);
  CHECK(outcome.out.ends_with("content\n"));
}
