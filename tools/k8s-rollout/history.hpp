// SPDX-License-Identifier: Apache-2.0
// `history`: the revisions as a table, one in full, or what differs between two.
#pragma once

#include "session.hpp"

#include <vector>

namespace slipway::rollout {

[[nodiscard]] ExitCode history(Session& session, const std::vector<Wish>& wishes);

}  // namespace slipway::rollout
