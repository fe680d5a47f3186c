// SPDX-License-Identifier: Apache-2.0
#include "blubber/expansion.hpp"

#include <algorithm>

namespace slipway::blubber {

namespace {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t name_length(std::string_view s) {
  if (s.empty() || !is_letter(s.front())) return 0;
  const auto* end = std::ranges::find_if_not(s, [](char c) { return is_letter(c) || is_digit(c); });
  return static_cast<std::size_t>(end - s.begin());
}

/// Deeper nesting is nobody's intention, and costs the reader's stack.
constexpr int deepest = 20;

std::size_t variable_length(std::string_view s, Variables which, int depth);

/// The WORD of ${NAME:-WORD} with its brace; 0 when it is none.
std::size_t word_length(std::string_view s, int depth) {
  std::size_t at = 0;
  while (at < s.size() && s[at] != '}') {
    if (s[at] == '$') {
      const auto length = variable_length(s.substr(at), Variables::with_defaults, depth + 1);
      if (length == 0) return 0;
      at += length;
    } else if (is_letter(s[at]) || is_digit(s[at]) ||
               std::string_view("-./+:@%~,= ").find(s[at]) != std::string_view::npos) {
      ++at;
    } else {
      return 0;
    }
  }
  return at < s.size() ? at + 1 : 0;
}

/// Bytes of the variable that the text begins with; 0 when there is none.
std::size_t variable_length(std::string_view s, Variables which, int depth) {
  if (!s.starts_with('$') || depth > deepest) return 0;
  const bool braced = s.substr(1).starts_with('{');
  const std::size_t begin = braced ? 2 : 1;
  const auto name = name_length(s.substr(begin));
  if (name == 0 || !braced) return name == 0 ? 0 : begin + name;
  const auto rest = s.substr(begin + name);
  if (rest.starts_with('}')) return begin + name + 1;
  if (which == Variables::plain || !(rest.starts_with(":-") || rest.starts_with(":+"))) return 0;
  const auto word = word_length(rest.substr(2), depth);
  return word == 0 ? 0 : begin + name + 2 + word;
}

}  // namespace

std::vector<Piece> pieces_of(std::string_view text, Variables which) {
  std::vector<Piece> out;
  std::size_t begin = 0;
  for (auto at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    const auto length = variable_length(text.substr(at), which, 0);
    if (length == 0) {
      ++at;
      continue;
    }
    if (at > begin) out.push_back({text.substr(begin, at - begin), false});
    out.push_back({text.substr(at, length), true});
    at += length;
    begin = at;
  }
  if (begin < text.size()) out.push_back({text.substr(begin), false});
  return out;
}

std::string written(std::string_view variable, std::string_view after) {
  const bool braced = variable.substr(1).starts_with('{');
  const bool goes_on = !after.empty() && static_cast<unsigned char>(after.front()) >= 0x80;
  if (braced || !goes_on) return std::string(variable);
  return "${" + std::string(variable.substr(1)) + "}";
}

std::string_view odd_dollar(std::string_view text, Variables which) {
  for (const auto& piece : pieces_of(text, which)) {
    if (piece.is_variable) continue;
    for (auto at = piece.text.find('$'); at != std::string_view::npos; at = piece.text.find('$', at + 1)) {
      // The builder looks at what follows in the whole text: in a$$b the second dollar may begin a variable.
      const auto rest = text.substr(static_cast<std::size_t>(piece.text.data() - text.data()) + at);
      if (rest.size() < 2) continue;
      const char next = rest[1];
      if (is_digit(next) || std::string_view("{@*#?-$!").find(next) != std::string_view::npos) return rest.substr(0, 2);
      if (static_cast<unsigned char>(next) >= 0x80) return rest.substr(0, 1);
    }
  }
  return {};
}

}  // namespace slipway::blubber
