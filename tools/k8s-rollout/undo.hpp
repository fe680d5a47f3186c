// SPDX-License-Identifier: Apache-2.0
// Going back on one cluster: which revision, whether it can still run, and the patch with its
// preconditions. Following the outcome is status.hpp's.
#pragma once

#include "kube/facts.hpp"
#include "revisions.hpp"
#include "session.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::rollout {

/// What has to be true of the object, or nothing is written: someone else's newer deploy stays.
struct Guard {
  std::string uid;
  std::string template_text;
};

struct UndoRequest {
  Wanted wanted;
  std::optional<Guard> guard;
  std::string reason;
  bool resume = false;
  bool force = false;
  bool unstick = false;  ///< evict what keeps a StatefulSet from going on
  bool dry_run = false;  ///< what is written is not kept
  bool sends = true;     ///< false: nothing is written
  bool sync_last_applied = true;
  bool show_env = false;  ///< values of environment variables in `changes`
};

struct Undone {
  bool changed = false;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::string why;  ///< of the choice
  std::vector<std::string> images;
  std::vector<std::string> changes;  ///< between the templates
  std::string doubt = {};            ///< what speaks against the revision; empty: nothing
  kube::Time at;                     ///< the server's clock when it was written
};

/// What the options of `undo` ask for.
[[nodiscard]] UndoRequest undo_request(const Session& session);

/// Reads and chooses, and checks what can be checked; writes nothing.
/// @throws Error not_found, conflict (paused, guard), bad_input (a ConfigMap or Secret of then is gone)
[[nodiscard]] Undone plan_undo(Site& site, const UndoRequest& request, const io::Run& run);
/// The same, and the patch. A status that changed meanwhile is no obstacle; a template that did is.
/// @throws Error as plan_undo; conflict when someone else changed it
[[nodiscard]] Undone undo(Site& site, const UndoRequest& request, const io::Run& run);

/// By the eviction API, so that a PodDisruptionBudget is asked; with the UID as precondition.
void evict(Site& site, const kube::Pod& pod, const io::Run& run);

/// Everything that a history needs.
[[nodiscard]] History fetch_history(Site& site, const io::Run& run);

}  // namespace slipway::rollout
