// SPDX-License-Identifier: Apache-2.0
#include "io/columns.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::io {

namespace {

using Range = std::pair<char32_t, char32_t>;

/// General categories Mn, Me and Cf, as blocks: what stands over, under or between other characters.
constexpr std::array<Range, 30> zero_width{{
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},   {0x064B, 0x065F},  {0x06D6, 0x06DC},
    {0x0711, 0x0711}, {0x0730, 0x074A}, {0x07A6, 0x07B0}, {0x0900, 0x0902},   {0x093C, 0x093C},  {0x0941, 0x0948},
    {0x094D, 0x094D}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF},  {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20FF},   {0x302A, 0x302D},  {0x3099, 0x309A},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1D167, 0x1D169}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
}};

/// East Asian Width W and F, as blocks, with the pictures.
constexpr std::array<Range, 22> wide{{
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
    {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
}};

template <std::size_t N>
bool in(const std::array<Range, N>& table, char32_t character) {
  const auto found = std::ranges::upper_bound(table, character, {}, &Range::first);
  return found != table.begin() && character <= std::prev(found)->second;
}

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

/// @source RFC 3629
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (length == 1 || length > text.size() || lead > 0xF4) return {};
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  return {length, columns_of(value)};
}

}  // namespace

std::size_t columns_of(char32_t character) {
  if (character < 0x300) return 1;
  if (in(zero_width, character)) return 0;
  return in(wide, character) ? 2 : 1;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto next = first_of(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string_view cut_to(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto next = first_of(text.substr(i));
    if (used + next.columns > columns) return text.substr(0, i);
    used += next.columns;
    i += next.bytes;
  }
  return text;
}

std::string shorten_to(std::string_view text, std::size_t columns) {
  constexpr std::string_view dots = "...";
  if (columns_of(text) <= columns) return std::string(text);
  if (columns <= dots.size()) return std::string(cut_to(text, columns));
  return std::string(cut_to(text, columns - dots.size())) + std::string(dots);
}

std::string pad_to(std::string_view text, std::size_t columns) {
  const auto used = columns_of(text);
  return std::string(text) + std::string(used < columns ? columns - used : 0, ' ');
}

std::vector<std::string> fold(std::string_view text, std::size_t columns, std::size_t indent) {
  std::vector<std::string> lines;
  columns = std::max<std::size_t>(columns, 1);
  if (indent + 8 > columns) indent = 0;  // a narrow window has no room for that
  while (true) {
    const std::string margin(lines.empty() ? 0 : indent, ' ');
    const auto room = columns - margin.size();
    auto part = cut_to(text, room);
    if (part.empty() && !text.empty()) part = text.substr(0, first_of(text).bytes);  // wider than the window itself
    if (part.size() == text.size()) {
      if (!text.empty() || lines.empty()) lines.push_back(margin + std::string(part));
      return lines;
    }
    auto next = text.substr(part.size());
    if (next.front() != ' ')
      if (const auto blank = part.rfind(' '); blank != std::string_view::npos && blank > 0 &&
                                              columns_of(part.substr(0, blank)) >= room / 2) {
        next = text.substr(blank + 1);
        part = part.substr(0, blank);
      }
    while (part.ends_with(' ')) part.remove_suffix(1);
    while (next.starts_with(' ')) next.remove_prefix(1);
    lines.push_back(margin + std::string(part));
    text = next;
  }
}

}  // namespace slipway::io
