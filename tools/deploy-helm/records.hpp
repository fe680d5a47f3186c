// SPDX-License-Identifier: Apache-2.0
// What is deployed where (status) and how it came about (history), as tables and as JSON.
#pragma once

#include "core/exit_code.hpp"
#include "fleet.hpp"
#include "kube/workload.hpp"

#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct Health {
  kube::State state = kube::State::done;
  std::string text;  ///< "ready", or what is not
};

/// The workloads among `objects` as they are this moment.
[[nodiscard]] Health health_of(Cluster& cluster, const std::vector<helm::Object>& objects, const io::Run& run);

struct Answer {
  std::string text;  ///< a table, or one JSON document
  ExitCode code = ExitCode::ok;
};

/// One look at each, no waiting. 0 all well; 1 something is failed; 3 something is on its way; 4 a target did
/// not answer; 66 there is no release at all.
[[nodiscard]] Answer status_of(std::vector<Berth>& berths, bool json, const io::Run& run);

/// Newest first for each target.
[[nodiscard]] Answer history_of(const std::vector<Berth>& berths, bool json);

}  // namespace slipway::deploy_helm
