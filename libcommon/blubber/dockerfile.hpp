// SPDX-License-Identifier: Apache-2.0
// Writes instructions as the text of a Dockerfile that every builder reads the same way: classic
// docker, BuildKit, buildah, podman, kaniko. Nothing that a configuration holds can become another
// instruction, and no line gets so long that a builder drops it.
#pragma once

#include "blubber/instruction.hpp"
#include "blubber/report.hpp"

#include <span>
#include <string>
#include <string_view>

namespace slipway::blubber {

/// Bytes of a physical line that all builders read; buildah drops longer ones and all that follows,
/// and says nothing.
inline constexpr std::size_t longest_line = 65'535;
/// Bytes of one argument of a process, and of the text of a RUN, that the kernel takes.
inline constexpr std::size_t longest_argument = 131'071;

/// What cannot be written goes to the report.
[[nodiscard]] std::string print(std::span<const Stage> stages, Report& report);

/// One instruction, without its end of line, not yet folded.
[[nodiscard]] std::string print(const Instruction& instruction);

/// Breaks a line into physical lines of at most `limit` bytes with `\` at their ends. A piece never ends in a
/// backslash of its own and never begins with a blank or `#`, which builders would take for a comment.
/// @return nothing when there is no place to break at
[[nodiscard]] std::optional<std::string> fold(std::string_view line, std::size_t limit = longest_line);

/// A JSON string; the text has to be UTF-8.
[[nodiscard]] std::string json_string(std::string_view s);

/// Whether RUN has to be given as exec form, because its text would be read as something else: several
/// lines, a continuation, a heredoc, flags or a JSON list.
[[nodiscard]] bool needs_exec_form(std::string_view text);

}  // namespace slipway::blubber
