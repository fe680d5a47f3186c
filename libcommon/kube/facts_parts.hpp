// SPDX-License-Identifier: Apache-2.0
// What the readers of facts.cpp and workload_facts.cpp share.
#pragma once

#include "kube/facts.hpp"

#include <nlohmann/json_fwd.hpp>

namespace slipway::kube {

[[nodiscard]] Conditions read_conditions(const nlohmann::json& object);
[[nodiscard]] std::vector<std::string> images_of(const nlohmann::json& pod_template);
[[nodiscard]] std::int64_t revision_of(const nlohmann::json& object);  ///< deployment.kubernetes.io/revision

}  // namespace slipway::kube
