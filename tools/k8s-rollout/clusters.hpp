// SPDX-License-Identifier: Apache-2.0
// The clusters that a run is about, in the order of action: contexts of a kubeconfig, or targets of
// deploy-targets.yaml. Everything that can be wrong with them is found before the first request.
#pragma once

#include "cli/run.hpp"
#include "deploy/targets.hpp"
#include "kube/access.hpp"
#include "options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::rollout {

struct Cluster {
  std::string name;    ///< as shown: the target's or the context's
  std::string option;  ///< how a command names it: "--context dc1", "-t dc1"
  kube::Access access;
  std::optional<deploy::Target> target;
  std::optional<std::string> fixed_namespace;  ///< -n
  std::optional<deploy::Targets> all;          ///< the list the target stands in

  /// The namespace of a workload: -n, else the target's pattern filled in for the workload's service,
  /// else the context's own.
  [[nodiscard]] std::string namespace_of(const std::string& workload, const std::optional<std::string>& service) const;
};

/// @throws Error bad_setup: kubeconfig, context; bad_usage: contradicting options; not_found: no such
/// target; bad_input: the targets file
[[nodiscard]] std::vector<Cluster> choose_clusters(const Options& options, const cli::Context& context);

/// The service a workload belongs to: the longest service name that is its name, or begins it before a dash.
[[nodiscard]] std::string service_of(const std::string& workload, const deploy::Targets& targets);

}  // namespace slipway::rollout
