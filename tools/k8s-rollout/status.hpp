// SPDX-License-Identifier: Apache-2.0
// Waiting for rollouts and telling what came of them; going back by itself where that was asked for.
#pragma once

#include "session.hpp"

#include <optional>
#include <vector>

namespace slipway::rollout {

/// `status`.
[[nodiscard]] ExitCode status(Session& session, const std::vector<Wish>& wishes);

/// `explain`: one look.
[[nodiscard]] ExitCode explain(Session& session, const std::vector<Wish>& wishes);

/// The wait after a change of our own: the outcome is told on stderr as `status` does.
/// @param changed_at the server's clock at the change
[[nodiscard]] kube::Outcome follow(Session& session, Site& site, kube::Time changed_at);

}  // namespace slipway::rollout
