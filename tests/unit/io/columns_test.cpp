// SPDX-License-Identifier: Apache-2.0
#include "io/columns.hpp"
#include "support/catch.hpp"

#include <random>

using namespace slipway::io;
using Lines = std::vector<std::string>;

TEST_CASE("columns are those of a terminal, not bytes", "[columns]") {
  CHECK(columns_of("web-1") == 5);
  CHECK(columns_of("caf\u00e9") == 4);
  CHECK(columns_of("cafe\u0301") == 4);       // a combining accent
  CHECK(columns_of("\u5b89\u5168") == 4);      // two wide characters
  CHECK(columns_of("\u5b89\u5168 ok") == 7);
  CHECK(columns_of("\U0001F680") == 2);
  CHECK(columns_of("a\u200Bb") == 2);          // a zero-width space
  CHECK(columns_of("\xff\xfe") == 2);          // no UTF-8: a column each
  CHECK(columns_of("\xe5\xae") == 2);          // cut in the middle of a character
  CHECK(columns_of("") == 0);
}

TEST_CASE("cutting leaves whole characters", "[columns]") {
  CHECK(cut_to("abcdef", 3) == "abc");
  CHECK(cut_to("\u5b89\u5168", 3) == "\u5b89");
  CHECK(cut_to("\u5b89\u5168", 1).empty());
  CHECK(cut_to("e\u0301x", 1) == "e\u0301");  // with its accent
  CHECK(shorten_to("abcdefgh", 6) == "abc...");
  CHECK(shorten_to("abcdef", 6) == "abcdef");
  CHECK(shorten_to("abcdef", 2) == "ab");
  CHECK(pad_to("\u5b89", 4) == "\u5b89  ");
  CHECK(pad_to("abcdef", 4) == "abcdef");
}

TEST_CASE("long lines are folded at blanks", "[columns]") {
  CHECK(fold("short", 20, 2) == Lines{"short"});
  CHECK(fold("", 20, 2) == Lines{""});
  CHECK(fold("one two three four", 13, 2) == Lines{"one two three", "  four"});
  CHECK(fold("one two three four", 11, 0) == Lines{"one two", "three four"});
  CHECK(fold("abcdefghij", 4, 0) == Lines{"abcd", "efgh", "ij"});  // no blank to cut at
  CHECK(fold("\u5b89\u5168\u7684\u8239", 5, 0) == Lines{"\u5b89\u5168", "\u7684\u8239"});
  CHECK(fold("\u5b89", 1, 0) == Lines{"\u5b89"});  // wider than the window
}

TEST_CASE("whatever the text, no folded line is too wide and no character is lost", "[columns]") {
  std::minstd_rand random(7);
  const std::vector<std::string> pieces{"a", "bc", " ", "\u5b89", "e\u0301", "\xff", "\U0001F680", "-", "\u00e9"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (unsigned n = random() % 40; n > 0; --n) text += pieces[random() % pieces.size()];
    const auto columns = 2 + random() % 30;
    std::string joined;
    for (const auto& line : fold(text, columns, random() % 3)) {
      CHECK(columns_of(line) <= columns);
      joined += line;
    }
    const auto without_blanks = [](std::string s) { return std::erase(s, ' '), s; };
    CHECK(without_blanks(joined) == without_blanks(text));
  }
}
