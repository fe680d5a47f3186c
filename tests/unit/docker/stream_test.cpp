// SPDX-License-Identifier: Apache-2.0
#include "docker/stream.hpp"
#include "support/catch.hpp"

using namespace slipway;
using docker::Lines;
using docker::LogFrames;
using docker::Stream;

namespace {

std::string frame(char stream, const std::string& content) {
  return std::string{
             stream, 0, 0, 0, 0, 0, static_cast<char>(content.size() >> 8U), static_cast<char>(content.size())} +
         content;
}

}  // namespace

TEST_CASE("frames come apart however the bytes are cut") {
  const auto bytes = frame(1, "out one\n") + frame(2, "err\n") + frame(1, "") + frame(1, std::string(300, 'x'));
  for (const std::size_t piece : {1U, 3U, 8U, 9U, 1000U}) {
    std::string out;
    std::string err;
    LogFrames frames([&](Stream s, std::string_view b) { (s == Stream::out ? out : err) += b; });
    for (std::size_t i = 0; i < bytes.size(); i += piece) frames.feed(std::string_view(bytes).substr(i, piece));
    CHECK(out == "out one\n" + std::string(300, 'x'));
    CHECK(err == "err\n");
  }
}

TEST_CASE("a stream that is not in frames is refused") {
  LogFrames frames([](Stream, std::string_view) {});
  CHECK_THROWS_AS(frames.feed("plain text of a terminal"), Error);
}

TEST_CASE("bytes become lines") {
  std::vector<std::string> got;
  Lines lines([&](std::string_view line) { got.emplace_back(line); }, 8);
  for (const auto* piece : {"a", "b\nc\r\n\n", "0123456789\nend"}) lines.feed(piece);
  CHECK(got == std::vector<std::string>{"ab", "c", "", "01234567", "89"});
  lines.finish();
  lines.finish();
  CHECK(got.back() == "end");
  CHECK(got.size() == 6);
}

TEST_CASE("colours and titles do not survive") {
  using docker::without_escapes;
  CHECK(without_escapes("\x1b[91mred\x1b[0m and \x1b[1;32mgreen\x1b[m") == "red and green");
  CHECK(without_escapes("\x1b]0;title\x07text") == "text");
  CHECK(without_escapes("\x1b]0;title\x1b\\text") == "text");
  CHECK(without_escapes("a\x1b(Bb\x1b[") == "aBb");
  CHECK(without_escapes("plain").size() == 5);
}
