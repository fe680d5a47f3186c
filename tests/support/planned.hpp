// SPDX-License-Identifier: Apache-2.0
// Does a Dockerfile say what was planned, and just that? Compares the plan with what the independent reader makes of
// the text, as each builder.
#pragma once

#include "blubber/instruction.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slipway::testing {

/// The first difference, for a message; nothing when every builder reads the planned instructions.
[[nodiscard]] std::optional<std::string> difference(std::span<const blubber::Stage> planned, std::string_view text);

/// What a text for the shell does, with words left out: operators, and what is run inside of words. Two texts that
/// differ only in values have the same one.
[[nodiscard]] std::string shell_structure(std::string_view text);

}  // namespace slipway::testing
