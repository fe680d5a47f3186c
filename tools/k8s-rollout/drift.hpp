// SPDX-License-Identifier: Apache-2.0
// `drift`: does the same run everywhere?
#pragma once

#include "session.hpp"

namespace slipway::rollout {

struct Difference {
  std::vector<std::string> words;    ///< images, replicas, template
  std::vector<std::string> changes;  ///< between the templates
};

/// Of the same workload on two clusters. Pure.
[[nodiscard]] Difference difference(const kube::Workload& first, const kube::Workload& other);

[[nodiscard]] ExitCode drift(Session& session, const std::vector<Wish>& wishes);

}  // namespace slipway::rollout
