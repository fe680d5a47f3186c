// SPDX-License-Identifier: Apache-2.0
// Quoting for the POSIX shell that runs the text of RUN.
#pragma once

#include <string>
#include <string_view>

namespace slipway::blubber::shell {

/// In double quotes, every character literal.
[[nodiscard]] std::string quote(std::string_view s);
/// In double quotes; $NAME and command substitution stay alive, as in upstream's words of a command.
[[nodiscard]] std::string quote_expanding(std::string_view s);
/// As it is when nothing in it means anything to a shell, else quoted.
[[nodiscard]] std::string word(std::string_view s);

}  // namespace slipway::blubber::shell
