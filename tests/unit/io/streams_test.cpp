// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "io/streams.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <fcntl.h>

using namespace slipway;

namespace {

std::string image_from(std::string_view text, std::string_view argument = {}) {
  const testing::MemoryFile file(text);
  return io::image_line(argument, io::Input(file.fd()));
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
