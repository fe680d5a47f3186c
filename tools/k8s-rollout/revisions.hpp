// SPDX-License-Identifier: Apache-2.0
// The revisions of a workload, as the ReplicaSets of a Deployment or the ControllerRevisions of a StatefulSet or
// DaemonSet hold them, which of them to go back to, and the patch that does it. Pure: objects in, values out.
// @source deployment controller: revision annotations; k8s-rollout(1), UNDO
#pragma once

#include "kube/facts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slipway::rollout {

struct Revision {
  std::int64_t number = 0;
  std::string name;  ///< the ReplicaSet or ControllerRevision
  std::vector<std::string> images;
  std::optional<kube::Time> created;
  int ready = 0;
  int available = 0;
  int wanted = 0;
  std::string cause;              ///< empty when it is only inherited from an older one
  std::string by;                 ///< field manager that wrote the template; empty: unknown
  std::vector<std::int64_t> was;  ///< numbers that it had before
  bool current = false;
  bool good = false;            ///< marked as such
  nlohmann::json pod_template;  ///< without the hash label
  nlohmann::json data;          ///< of a ControllerRevision: the patch that brings it back
};

/// The undo that brought the current template back, as our annotation tells of it.
struct Returned {
  std::int64_t from = 0;  ///< the revision that was left
  std::string who;
  std::string when;
  std::string reason;  ///< may be empty
};

/// The kinds that have revisions to go back to.
inline const std::vector<kube::Kind> kinds_with_revisions{kube::Kind::deployment, kube::Kind::stateful_set,
                                                          kube::Kind::daemon_set};
[[nodiscard]] inline bool has_revisions(kube::Kind kind) {
  return std::ranges::find(kinds_with_revisions, kind) != kinds_with_revisions.end();
}

struct History {
  std::string workload;             ///< "deployment/web"
  std::vector<Revision> revisions;  ///< by number
  /// Only while what it went to is the current revision: a later deploy makes it history.
  std::optional<Returned> returned;
  [[nodiscard]] const Revision* current() const;
  [[nodiscard]] const Revision* find(std::int64_t number) const;
};

/// Of a Deployment.
[[nodiscard]] History read_history(const nlohmann::json& deployment, const std::vector<nlohmann::json>& sets);
/// Of a StatefulSet or DaemonSet; the pods tell who serves.
[[nodiscard]] History read_history(const nlohmann::json& workload, kube::Kind kind,
                                   const std::vector<nlohmann::json>& revisions,
                                   const std::vector<nlohmann::json>& pods);

/// What the user asked for.
struct Wanted {
  std::optional<std::int64_t> revision;
  std::optional<std::string> image;
  std::string why;  ///< of `revision`, when it is not the user's own word
  bool previous = false;
  /// Not this one, although it may serve: the one that failed.
  std::optional<std::int64_t> not_this;
};

struct Choice {
  const Revision* to = nullptr;
  std::string why;
};

/// What an undo has just left is never gone back to unless it is named: two people who both undo mean the same.
/// @throws Error not_found: no such revision or image, or nothing to go back to; conflict: nothing but what an
/// undo left
[[nodiscard]] Choice choose(const History& history, const Wanted& wanted);

struct UndoNote {
  std::string who;
  kube::Time when;
  std::string reason;
  bool sync_last_applied = true;
  bool resume = false;
};

/// JSON Patch with tests for UID and version; touches the template and our own annotations only.
[[nodiscard]] nlohmann::json undo_patch(const nlohmann::json& deployment, const Revision& to, const UndoNote& note);
/// Strategic merge of a ControllerRevision's data with UID and version as preconditions, for StatefulSets and
/// DaemonSets.
[[nodiscard]] nlohmann::json revision_patch(const nlohmann::json& workload, const Revision& to, std::int64_t from,
                                            const UndoNote& note);

/// Names in the core group that a template cannot run without: {plural, name}.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> needs_of(const nlohmann::json& pod_template);

/// Whoever will write over the change, with the better way: one line each.
[[nodiscard]] std::vector<std::string> owners_of(const nlohmann::json& workload);

/// "/metadata/annotations/a~1b". @source RFC 6901
[[nodiscard]] std::string annotation_pointer(const std::string& key);

}  // namespace slipway::rollout
