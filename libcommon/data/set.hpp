// SPDX-License-Identifier: Apache-2.0
// helm's little language for single values on a command line: a.b=1,list[2]=x,names={a,b}. It comes
// after every layer. Pure.
#pragma once

#include "data/value.hpp"

#include <string_view>

namespace slipway::data {

enum class SetKind {
  typed,   ///< --set: true, false, null and integers without a leading zero are what they look like
  string,  ///< --set-string: every value is a string
  json,    ///< --set-json: the values are JSON; a text that begins with a brace is merged in whole
};

/// Puts what `text` says into `base`. A list grows up to the index that is set, filled with nulls. A null
/// stays as a value, as in merge_layer().
/// @param name what the values' marks call their file, such as "--set"
/// @throws Error bad_usage with the place in the text; bad_usage where a key leads into what is no map
/// @source helm pkg/strvals/parser.go, pkg/cli/values/options.go
void apply_set(Value& base, std::string_view text, SetKind kind, std::string_view name);

}  // namespace slipway::data
