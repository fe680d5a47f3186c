// SPDX-License-Identifier: Apache-2.0
// The revisions of a Deployment as its ReplicaSets hold them, which of them to go back to, and the
// patch that does it. Pure: objects in, values out.
// @source deployment controller: revision annotations; k8s-rollout(1), UNDO
#pragma once

#include "kube/facts.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slipway::rollout {

struct Revision {
  std::int64_t number = 0;
  std::string name;  ///< the ReplicaSet
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
};

struct History {
  std::string workload;
  std::vector<Revision> revisions;  ///< by number
  [[nodiscard]] const Revision* current() const;
  [[nodiscard]] const Revision* find(std::int64_t number) const;
};

[[nodiscard]] History read_history(const nlohmann::json& deployment, const std::vector<nlohmann::json>& sets);

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

/// @throws Error not_found: no such revision or image, or nothing to go back to
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

/// Names in the core group that a template cannot run without: {plural, name}.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> needs_of(const nlohmann::json& pod_template);

/// Whoever will write over the change, with the better way: one line each.
[[nodiscard]] std::vector<std::string> owners_of(const nlohmann::json& deployment);

}  // namespace slipway::rollout
