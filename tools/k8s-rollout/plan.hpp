// SPDX-License-Identifier: Apache-2.0
// The commands that write, over one cluster or several: all are looked at before the first is changed, then one after
// the other, each to its end and its bake; what was done is in a journal, so that it can be continued or taken back.
#pragma once

#include "actions.hpp"

#include <vector>

namespace slipway::rollout {

/// undo, pause, resume, restart, scale.
[[nodiscard]] ExitCode act(Session& session, const std::vector<Wish>& wishes);

/// `plan list|show|continue|abort`.
[[nodiscard]] ExitCode plan(const Options& options, cli::Context& context);

/// Watches what is done for --bake, with --check and --check-url every 10 s.
/// @returns what went wrong; empty: nothing
[[nodiscard]] std::string bake(Session& session, Site& site);

/// The same for a canary that is held: its `pods` new pods stay ready and do not restart.
[[nodiscard]] std::string bake_canary(Session& session, Site& site, int pods);

}  // namespace slipway::rollout
