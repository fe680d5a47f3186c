// SPDX-License-Identifier: Apache-2.0
#include "blubber/dockerfile.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace slipway::blubber;

namespace {

std::string line(Instruction instruction) { return print(instruction); }

/// What a builder's line reader makes of the physical lines, comments and all.
std::string joined(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto piece = text.substr(at, end - at);
    at = end + 1;
    CHECK(piece.size() <= longest_line);
    const auto first = piece.find_first_not_of(" \t");
    REQUIRE(first != std::string::npos);
    if (!out.empty()) CHECK((first == 0 && piece.front() != '#'));
    if (piece.ends_with('\\')) {
      piece.pop_back();
      CHECK_FALSE(piece.ends_with('\\'));
    }
    out += piece;
  }
  return out;
}

}  // namespace

TEST_CASE("values keep what they are in quotes") {
  CHECK(line(Env{{{"A", "x\"y\\z $HOME `c`"}}}) == R"(ENV A="x\"y\\z $HOME `c`")");
  CHECK(line(Env{{{"A", "1"}, {"B", "2"}}}) == R"(ENV A="1" B="2")");
  CHECK(line(Env{{{"A", "$HOME", false}}}) == R"(ENV A="\$HOME")");
  CHECK(line(Arg{"A", "$x\"", false}) == R"(ARG A="\$x\"")");
  CHECK(line(Arg{"UID", "900", true}) == "ARG UID=900");
  CHECK(line(Arg{"TARGETARCH", {}, false}) == "ARG TARGETARCH");
  CHECK(line(Label{{{"a.b", "$1"}}}) == R"(LABEL a.b="\$1")");
  CHECK(line(Workdir{"/a b$c"}) == R"(WORKDIR "/a b\$c")");
  CHECK(line(Env{{{"A", "one\nUSER 0"}}}) == R"(ENV A="one\nUSER 0")");
  // A dollar that begins no variable would be an error to one builder and nothing to another.
  CHECK(line(Env{{{"A", "$1 ${ $$ ${B:-c} $D\xc3\xa9"}}}) == "ENV A=\"\\$1 \\${ \\$\\$ ${B:-c} ${D}\xc3\xa9\"");
  CHECK(line(Env{{{"PATH", "/bin:$PATH", true, "/$v"}}}) == R"(ENV PATH="/\$v/bin:$PATH")");
}

TEST_CASE("paths of COPY pass two readers") {
  CHECK(line(Copy{true, "", {"we$ird", "it's"}, "q\"/"}) ==
        R"(COPY --chown=$LIVES_UID:$LIVES_GID ["we\\$ird", "it\\'s", "q\\\"/"])");
  // BuildKit takes the first for a heredoc; a byte order mark at the beginning is lost.
  CHECK(line(Copy{false, "", {"<<EOF", "\xef\xbb\xbfx"}, "y/"}) ==
        "COPY [\"\\\\<\\\\<EOF\", \"\\\\\xef\xbb\xbfx\", \"y/\"]");
  CHECK(line(Copy{false, "", {"$A$(b)${C:-d}"}, "y", true}) == R"(COPY ["$A\\$(b)\\${C:-d}", "y"])");
  CHECK(line(Copy{false, "build", {"/a\\b"}, "/x"}) == R"(COPY --from=build ["/a\\\\b", "/x"])");
}

TEST_CASE("JSON forms are JSON") {
  const std::string odd = "\x01\x1b\n\t\"\\ é \x7f";
  CHECK(nlohmann::json::parse(json_string(odd)).get<std::string>() == odd);
  CHECK(line(Entrypoint{{"a", "b\"c"}}) == R"(ENTRYPOINT ["a", "b\"c"])");
  CHECK(line(Entrypoint{{}}) == "ENTRYPOINT []");
}

