// SPDX-License-Identifier: Apache-2.0
// Where a policy comes from: a file, stdin, or the web.
#pragma once

#include "cli/run.hpp"

#include <string>

namespace slipway::blubber_tool {

struct Text {
  std::string name;  ///< for places and errors
  std::string text;
};

/// @param uri a path, "-" or an http(s) URL
/// @throws Error not_found, read_failed, empty_input, bad_usage (a terminal on stdin), and as http::fetch()
[[nodiscard]] Text read_policy_source(const std::string& uri, cli::Context& context);

/// What is on stdin.
/// @throws Error bad_usage when that is a terminal; empty_input; interrupted, timed_out
[[nodiscard]] Text read_stdin(const io::Input& in, std::string_view what, const io::Run& run);

}  // namespace slipway::blubber_tool
