// SPDX-License-Identifier: Apache-2.0
// How many columns of a terminal a text takes, and cutting and folding it to a width. Only what is printed counts:
// texts come in without control characters (text::printable).
// @source Unicode Standard Annex 11, East Asian Width; POSIX wcwidth
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::io {

/// 0 for combining marks and what joins characters, 2 for wide ones, else 1.
[[nodiscard]] std::size_t columns_of(char32_t character);
/// Of UTF-8; a byte that belongs to no character counts as one column, as terminals show it.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// The beginning that fits into `columns`; never half a character, and none without its combining marks.
[[nodiscard]] std::string_view cut_to(std::string_view text, std::size_t columns);
/// The same, with dots at the end where something is missing.
[[nodiscard]] std::string shorten_to(std::string_view text, std::size_t columns);
/// With blanks behind it up to `columns`.
[[nodiscard]] std::string pad_to(std::string_view text, std::size_t columns);

/// In lines of at most `columns`, cut at blanks where there is one in the second half of a line; the lines after the
/// first begin with `indent` blanks.
[[nodiscard]] std::vector<std::string> fold(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace slipway::io
