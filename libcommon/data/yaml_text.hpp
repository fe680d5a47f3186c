// SPDX-License-Identifier: Apache-2.0
// The text of a YAML file before and when the scanner trips over it: bytes that may not stand in one,
// and the scanner's complaints in words. Used by yaml.cpp only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::data {

struct BadByte {
  int line;    ///< from 1
  int column;  ///< from 1, in characters
  unsigned char byte;
};

/// The first byte that is neither UTF-8 nor a character that YAML allows.
/// @source YAML 1.2, section 5.1
[[nodiscard]] std::optional<BadByte> find_bad_byte(std::string_view text);

/// Whether a document may begin at that byte: with `---`, a directive, or after the `...` that ends the one above it.
[[nodiscard]] bool may_begin_document(std::string_view text, std::size_t at);

/// What stands from that byte on behind a scalar's anchor and tag, of which yaml-cpp gives the place.
[[nodiscard]] std::string_view behind_properties(std::string_view text, std::size_t at);

/// Whether the file has the escapes \N or \_, each of which yaml-cpp makes a single byte of.
[[nodiscard]] bool has_broken_escapes(std::string_view text);
/// A scalar of such a file, with those bytes made characters again.
[[nodiscard]] std::string in_whole_characters(std::string_view scalar);

/// yaml-cpp's complaint, put as a person would say it.
[[nodiscard]] std::string_view explain_fault(std::string_view said);

}  // namespace slipway::data
