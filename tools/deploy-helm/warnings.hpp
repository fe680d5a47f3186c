// SPDX-License-Identifier: Apache-2.0
// What a person should look at before approving: changes that the API will refuse, removals that take
// data or traffic away, images that can change under the plan. Pure.
#pragma once

#include "diff.hpp"
#include "helm/manifest.hpp"

#include <string>
#include <vector>

namespace slipway::deploy_helm {

/// Sentences, worst first.
[[nodiscard]] std::vector<std::string> warnings_about(const std::vector<helm::Object>& next,
                                                      const std::vector<ObjectChange>& changes);

}  // namespace slipway::deploy_helm
