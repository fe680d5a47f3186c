// SPDX-License-Identifier: Apache-2.0
// `exclude`: patterns in the style of .dockerignore, turned into what a shell and awk can apply to a
// folder, because COPY --exclude does not exist in most builders and lies in one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber {

/// An anchored POSIX extended regular expression for paths relative to the root, with "!" or "=" in
/// front for a pattern that takes back in or throws out. A match of a folder takes in all below it.
/// @return nothing for an empty pattern
/// @source moby patternmatcher; .dockerignore
[[nodiscard]] std::optional<std::string> exclude_expression(std::string_view pattern);

/// The text of a RUN that removes what the expressions ($1...) exclude from `folder`.
[[nodiscard]] std::string exclude_script(std::string_view folder, const std::vector<std::string>& expressions);

}  // namespace slipway::blubber
