// SPDX-License-Identifier: Apache-2.0
// Makes a plan: takes what is needed out of the registry, reaches every target, surveys each of its
// releases. Only reads, unless it is made to be carried out at once: then it locks the releases first.
#pragma once

#include "cluster.hpp"
#include "inputs.hpp"
#include "lock.hpp"
#include "plan.hpp"
#include "survey.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

/// A target with its connection and one release to put there.
struct Site {
  std::shared_ptr<Cluster> cluster;  ///< shared by the releases of one target
  std::shared_ptr<Lock> lock;        ///< null for a plan that is only looked at
  Survey survey;
};

/// A plan together with what is needed to carry it out.
struct Prepared {
  Plan plan;
  std::vector<Site> sites;  ///< one for each of the plan's deployments, in their order
  std::shared_ptr<const Chart> chart;
};

struct Wish {
  const deploy::Service& service;
  std::vector<deploy::Target> targets;  ///< in stage order
  helm::Image image;
  /// Who is going to carry it out. With it the releases are locked, and on targets that need no approval
  /// what a killed run left is recovered first.
  std::optional<std::string> holder = std::nullopt;
  /// The plan that is carried out has held its objects against the clusters' schemas; others than those are refused.
  bool validated = false;
};

/// All targets are asked at once.
/// @throws Error of the first target in order that cannot be planned
[[nodiscard]] Prepared prepare(Inputs& inputs, const Wish& wish, const helm::Program& helm, const Environment& env,
                               const io::Run& run);

}  // namespace slipway::deploy_helm
