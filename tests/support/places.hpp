// SPDX-License-Identifier: Apache-2.0
// Where tests find what is not compiled in. Functions and not macros: a path on every compiler's command line would
// make each checkout compile all tests anew.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace slipway::testing {

/// The sources of the project.
[[nodiscard]] std::filesystem::path source_dir();

/// A folder of the corpus of real files, $SLIPWAY_CORPUS or ../shared/corpus beside the sources. Where it is not
/// there, nothing, and the test says that it is skipped.
[[nodiscard]] std::optional<std::filesystem::path> corpus(std::string_view folder);

}  // namespace slipway::testing
