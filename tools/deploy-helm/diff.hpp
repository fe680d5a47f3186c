// SPDX-License-Identifier: Apache-2.0
// What one set of objects changes of another, by structure and not by text: objects by kind and name,
// list items by the key that Kubernetes merges them by, quantities by what they are worth. Values of
// Secrets never get into the result. Pure.
#pragma once

#include "helm/manifest.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::deploy_helm {

/// One field. Absent before or after means that it is not there then.
struct FieldChange {
  std::string path;  ///< spec.template.spec.containers[hello].image; metadata.labels["helm.sh/chart"]
  std::optional<nlohmann::json> before;
  std::optional<nlohmann::json> after;
  bool secret = false;  ///< before and after are left out
  bool extra = false;   ///< drift: only the live object has it, and a deploy leaves it there
  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

enum class Action { add, change, remove };
[[nodiscard]] std::string_view name_of(Action action);

struct ObjectChange {
  Action action = Action::change;
  helm::ObjectKey key;
  std::vector<FieldChange> fields;  ///< of a change only
  int noise = 0;                    ///< fields left out because they only repeat another change
  friend bool operator==(const ObjectChange&, const ObjectChange&) = default;
};

/// What `next` changes of `last`: removals first, then changes, then additions, each in the order of the manifests.
[[nodiscard]] std::vector<ObjectChange> compare(const std::vector<helm::Object>& last,
                                                const std::vector<helm::Object>& next);

/// Where the live object differs from what the release says about it: someone changed it by hand.
/// Fields that the manifest does not name are the server's or a controller's and do not count.
/// @param scaled the object's replicas belong to an autoscaler
[[nodiscard]] std::vector<FieldChange> drift(const nlohmann::json& manifest, const nlohmann::json& live, bool scaled);

/// The workloads whose replicas an autoscaler among `objects` sets.
[[nodiscard]] std::vector<helm::ObjectKey> scaled_by_autoscaler(const std::vector<helm::Object>& objects);

/// 500m and 0.5, 1Gi and 1024Mi. False when one of them is no quantity.
/// @source Kubernetes API conventions, "Quantities"
[[nodiscard]] bool same_quantity(const nlohmann::json& a, const nlohmann::json& b);

}  // namespace slipway::deploy_helm
