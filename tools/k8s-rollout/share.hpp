// SPDX-License-Identifier: Apache-2.0
// A canary on a plain Deployment: exactly k new pods beside all the old ones, without a controller or a mesh. Pure:
// objects in, patches out.
//
// The controller scales old pods down only by what is available beyond `replicas - maxUnavailable`. With maxSurge = k,
// maxUnavailable = 0 and a minReadySeconds that nothing reaches, k pods come up, turn ready (they serve) and never
// available, so no old pod goes. Once they are ready the Deployment is paused and minReadySeconds is put back;
// maxSurge stays k meanwhile, because a paused Deployment is still scaled in proportion to replicas + maxSurge.
// @source deployment controller, reconcileOldReplicaSets and scale
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace slipway::rollout {

/// How many pods on top of `replicas` make `percent` of all: k / (r + k), rounded, at least one.
[[nodiscard]] int pods_for_share(int replicas, double percent);
/// The share that k pods really are, in percent.
[[nodiscard]] double true_share(int replicas, int k);

/// "25%" or "3" for a Deployment of that size. @throws Error bad_usage
[[nodiscard]] int pods_wanted(const std::string& written, int replicas);

/// What is remembered in the annotation slipway/canary, so that every step works after a crash of any other.
struct CanaryNote {
  nlohmann::json max_surge;
  nlohmann::json max_unavailable;
  nlohmann::json min_ready;
  nlohmann::json deadline;
  std::int64_t from = 0;  ///< the revision that serves
  int pods = 0;
};
[[nodiscard]] bool is_canary(const nlohmann::json& deployment);
/// @throws Error bad_input for an annotation that somebody else has written
[[nodiscard]] CanaryNote read_canary(const nlohmann::json& deployment);

/// Sets images (CONTAINER, REF; an empty container is the only one) in a pod template.
/// @throws Error not_found: no such container; bad_usage: which one of several?
[[nodiscard]] nlohmann::json with_images(nlohmann::json pod_template,
                                         const std::vector<std::pair<std::string, std::string>>& images);

/// All four are JSON Patches with tests for UID and version.
[[nodiscard]] nlohmann::json start_patch(const nlohmann::json& deployment, const nlohmann::json& pod_template,
                                         const CanaryNote& note, const std::string& cause);
[[nodiscard]] nlohmann::json hold_patch(const nlohmann::json& deployment);
[[nodiscard]] nlohmann::json promote_patch(const nlohmann::json& deployment);
[[nodiscard]] nlohmann::json abort_patch(const nlohmann::json& deployment, const nlohmann::json& pod_template);

}  // namespace slipway::rollout
