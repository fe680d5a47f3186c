// SPDX-License-Identifier: Apache-2.0
// `status --undo-on-failure`: going back by itself. The undo is written as soon as there is a verdict, and followed
// beside what is still waited for.
#pragma once

#include "judged.hpp"

#include <optional>

namespace slipway::rollout {

/// Whether the options ask for an undo of that outcome. Says it where the kind has no revisions to go back to.
[[nodiscard]] bool wants_undo(Session& session, const Judged& judged);

/// Writes the undo, if nobody else has touched the workload meanwhile.
/// @param judged `undoing` and `undo_to` then; what keeps it from being undone goes to `undone` and `code`
/// @return how the undo is to be followed; nothing where nothing was written
/// @throws Error interrupted
[[nodiscard]] std::optional<kube::FollowUp> begin_undo(Session& session, Judged& judged);

/// What came of it: `code` is undone or not_undone.
/// @param outcome of the workload after the undo was written
void end_undo(Session& session, Judged& judged, const kube::Outcome& outcome);

/// @throws Error bad_usage for an --undo-on-failure that names neither a word that it knows nor a revision
void check_undo_to(const Options& options);

}  // namespace slipway::rollout
