// SPDX-License-Identifier: Apache-2.0
// What came of a workload that was waited for, and how that is told: as lines of JSON, v1, on stdout, and as an
// explanation on stderr.
#pragma once

#include "session.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::rollout {

struct Judged {
  Site site;
  kube::Outcome outcome;
  ExitCode code = ExitCode::ok;
  std::string undoing = {};  ///< "revision 3 -> 2 (...)": an undo that is written and not at its end yet
  std::int64_t undo_to = 0;  ///< of that
  std::string undone = {};   ///< what came of an undo; empty: none was tried
};

/// The command to type next; empty: there is none.
[[nodiscard]] std::string next_of(const Site& site, const kube::Outcome& outcome);

/// An outcome on stderr, as `status` tells it.
void tell_outcome(Session& session, const Site& site, const kube::Outcome& outcome);

// The lines. Each has ts, cluster, context, namespace, kind, name, uid, revision (where it is known) and event.

/// event is start, progress, pod, warning, recovered or cause.
[[nodiscard]] nlohmann::ordered_json sighting_line(const Site& site, const kube::Outcome& outcome,
                                                   const kube::Sighting& sighting);
/// The last of a workload. event is verdict.
[[nodiscard]] nlohmann::ordered_json verdict_line(const Judged& judged);
/// What a verdict has found, before it: event is log (one line for each container's) or held.
void tell_findings(Session& session, const Judged& judged);
/// event is undo. `state` is written, done, failed, refused or planned (a dry run).
[[nodiscard]] nlohmann::ordered_json undo_line(const Judged& judged, std::string_view state, const std::string& text);

}  // namespace slipway::rollout
