// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"

#include <array>
#include <cstdint>

namespace slipway::base64 {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 0xFF;

// Charts and certificates are large: a table, not a search for each character.
constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(none);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

struct Decoded {
  std::string bytes;
  std::size_t symbols = 0;  ///< without padding
  std::size_t padding = 0;
};

std::optional<Decoded> read(std::string_view text, bool url) {
  Decoded out;
  out.bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t word = 0;
  unsigned held = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++out.padding;
      continue;
    }
    if (url && c == '-') c = '+';
    if (url && c == '_') c = '/';
    const auto value = values[static_cast<unsigned char>(c)];
    if (value == none || out.padding != 0) return std::nullopt;
    ++out.symbols;
    word = word << 6U | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.bytes += static_cast<char>(word >> held & 0xFFU);
    }
  }
  // A lone symbol holds no byte; more than two of padding belong to nothing.
  if (out.symbols % 4 == 1 || out.padding > 2) return std::nullopt;
  return out;
}

}  // namespace

std::string encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= group.size() ? alphabet[word >> (18U - 6U * k) & 63U] : '=';
  }
  return out;
}

std::optional<std::string> decode(std::string_view text) {
  auto read_text = read(text, false);
  if (!read_text || (read_text->symbols + read_text->padding) % 4 != 0) return std::nullopt;
  return std::move(read_text->bytes);
}

std::optional<std::string> decode_loose(std::string_view text) {
  auto read_text = read(text, true);
  if (!read_text) return std::nullopt;
  return std::move(read_text->bytes);
}

}  // namespace slipway::base64
