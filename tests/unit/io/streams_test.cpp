// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/fs.hpp"
#include "io/streams.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>

using namespace slipway;

namespace {

std::string image_from(std::string_view text, std::string_view argument = {}) {
  const testing::MemoryFile file(text);
  io::Events events;
  return io::image_line(argument, io::Input(file.fd()), {events, {}, {}});
}

std::string_view refusal_of(std::string_view text) {
  try {
    static_cast<void>(image_from(text));
  } catch (const Error& error) {
    return error.failure().id;
  }
  return "taken";
}

}  // namespace

TEST_CASE("the image comes from the argument, else from the last line of stdin", "[streams]") {
  CHECK(image_from("ignored:1\n", "svc:2") == "svc:2");
  CHECK(image_from("svc:1\n") == "svc:1");
  CHECK(image_from("svc:1\n", "-") == "svc:1");
  CHECK(image_from("a:1\n\nsvc@sha256:abc  \n\n") == "svc@sha256:abc");
  CHECK(image_from(R"({"schema":"v1","image":"svc:3"})") == "svc:3");
}

TEST_CASE("a failed step before is told from a wrong pipe", "[streams]") {
  CHECK(refusal_of("") == failure::empty_input.id);
  CHECK(refusal_of("\n \n") == failure::empty_input.id);
  CHECK(refusal_of("FROM debian AS x\n") == failure::bad_input.id);
  CHECK(refusal_of("{\"tag\":1}") == failure::bad_input.id);
  CHECK(refusal_of("{\"image\":") == failure::bad_input.id);
  CHECK(refusal_of("\x1b[31m") == failure::bad_input.id);
}

TEST_CASE("stdout is held back until it is flushed", "[streams]") {
  const testing::MemoryFile file;
  io::Output out(file.fd());
  out.print("half ");
  out.print_line("an answer");
  CHECK(file.text().empty());
  out.discard();
  out.print_line("whole");
  out.flush();
  CHECK(file.text() == "whole\n");
}

TEST_CASE("a full disk on stdout is an error, once", "[streams]") {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  io::Output out(full.get());
  out.print("x");
  CHECK_THROWS_AS(out.flush(), Error);
  CHECK_NOTHROW(out.flush());
}

TEST_CASE("whoever waits for the step before ends when it is told to, or when its time is over", "[streams]") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Fd silent(ends[0]);
  const Fd writer(ends[1]);  // open, and nothing comes
  const io::Input in(silent.get());
  io::Events events;
  const auto ended_by = [&](const io::Run& run) -> std::string_view {
    try {
      static_cast<void>(io::image_line("-", in, run));
    } catch (const Error& error) {
      return error.failure().id;
    }
    return "read";
  };
  StopSource source;
  source.request(SIGTERM);
  CHECK(ended_by({events, source.token(), {}}) == failure::interrupted.id);
  CHECK(ended_by({events, {}, Deadline::in(std::chrono::milliseconds{20})}) == failure::timed_out.id);
}

TEST_CASE("stdin is read to its end, in however many pieces it comes, and no further than its limit", "[streams]") {
  const testing::MemoryFile file(std::string(200'000, 'x'));
  io::Events events;
  const io::Run run{events, {}, {}};
  CHECK(io::Input(file.fd()).read_some(7, run) == "xxxxxxx");
  CHECK(io::Input(file.fd()).read_all(run).size() == 199'993);
  const testing::MemoryFile again("12345");
  CHECK_THROWS_AS(io::Input(again.fd()).read_all(run, 4), Error);
}
