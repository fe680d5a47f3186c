// SPDX-License-Identifier: Apache-2.0
#include "blubber/shell.hpp"

#include "blubber/expansion.hpp"

#include <algorithm>

namespace slipway::blubber::shell {

namespace {

std::string escaped(std::string_view s, std::string_view characters) {
  std::string out;
  for (const char c : s) {
    if (characters.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string in_quotes(std::string_view s, std::string_view characters) { return '"' + escaped(s, characters) + '"'; }

}  // namespace

std::string quote(std::string_view s) { return in_quotes(s, "\\\"$`"); }

std::string quote_expanding(std::string_view s) { return in_quotes(s, "\\\""); }

std::string quote_path(std::string_view s) {
  std::string out = "\"";
  for (const auto& piece : pieces_of(s, Variables::plain)) {
    const auto end = static_cast<std::size_t>(piece.text.data() - s.data()) + piece.text.size();
    if (piece.is_variable) out += written(piece.text, s.substr(end));
    else out += escaped(piece.text, "\\\"$`");
  }
  return out + '"';
}

std::string word(std::string_view s) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+:@%,").find(c) != std::string_view::npos;
  };
  return !s.empty() && std::ranges::all_of(s, safe) ? std::string(s) : quote(s);
}

std::string command(std::string program, const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) program += " " + quote(argument);
  return program;
}

}  // namespace slipway::blubber::shell
