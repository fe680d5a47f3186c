// SPDX-License-Identifier: Apache-2.0
#include "data/yaml_text.hpp"

#include <yaml-cpp/exceptions.h>

#include <algorithm>
#include <cstddef>

namespace slipway::data {

namespace {

/// Length of the UTF-8 sequence at the front that a YAML file may hold; 0 if there is none.
std::size_t sequence_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead == '\t' || lead == '\n' || lead == '\r' || (lead >= 0x20 && lead != 0x7f) ? 1 : 0;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf0 && byte(1) < 0x90) ||
      (lead == 0xf4 && byte(1) > 0x8f))
    return 0;
  return length;
}

}  // namespace

std::optional<BadByte> find_bad_byte(std::string_view text) {
  BadByte place{1, 1, 0};
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_length(text.substr(at));
    if (length == 0) {
      place.byte = static_cast<unsigned char>(text[at]);
      return place;
    }
    if (text[at] == '\n') {
      ++place.line;
      place.column = 1;
    } else {
      ++place.column;
    }
    at += length;
  }
  return std::nullopt;
}

bool may_begin_document(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  const auto word = text.substr(at);
  if (word.starts_with("---") || word.starts_with('%')) return true;
  auto before = text.substr(0, at);
  while (!before.empty()) {
    const auto end = before.rfind('\n');
    auto line = end == std::string_view::npos ? before : before.substr(end + 1);
    if (line.starts_with("...")) return true;
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (!line.empty() && line.front() != '#') return false;
    before = before.substr(0, end == std::string_view::npos ? 0 : end);
  }
  return false;
}

std::string_view behind_properties(std::string_view text, std::size_t at) {
  const auto skip = [&](std::size_t length) { text.remove_prefix(std::min(length, text.size())); };
  skip(at);
  while (text.starts_with('&') || text.starts_with('!')) {
    // yaml-cpp ends a tag before a quote, too: `!!str"text"`. In an anchor's name it is a letter.
    skip(text.find_first_of(text.starts_with('!') ? " \t\r\n\"" : " \t\r\n"));
    skip(text.find_first_not_of(" \t\r\n"));
    while (text.starts_with('#')) {
      skip(text.find('\n'));
      skip(text.find_first_not_of(" \t\r\n"));
    }
  }
  return text;
}

bool has_broken_escapes(std::string_view text) {
  return text.find("\\N") != std::string_view::npos || text.find("\\_") != std::string_view::npos;
}

std::string in_whole_characters(std::string_view scalar) {
  std::string out;
  for (std::size_t at = 0; at < scalar.size();) {
    const auto lead = static_cast<unsigned char>(scalar[at]);
    // U+0085 and U+00A0 without the byte before theirs; all else was looked at before it was scanned.
    if (lead == 0x85 || lead == 0xa0) out += '\xc2';
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    out += scalar.substr(at, length);
    at += length;
  }
  return out;
}

std::string_view explain_fault(std::string_view said) {
  namespace msg = YAML::ErrorMsg;
  if (said == msg::MAP_VALUE)
    return "a ':' where no value can begin: the key's indentation is off or quotes are missing";
  if (said == msg::END_OF_MAP) return "this line does not continue the map above it: check its indentation";
  if (said == msg::END_OF_SEQ) return "this line does not continue the list above it: check its indentation";
  if (said == msg::END_OF_MAP_FLOW) return "'{' without its '}'";
  if (said == msg::END_OF_SEQ_FLOW) return "'[' without its ']'";
  if (said == msg::BLOCK_ENTRY) return "a '-' where no list item can begin";
  if (said == msg::MAP_KEY) return "a '?' where no key can begin";
  if (said == msg::EOF_IN_SCALAR) return "a quote that is never closed";
  if (said == msg::DOC_IN_SCALAR) return "the document ends inside quotes";
  if (said == msg::TAB_IN_INDENTATION) return "a tab in the indentation; YAML allows only blanks there";
  if (said == msg::UNKNOWN_ANCHOR) return "this alias names no anchor that stands before it";
  if (said.starts_with(msg::INVALID_UNICODE))
    return "an escape that is no character: \\ud800 to \\udfff are halves of one and stand in pairs, and \\U0010ffff is "
           "the last";
  if (said == msg::UNKNOWN_TOKEN) return "a character that nothing can begin with";
  return said;
}

}  // namespace slipway::data
