// SPDX-License-Identifier: Apache-2.0
#include "kube/embedded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::kube {

namespace {

/// Shorter ones are not worth it.
constexpr std::size_t long_word = 96;
/// A letter first and nothing that YAML knows: a plain scalar that begins with it is a string as the word was.
constexpr std::string_view stand_in = "slipway.embedded.";
constexpr char end_of_stand_in = '.';

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_base64(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '='; }

bool has_stand_in(std::string_view text) { return text.find(stand_in) != std::string_view::npos; }

std::string restored(std::string_view text, const std::vector<std::string_view>& words) {
  std::string out;
  for (;;) {
    const auto at = text.find(stand_in);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + stand_in.size());
    std::size_t number = 0;
    const auto* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
    out += words.at(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
}

bool ends_line(std::string_view text, std::size_t at) { return at == std::string_view::npos || text[at] == '\n'; }

}  // namespace

WithoutEmbedded take_out_embedded(std::string_view text) {
  WithoutEmbedded out;
  // With an escape, or what looks like ours, it would not be known which of the words read are ours.
  if (has_stand_in(text) || text.find('\\') != std::string_view::npos) {
    out.text = text;
    return out;
  }
  // With a letter first, so that it is no number.
  constexpr std::string_view before = " \"'";
  constexpr std::string_view closing = " \"'}\r";
  std::size_t kept = 0;  // how far `text` is in `out`
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), is_base64) - text.begin());
    if (end - begin >= long_word && is_letter(text[begin]) && begin > 0 &&
        before.find(text[begin - 1]) != std::string_view::npos &&
        ends_line(text, text.find_first_not_of(closing, end))) {
      out.text += text.substr(kept, begin - kept);
      out.text += fmt::format("{}{}{}", stand_in, out.words.size(), end_of_stand_in);
      out.words.push_back(text.substr(begin, end - begin));
      kept = end;
    }
    begin = end + 1;
  }
  out.text += text.substr(kept);
  return out;
}

void put_back_embedded(data::Value& value, const WithoutEmbedded& from) {
  if (from.words.empty()) return;
  if (value.is_scalar()) {
    if (has_stand_in(value.text())) value.set_text(restored(value.text(), from.words));
    return;
  }
  for (auto& item : value.items()) put_back_embedded(item, from);
  for (auto& member : value.members()) {
    if (has_stand_in(member.key)) member.key = restored(member.key, from.words);
    put_back_embedded(member.value, from);
  }
}

}  // namespace slipway::kube
