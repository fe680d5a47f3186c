// SPDX-License-Identifier: Apache-2.0
// Files out of the container that ran: reports, coverage, what a failed test left.
#pragma once

#include "docker/engine.hpp"
#include "io/events.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct Copy {
  std::string source;          ///< absolute, in the container
  std::filesystem::path into;  ///< a directory of ours
  bool contents = false;       ///< of the directory `source`, not the directory itself
};

/// `SRC` or `SRC:DIR`; a relative SRC counts from the image's working directory, a SRC that ends in a
/// slash means the contents of a directory.
/// @throws Error bad_usage
[[nodiscard]] std::vector<Copy> parse_copies(const std::vector<std::string>& given, const std::string& workdir);

/// A source that is not there is a warning: a test that failed early has written no report.
/// @throws Error cannot_create
void copy_out(docker::Engine& engine, const std::string& container, const std::vector<Copy>& copies,
              const io::Run& run);

}  // namespace slipway::pipeline_test
