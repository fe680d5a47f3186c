// SPDX-License-Identifier: Apache-2.0
// helmfile state files as they are, so that a registry which was made for helmfile is read unchanged:
// environments with their releases, templates and anchors, chains of values files, inline maps,
// setTemplate. The template language is the closed part that gotemplate.hpp knows; what bears on values
// and lies outside of it is an error that names the expression. Pure but for the reader it is given.
#pragma once

#include "config/chain.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::config {

/// The file that makes a directory a service in this layout.
inline constexpr std::string_view state_file_name = "helmfile.yaml";

struct StateFile {
  std::string path;       ///< from the registry's root
  std::string directory;  ///< that it lies in
  std::string_view text;
  /// A file of the registry by its path from the root; nothing when it is not there.
  std::function<std::optional<std::string>(const std::string& path)> read;
};

/// The names of its environments, in order.
/// @throws Error bad_input
[[nodiscard]] std::vector<std::string> state_environments(const StateFile& state);

/// What it says to one environment.
struct StateReading {
  std::vector<std::string> environments;  ///< names, in order
  std::vector<Chain> releases;            ///< that it installs in the environment, in order, each with its chain
};

/// @throws Error bad_input with file, line and expression
[[nodiscard]] StateReading read_state(const StateFile& state, const std::string& environment);

}  // namespace slipway::config
