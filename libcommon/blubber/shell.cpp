// SPDX-License-Identifier: Apache-2.0
#include "blubber/shell.hpp"

#include <algorithm>

namespace slipway::blubber::shell {

namespace {

std::string in_quotes(std::string_view s, std::string_view escaped) {
  std::string out = "\"";
  for (const char c : s) {
    if (escaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace

std::string quote(std::string_view s) { return in_quotes(s, "\\\"$`"); }

std::string quote_expanding(std::string_view s) { return in_quotes(s, "\\\""); }

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
