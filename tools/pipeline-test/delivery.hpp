// SPDX-License-Identifier: Apache-2.0
// How the image gets to where the cluster can pull it before it is published: through a scratch
// repository of a registry, or not at all when the cluster can pull it already.
#pragma once

#include "cli/run.hpp"
#include "helm/image.hpp"
#include "oci/access.hpp"
#include "ownership.hpp"

#include <optional>
#include <string>

namespace slipway::pipeline_test {

/// Where the image goes, decided before anything is made. Pure.
struct DeliveryPlan {
  std::string image;                   ///< the line that was handed over
  std::optional<std::string> scratch;  ///< HOST/PATH:TAG to push to; nothing when it can be pulled as it is
};

/// @param scratch `--scratch HOST[/PREFIX]`; the repository below it is made of `project` and the run
/// @throws Error bad_usage when there is no scratch registry and the image is only in the engine
[[nodiscard]] DeliveryPlan plan_delivery(const std::string& image, const std::optional<std::string>& scratch,
                                         const std::string& project, const Ownership& mine);

[[nodiscard]] oci::Access registry_access(const cli::Environment& env);

/// Pushes if the plan says so. @return the image as the cluster is to pull it, by digest
[[nodiscard]] helm::Image deliver(const DeliveryPlan& plan, const cli::Environment& env, const io::Run& run);

/// Deletes the scratch image. @param reference HOST/PATH:TAG, or by digest
/// @param retries as many as registries get by default, if not given
void remove_scratch(const std::string& reference, const cli::Environment& env, const io::Run& run,
                    std::optional<int> retries = {});

}  // namespace slipway::pipeline_test
