// SPDX-License-Identifier: Apache-2.0
// The variables of the container under test, from -e, --env-file and --secret-env, and the care that
// a secret among them does not come out again in what we show.
#pragma once

#include "cli/run.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::pipeline_test {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// `NAME=VALUE`, or `NAME` for the value in our own environment.
/// @throws Error bad_usage
[[nodiscard]] Variables parse_variables(const std::vector<std::string>& given, const cli::Environment& env);

/// Lines as above; blank lines and lines that begin with # do not count.
/// @throws Error bad_input with the line
[[nodiscard]] Variables parse_env_file(std::string_view text, const std::string& file, const cli::Environment& env);

/// `NAME=FILE`: the value is the file's content without its last newline.
/// @throws Error bad_usage, not_found, read_failed
[[nodiscard]] Variables read_secrets(const std::vector<std::string>& given);

/// The line with every secret value in it replaced by ***. Values of fewer than four characters
/// stay: they would make holes into everything.
[[nodiscard]] std::string masked(std::string_view line, const Variables& secrets);

}  // namespace slipway::pipeline_test
