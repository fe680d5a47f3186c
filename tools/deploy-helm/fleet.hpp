// SPDX-License-Identifier: Apache-2.0
// A service's releases on several targets, as they are: what status, history, rollback and recover
// work on. Targets are reached at once; one that cannot be reached does not hide the others.
#pragma once

#include "cluster.hpp"
#include "inputs.hpp"
#include "survey.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct Berth {
  std::string target;
  std::string release;
  std::shared_ptr<Cluster> cluster;  ///< null when it could not be reached
  Standing standing;
  std::optional<Error> error;
};

/// One for each target and release, in stage order.
/// @throws Error the first one, when no target at all can be reached; interrupted, timed_out
[[nodiscard]] std::vector<Berth> look_around(const deploy::Service& service, const std::vector<deploy::Target>& targets,
                                             const Environment& env, const io::Run& run);

}  // namespace slipway::deploy_helm
