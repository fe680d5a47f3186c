// SPDX-License-Identifier: Apache-2.0
// What is there now on one target, and what a deploy would make of it: the release's record, a dry run
// with the cluster's own lookups, the live objects. Only reads.
#pragma once

#include "cluster.hpp"
#include "helm/manifest.hpp"
#include "helm/program.hpp"
#include "inputs.hpp"
#include "plan.hpp"
#include "standing.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct Survey {
  Deployment deployment;
  Standing standing;
  helm::Upgrade upgrade;           ///< ready to run, but for its description
  std::vector<helm::Object> last;  ///< of the deployed revision
  std::vector<helm::Object> next;
};

[[nodiscard]] Standing stand(Cluster& cluster, const std::string& release, const io::Run& run);

/// A release as it is to be.
struct ToDeploy {
  const std::string& service;
  const std::string& release;
  const data::Value& values;  ///< with the image in them
  const Chart& chart;
  const helm::Image& image;
  bool validated = false;  ///< its objects have been held against the cluster's schemas before
};

/// @throws Error busy: an operation is in progress or was cut off; bad_input: chart or values refused, nothing
/// rendered, or the image is not in it; unreachable, denied
[[nodiscard]] Survey survey(Cluster& cluster, const helm::Program& helm, const ToDeploy& wanted, const io::Run& run);

/// What an operation that has begun and not ended means for who comes next.
/// @throws Error busy
void refuse_pending(const Standing& standing, const Cluster& cluster, const std::string& service,
                    const std::string& release);

/// The objects as kube/track wants them.
[[nodiscard]] std::vector<nlohmann::json> bodies(const std::vector<helm::Object>& objects);

}  // namespace slipway::deploy_helm
