// SPDX-License-Identifier: Apache-2.0
// Quoting for the POSIX shell that runs the text of RUN.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber::shell {

/// In double quotes, every character literal.
[[nodiscard]] std::string quote(std::string_view s);
/// In double quotes; $NAME and command substitution stay alive, as in upstream's words of a command.
[[nodiscard]] std::string quote_expanding(std::string_view s);
/// In double quotes; plain variables (expansion.hpp) stay alive, and nothing else: for paths.
[[nodiscard]] std::string quote_path(std::string_view s);
/// As it is when nothing in it means anything to a shell, else quoted.
[[nodiscard]] std::string word(std::string_view s);
/// The program as it is, its arguments in quotes: how upstream writes a command.
[[nodiscard]] std::string command(std::string program, const std::vector<std::string>& arguments);

}  // namespace slipway::blubber::shell
