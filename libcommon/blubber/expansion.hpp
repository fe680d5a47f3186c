// SPDX-License-Identifier: Apache-2.0
// Variables in values and paths: what is replaced, and what is only a dollar. Builders differ in what else they take
// for a variable ($1, $$, ${NAME?x}, letters that are not ASCII); those are kept as they are written.
// Sources: moby/buildkit frontend/dockerfile/shell; openshift/imagebuilder, which knows :- and :+ but no other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber {

enum class Variables {
  plain,          ///< $NAME and ${NAME}: in paths, which a shell may have to read, too
  with_defaults,  ///< and ${NAME:-WORD} and ${NAME:+WORD}: in values of ENV
};

struct Piece {
  std::string_view text;
  bool is_variable = false;
};

/// The text in pieces. Names are ASCII; a WORD may hold variables, and no quotes or backslashes.
[[nodiscard]] std::vector<Piece> pieces_of(std::string_view text, Variables which);

/// A variable as all builders and shells read it: braces keep a letter behind it, that is not ASCII, from its name.
/// @param after what follows it in the text
[[nodiscard]] std::string written(std::string_view variable, std::string_view after);

/// What in the text a builder would take for a variable that is none: "$1", "${"; empty when there is nothing.
[[nodiscard]] std::string_view odd_dollar(std::string_view text, Variables which);

}  // namespace slipway::blubber
