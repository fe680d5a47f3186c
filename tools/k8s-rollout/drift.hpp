// SPDX-License-Identifier: Apache-2.0
// `drift`: does the same run everywhere?
#pragma once

#include "session.hpp"

namespace slipway::rollout {

[[nodiscard]] ExitCode drift(Session& session, const std::vector<Wish>& wishes);

}  // namespace slipway::rollout
