// SPDX-License-Identifier: Apache-2.0
// Tables on stdout and in notes: columns as wide as they need to be.
#pragma once

#include <string>
#include <vector>

namespace slipway::rollout {

/// A line for each row, with newline; the last column is free.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace slipway::rollout
