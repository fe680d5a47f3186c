// SPDX-License-Identifier: Apache-2.0
// The commands that change something: undo, pause, resume, restart, scale. On several clusters all
// are looked at before the first is changed; then one after the other, each to its end.
#pragma once

#include "session.hpp"

#include <vector>

namespace slipway::rollout {

[[nodiscard]] ExitCode act(Session& session, const std::vector<Wish>& wishes);

}  // namespace slipway::rollout
