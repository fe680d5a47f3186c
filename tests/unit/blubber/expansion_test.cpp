// SPDX-License-Identifier: Apache-2.0
#include "blubber/expansion.hpp"
#include "blubber/shell.hpp"
#include "support/catch.hpp"

using namespace slipway::blubber;

namespace {

/// Variables in angles: "a<$B>c".
std::string shown(std::string_view text, Variables which = Variables::with_defaults) {
  std::string out;
  std::string whole;
  for (const auto& piece : pieces_of(text, which)) {
    whole += piece.text;
    out += piece.is_variable ? "<" + std::string(piece.text) + ">" : std::string(piece.text);
  }
  CHECK(whole == text);
  return out;
}

}  // namespace

TEST_CASE("variables are found, and a dollar that is none stays one") {
  CHECK(shown("a$B/${C}d") == "a<$B>/<${C}>d");
  CHECK(shown("$$A $1 $ $(x) ${} ${ $-") == "$<$A> $1 $ $(x) ${} ${ $-");
  CHECK(shown("${A:-b c}${A:+:$B}${A:-${B:-c}}") == "<${A:-b c}><${A:+:$B}><${A:-${B:-c}}>");
  CHECK(shown("${A:-it's}${A?x}${A-x}${A:-$1}${A:-x") == "${A:-it's}${A?x}${A-x}${A:-$1}${A:-x");
  CHECK(shown("${A:-b}$C", Variables::plain) == "${A:-b}<$C>");
  CHECK(shown("").empty());
  // However deep it goes, it ends.
  std::string deep;
  for (int i = 0; i < 30'000; ++i) deep += "${A:-";
  CHECK(shown(deep) == deep);
}

TEST_CASE("a letter behind a variable that is not ASCII does not get into its name") {
  CHECK(written("$A", "\xc3\xa9") == "${A}");
  CHECK(written("${A}", "\xc3\xa9") == "${A}");
  CHECK(written("$A", "/x") == "$A");
  CHECK(written("$A", "") == "$A");
}

TEST_CASE("what builders would read differently is named") {
  const auto odd = [](std::string_view text) { return odd_dollar(text, Variables::with_defaults); };
  CHECK(odd("$1") == "$1");
  CHECK(odd("a ${") == "${");
  CHECK(odd("$$A") == "$$");
  CHECK(odd("$\xc3\xa9") == "$");
  CHECK(odd("$A $(x) $ $/ 5$").empty());
  CHECK(odd("${A:-b}").empty());
  CHECK(odd_dollar("${A:-b}", Variables::plain) == "${");
}

TEST_CASE("a path in a shell keeps its variables, and nothing else is run") {
  CHECK(shell::quote_path("/a $B ${C}\xc3\xa9") == "\"/a $B ${C}\xc3\xa9\"");
  CHECK(shell::quote_path("$(x)`y`\"\\$1${D:-`z`}") == R"("\$(x)\`y\`\"\\\$1\${D:-\`z\`}")");
}
