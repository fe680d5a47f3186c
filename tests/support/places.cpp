// SPDX-License-Identifier: Apache-2.0
#include "support/places.hpp"

#include "support/catch.hpp"

#include <cstdlib>

namespace slipway::testing {

std::filesystem::path source_dir() { return SLIPWAY_SOURCE_DIR; }

std::optional<std::filesystem::path> corpus(std::string_view folder) {
  const char* set = std::getenv("SLIPWAY_CORPUS");
  const auto root = set != nullptr ? std::filesystem::path(set) : source_dir() / "../shared/corpus";
  if (std::filesystem::exists(root / folder)) return root / folder;
  WARN("skipped: " << (root / folder).string() << " is not there (SLIPWAY_CORPUS)");
  return std::nullopt;
}

}  // namespace slipway::testing