TEST_CASE("a RUN whose text would be read as something else takes the exec form") {
  for (const auto* text : {"make all", "date +%Y", "[ -e x ] && y", "[[ a == b ]]", "echo \xc3\xa9", "a <<< b",
                           "echo a \\b", "x=1; echo $x"}) {
    INFO(text);
    CHECK(line(Run{text, {}, {}}) == std::string("RUN ") + text);
  }
  for (const auto* text : {"a\nUSER root", "a\\", "a\\  ", "cat <<EOF && x", "cat <<-EOF", "--mount=type=x y",
                           "[\"a\"]", "[ ]", "a\rb", " -- x <<a", "[1] && x", "[ true ]", "[[\"a\"], 1]", "[-1]", " ",
                           "\t", "echo a\xc2\xa0", "\xe3\x80\x80x", "a\xe2\x80\xa8"}) {
    INFO(text);
    const auto out = line(Run{text, {}, {}});
    REQUIRE(out.starts_with("RUN ["));
    CHECK(out.find('\n') == std::string::npos);
    const auto words = nlohmann::json::parse(out.substr(4));
    CHECK(words == nlohmann::json({"/bin/sh", "-c", text}));
  }
  CHECK(line(Run{"echo \"$1\"", {"x", "a\nb"}, {}}) == R"(RUN ["/bin/sh", "-c", "echo \"$1\"", "x", "a\nb"])");
}

TEST_CASE("long lines are folded where no builder trips") {
  for (const std::string unit : {"abcdefg ", "\xe3\x80\x80#", "#", "\\", "é", " #x", "\"\\u0007\" ", "a\\ "}) {
    std::string text = "RUN echo ";
    while (text.size() < 3 * longest_line) text += unit;
    text += "end";
    INFO(unit);
    const auto folded = fold(text);
    if (unit == "#" || unit == "\\" || unit == "\xe3\x80\x80#") {  // nowhere to break
      CHECK_FALSE(folded);
      continue;
    }
    REQUIRE(folded);
    CHECK(joined(*folded) == text);
  }
  CHECK(fold("short") == "short");
  CHECK(fold(std::string(longest_line, 'x')) == std::string(longest_line, 'x'));
  CHECK(fold("abcdef", 4) == "abc\\\ndef");
}

TEST_CASE("a break is never before what a builder takes for white space") {
  for (const std::string space : {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x83", "\xe2\x80\xa8",
                                  "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\v", "\f"}) {
    const auto text = "abcdefgh" + space + "#ijkl";
    for (std::size_t limit = 6; limit < text.size(); ++limit) {
      const auto folded = fold(text, limit);
      REQUIRE(folded);
      CHECK(folded->find("\n" + space) == std::string::npos);
    }
  }
}

TEST_CASE("names are folded, too, and what cannot be is told with a place") {
  Report report("f", "");
  const std::string name(2 * longest_line, 'x');
  auto printed = print(std::vector<Stage>{{name, "debian", {}, {}}}, report);
  printed.pop_back();
  CHECK(joined(printed) == "FROM debian AS " + name);
  CHECK_FALSE(report.has_errors());
  const slipway::data::Mark mark{nullptr, 3, 5};
  (void)print(std::vector<Stage>{{"a", "debian", {Env{{{"A", std::string(longest_line, '\\')}}}}, mark}}, report);
  REQUIRE(report.has_errors());
  CHECK(report.take().at(0).line == 3);
}

TEST_CASE("what no system can run is an error") {
  Report report("f", "");
  const std::vector<Stage> stages{{"a", "debian", {Run{std::string(longest_argument + 1, 'x'), {}, {}}}}};
  (void)print(stages, report);
  REQUIRE(report.has_errors());
  const auto found = report.take();
  CHECK(found.at(0).message == "a command of variant 'a' is 131072 bytes long and no system runs more than 131071");
  Report fine("f", "");
  const std::vector<Stage> longest{{"a", "debian", {Run{std::string(longest_argument, 'x'), {}, {}}}}};
  CHECK(joined(print(longest, fine).substr(0, 0) + *fold("RUN " + std::string(longest_argument, 'x'))) ==
        "RUN " + std::string(longest_argument, 'x'));
  CHECK_FALSE(fine.has_errors());
}
