// SPDX-License-Identifier: Apache-2.0
// Nothing that stands in a configuration can become an instruction, or part of one, that was not planned. Every key
// that takes text, as the schema lists them, is given text that was made to break out. Either it is refused in words
// and with a place, or an independent reader finds in the Dockerfile what was planned, as each builder reads it.
#include "blubber/blubber.hpp"
#include "core/error.hpp"
#include "support/catch.hpp"
#include "support/configurations.hpp"
#include "support/planned.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace slipway;
using nlohmann::json;

namespace {

// --- what they are given

const std::vector<std::string>& hostile() {
  static const std::vector<std::string> out{
      "\nUSER 0\nRUN touch /broken",
      "x\r\nUSER 0",
      "x\rUSER 0",
      "\n",
      "x\\\nUSER 0",
      "\"",
      "'",
      "\"; touch broken; \"",
      "'; touch broken; '",
      "\" USER=\"0",
      "`touch broken`",
      "$(touch broken)",
      "$((1))",
      "; touch broken",
      "&& touch broken",
      "| touch broken",
      "> broken",
      "$HOME",
      "${HOME}",
      "${HOME:-x}",
      "${HOME:+$PATH}",
      "${HOME:-`touch broken`}",
      "${HOME:-it's}",
      "${HOME",
      "${",
      "${}",
      "${HOME?x}",
      "${HOME%x}",
      "$",
      "$$",
      "$1$?$*",
      "$HOME\xc3\xa9",
      "$\xc3\xa9",
      "\\",
      "\\\\",
      "\\\"",
      "\\$HOME",
      "a\\ ",
      "#",
      " # x",
      "# escape=`",
      "<<EOF",
      "0<<-EOF",
      " <<EOF\nUSER 0\nEOF",
      "<<<x",
      "[\"a\"]",
      "[1]",
      "[ ]",
      "[true] x",
      "[[\"a\"], 1]",
      "--mount=type=secret x",
      "--from=x",
      "--",
      " ",
      "\t",
      " x ",
      "a b",
      "*",
      "?[!a]",
      "{a,b}",
      "~",
      "../..",
      "/",
      "//x/../..",
      ".",
      "@x",
      "x,from=y",
      "=",
      "x=y",
      "%s%n{}",
      std::string("a\0b", 3),
      "\x01\x1b[31m",
      "\x7f",
      "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x9a\x80",
      "\xc2\xa0",
      "\xc2\x85x\xc2\x85",
      "\xe3\x80\x80#x",
      "\xe2\x80\xa8",
      "\xef\xbb\xbf",
      "\xe2\x80\xae",
  };
  return out;
}

/// Too much of something: only in place of a value.
const std::vector<std::string>& large() {
  static const std::vector<std::string> out = [] {
    std::vector<std::string> made;
    const auto repeated = [&](const std::string& unit, std::size_t size) {
      std::string s;
      while (s.size() < size) s += unit;
      made.push_back(std::move(s));
    };
    for (const auto size : {70'000U, 131'072U}) {
      repeated("x", size);
      repeated("/abc", size);
    }
    repeated(" #", 70'000);
    repeated("\\", 70'000);
    repeated("\"", 70'000);
    repeated("\xe3\x80\x80#", 70'000);
    repeated("$HOME", 70'000);
    return made;
  }();
  return out;
}

/// The same without all that means something: what a hostile value is compared with.
std::string tame(std::string text) {
  for (auto& c : text) {
    if (std::string_view(";&|<>()`\"'\\{}!#*?[]~ \n\r\t,=").find(c) != std::string_view::npos) c = 'x';
  }
  return text;
}

bool has_signs(std::string_view text) {
  return text.find_first_of(";&|<>()`\"'\\{}!#*?[]~ ,=") != std::string_view::npos;
}

/// What all the shells of a build do, but for the words.
std::string structure(const blubber::Dockerfile& dockerfile) {
  std::string out;
  for (const auto& stage : dockerfile.planned) {
    for (const auto& instruction : stage.instructions) {
      if (const auto* run = std::get_if<blubber::Run>(&instruction)) out += testing::shell_structure(run->text) + "\n";
    }
  }
  return out;
}

std::optional<blubber::Dockerfile> accepted(const std::string& yaml, const std::string& variant) {
  try {
    return blubber::dockerfile(yaml, "f.yaml", variant);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The text of these is for a shell.
bool is_command(const testing::KeyPath& path) {
  return std::ranges::any_of(path, [](const auto& step) { return step == "command" || step == "script"; });
}

std::string shortened(std::string s) {
  if (s.size() > 300) s = s.substr(0, 300) + "...";
  return json(s).dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace

TEST_CASE("every key that takes text is tried") {
  const auto keys = testing::text_keys();
  CHECK(keys.size() > 150);
  for (const auto& path : keys) {
    INFO(testing::shown(path));
    // A new key of the schema has to get its place in one of the documents above.
    CHECK_FALSE(testing::places_of(path).empty());
  }
  for (const auto& document : testing::configurations()) {
    for (const auto target : {blubber::Target::classic, blubber::Target::buildkit}) {
      const auto outcome = testing::generate(testing::as_yaml(document), "a", target);
      INFO(document.dump());
      CHECK(outcome.wrong.empty());
      CHECK(outcome.dockerfile);
    }
  }
}

TEST_CASE("text that was made to break out is refused, or stays what it is") {
  std::size_t built = 0;
  std::size_t refused = 0;
  std::size_t compared = 0;
  std::set<std::string> known;
  const auto look = [&](const testing::KeyPath& path, const testing::Place& place, const std::string& text,
                        blubber::Target target) {
    const auto [yaml, variant] = place.with(text);
    auto outcome = testing::generate(yaml, variant, target);
    ++(outcome.dockerfile ? built : refused);
    // Where nothing but words may differ, a value without signs makes the shell do the same. (For BuildKit it may be
    // mounted without a shell.)
    if (outcome.wrong.empty() && outcome.dockerfile && target == blubber::Target::classic && !is_command(path) &&
        has_signs(text)) {
      const auto [tame_yaml, tame_variant] = place.with(tame(text));
      if (const auto other = accepted(tame_yaml, tame_variant)) {
        ++compared;
        const auto got = structure(*outcome.dockerfile);
        const auto wanted = structure(*other);
        if (got != wanted) outcome.wrong = "a shell does something else:\n" + got + "not\n" + wanted;
      }
    }
    // One of a kind at each key is enough to read.
    if (outcome.wrong.empty() || !known.insert(testing::shown(path) + outcome.wrong.substr(0, 40)).second) return;
    FAIL_CHECK(testing::shown(path) << ": " << shortened(text) << " at " << place.at.to_string() << ": "
                                    << outcome.wrong);
  };
  std::size_t turn = 0;
  for (const auto& path : testing::text_keys()) {
    const auto places = testing::places_of(path);
    for (const auto& text : hostile()) {
      // By turns at each place, alone, in front and behind, for both kinds of builders: the fuzzers try the rest.
      ++turn;
      const auto& place = places[turn % places.size()];
      const auto value = place.text();
      const auto form = turn / 2 % 3 == 0 ? text : turn / 2 % 3 == 1 ? value + text : text + value;
      look(path, place, form, turn % 2 == 0 ? blubber::Target::classic : blubber::Target::buildkit);
    }
    look(path, places.front(), large()[turn % large().size()], blubber::Target::classic);
  }
  CAPTURE(built, refused, compared);
  CHECK(built > 3'000);
  CHECK(refused > 3'000);
  CHECK(compared > 1'000);
}

TEST_CASE("bytes that are no UTF-8 are refused at any key") {
  for (const auto& path : testing::text_keys()) {
    for (const auto& place : testing::places_of(path)) {
      for (const std::string_view bad : {"\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80"}) {
        auto [yaml, variant] = place.with("BAD");
        yaml.replace(yaml.find("BAD"), 3, bad);
        const auto outcome = testing::generate(yaml, "a", blubber::Target::classic);
        INFO(testing::shown(path) << " " << outcome.wrong);
        CHECK_FALSE(outcome.dockerfile);
        CHECK(outcome.wrong.empty());
      }
    }
  }
}
