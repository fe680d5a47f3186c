// SPDX-License-Identifier: Apache-2.0
#include "data/yaml_pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>

namespace slipway::data {

namespace {

constexpr std::size_t escape_length = 6;  // \uXXXX
constexpr std::size_t pair_length = 2 * escape_length;

/// Signs are taken from Unicode's noncharacters, which no text should hold.
constexpr unsigned first_sign = 0xfdd0;
constexpr std::size_t signs = 32;

/// Numbers are written as characters from here to the halves, which the scanner takes all.
constexpr unsigned first_number = 0x100;
constexpr std::size_t numbers = 0xd800 - first_number;

std::optional<unsigned> hex(std::string_view digits) {
  unsigned out = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  if (fault != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

/// The code of the \uXXXX at the front.
std::optional<unsigned> escape_at(std::string_view s) {
  if (s.size() < escape_length || !s.starts_with("\\u")) return std::nullopt;
  return hex(s.substr(2, 4));
}

bool is_pair(std::string_view s) {
  const auto high = escape_at(s);
  if (!high || *high < 0xd800 || *high > 0xdbff) return false;
  const auto low = escape_at(s.substr(escape_length));
  return low && *low >= 0xdc00 && *low <= 0xdfff;
}

char byte(unsigned bits) { return static_cast<char>(bits); }

std::string utf8(unsigned code) {
  if (code < 0x800) return {byte(0xc0U | code >> 6U), byte(0x80U | (code & 0x3fU))};
  if (code < 0x10000)
    return {byte(0xe0U | code >> 12U), byte(0x80U | (code >> 6U & 0x3fU)), byte(0x80U | (code & 0x3fU))};
  return {byte(0xf0U | code >> 18U), byte(0x80U | (code >> 12U & 0x3fU)), byte(0x80U | (code >> 6U & 0x3fU)),
          byte(0x80U | (code & 0x3fU))};
}

/// The character that the two halves are.
/// @source RFC 8259, section 7; Unicode, D91
std::string character_of(std::string_view pair) {
  const auto high = *escape_at(pair) - 0xd800;
  const auto low = *escape_at(pair.substr(escape_length)) - 0xdc00;
  return utf8(0x10000 + (high << 10U) + low);
}

/// Where a pair begins, from `at` on. A backslash that stands behind another one is no escape.
std::size_t next_pair(std::string_view text, std::size_t at) {
  for (at = text.find("\\u", at); at != std::string_view::npos; at = text.find("\\u", at + 1)) {
    if (!is_pair(text.substr(at))) continue;
    std::size_t before = 0;
    while (before < at && text[at - 1 - before] == '\\') ++before;
    if (before % 2 == 0) return at;
  }
  return at;
}

/// A sign that the text has neither as a character nor as an escape of either length.
std::optional<unsigned> free_sign(std::string_view text) {
  std::array<bool, signs> taken{};
  const auto take = [&](std::optional<unsigned> code) {
    if (code && *code >= first_sign && *code < first_sign + signs) taken.at(*code - first_sign) = true;
  };
  for (auto at = text.find("\xef\xb7"); at != std::string_view::npos; at = text.find("\xef\xb7", at + 1)) {
    if (at + 2 < text.size()) take(0xfdc0U + (static_cast<unsigned char>(text[at + 2]) & 0x3fU));
  }
  for (auto at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 1)) {
    const auto rest = text.substr(at);
    take(escape_at(rest));
    if (rest.starts_with("\\U") && rest.size() >= 10) take(hex(rest.substr(2, 8)));
  }
  for (std::size_t i = 0; i < signs; ++i) {
    if (!taken.at(i)) return first_sign + static_cast<unsigned>(i);
  }
  return std::nullopt;
}

/// The number whose escape stands at the front, and how long that is.
std::pair<std::size_t, std::size_t> number_in(std::string_view s) {
  return {escape_at(s).value_or(first_number) - first_number, escape_length};
}

/// The number whose character stands at the front, and how long that is.
std::pair<std::size_t, std::size_t> number_at(std::string_view s) {
  const auto bits = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) & 0x3fU : 0U; };
  const unsigned lead = s.empty() ? 0U : static_cast<unsigned char>(s.front());
  if (lead >= 0xe0) return {((lead & 0x0fU) << 12U | bits(1) << 6U | bits(2)) - first_number, 3};
  return {((lead & 0x1fU) << 6U | bits(1)) - first_number, 2};
}

}  // namespace

EscapedPairs::EscapedPairs(std::string_view text) : text_(text) {
  const auto first = next_pair(text, 0);
  if (first == std::string_view::npos) return;
  const auto sign = free_sign(text);
  if (!sign) {
    excess_ = first;
    return;
  }
  sign_ = fmt::format("\\u{:04x}", *sign);
  sign_character_ = utf8(*sign);
  replaced_ = text;
  std::unordered_map<std::string_view, std::size_t> known;
  for (auto at = first; at != std::string_view::npos; at = next_pair(text, at + pair_length)) {
    const auto escapes = text.substr(at, pair_length);
    const auto [number, is_new] = known.try_emplace(escapes, escapes_.size());
    if (is_new && escapes_.size() == numbers) {
      excess_ = at;
      return;
    }
    if (is_new) escapes_.push_back(escapes);
    replaced_.replace(at, pair_length, sign_ + fmt::format("\\u{:04x}", first_number + number->second));
  }
}

std::string EscapedPairs::restored(std::string_view scalar, bool in_double_quotes) const {
  if (are_none()) return std::string(scalar);
  const auto& sign = in_double_quotes ? sign_character_ : sign_;
  std::string out;
  for (auto at = scalar.find(sign); at != std::string_view::npos; at = scalar.find(sign)) {
    out += scalar.substr(0, at);
    scalar.remove_prefix(at + sign.size());
    const auto [number, length] = in_double_quotes ? number_at(scalar) : number_in(scalar);
    if (number < escapes_.size()) out += in_double_quotes ? character_of(escapes_[number]) : std::string(escapes_[number]);
    scalar.remove_prefix(std::min(length, scalar.size()));
  }
  return out += scalar;
}

}  // namespace slipway::data
