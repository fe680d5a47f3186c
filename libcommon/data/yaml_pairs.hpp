// SPDX-License-Identifier: Apache-2.0
// Characters beyond U+FFFF as JSON escapes them: "\ud83d\ude00", two halves of one. YAML has \U0001f600 for them and
// yaml-cpp refuses the halves, but JSON is to be read, too. Used by yaml.cpp only.
//
// What is text and what an escape is known only to the scanner: '\ud83d\ude00' and what stands in a block scalar is
// text. So each pair in the file is replaced by two escapes of the same length that the scanner takes, a sign that
// stands nowhere else in the file and a number, and is put back in what the scanner made of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

class EscapedPairs {
 public:
  /// @param text has to outlive it
  explicit EscapedPairs(std::string_view text);

  /// What the scanner is to read: as long as the text, so that places stay the same.
  [[nodiscard]] std::string_view text() const { return replaced_.empty() ? text_ : std::string_view(replaced_); }

  /// The byte of the first pair that cannot be read: the file has more different ones than there are numbers, or every
  /// sign for them stands in it.
  [[nodiscard]] std::optional<std::size_t> excess() const { return excess_; }

  [[nodiscard]] bool are_none() const { return escapes_.empty(); }

  /// A scalar as the scanner gave it, with its pairs put back.
  /// @param in_double_quotes whether its escapes were read; else they are its text
  [[nodiscard]] std::string restored(std::string_view scalar, bool in_double_quotes) const;

 private:
  std::string_view text_;
  std::string replaced_;                  ///< empty when there are no pairs
  std::string sign_;                      ///< as escaped
  std::string sign_character_;            ///< the same in UTF-8
  std::vector<std::string_view> escapes_;  ///< by number: "\ud83d\ude00"
  std::optional<std::size_t> excess_;
};

}  // namespace slipway::data
