// SPDX-License-Identifier: Apache-2.0
// The proof that staging runs what production is to get: `requires` of the targets file, checked against
// what staging's releases say of themselves now and not against anything written down elsewhere.
#pragma once

#include "fleet.hpp"
#include "plan.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

/// One release on a staging target, as it is.
struct StagingFact {
  std::string target;
  std::string release;
  std::string image;   ///< with digest; empty: not deployed
  std::string commit;  ///< of the configuration, 12 digits
  std::string values;  ///< digest of the values that it was given
  std::string chart;   ///< NAME-VERSION
  std::chrono::milliseconds age{0};
  std::string trouble;  ///< empty when it is ready
};

/// The requirements that one of `chosen` falls under, by its own name or a group's.
[[nodiscard]] std::vector<deploy::Requirement> requirements_for(const deploy::Targets& targets,
                                                                const std::vector<deploy::Target>& chosen);
/// The targets that count as staging: before the first of `chosen`, and without approval.
[[nodiscard]] std::vector<deploy::Target> staging_of(const deploy::Targets& targets,
                                                     const std::vector<deploy::Target>& chosen);

/// Digests of the values that the plan's commit gives staging, by "TARGET RELEASE".
using ExpectedValues = std::map<std::string, std::string, std::less<>>;

/// What is missing, a sentence each; empty when staging proves the plan. Pure.
/// A commit that gives staging the very values it has counts as the same: the registry holds other services, too.
[[nodiscard]] std::vector<std::string> missing_proof(const std::vector<deploy::Requirement>& requirements,
                                                     const Plan& plan, const std::vector<StagingFact>& staging,
                                                     const ExpectedValues& expected);

/// Asks the staging targets. One that does not answer is a fact with that trouble.
[[nodiscard]] std::vector<StagingFact> look_at_staging(const deploy::Service& service,
                                                       const std::vector<deploy::Target>& staging,
                                                       const Environment& env, const io::Run& run);

}  // namespace slipway::deploy_helm
