// SPDX-License-Identifier: Apache-2.0
// The half of the verdict that differs from kind to kind: is it complete, does someone hold it, which
// pods are of the revision that is rolled out, who serves meanwhile. Without memory; what persists
// and what fails is kube/workload.cpp's.
#pragma once

#include "kube/workload.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace slipway::kube {

struct Standing {
  bool complete = false;
  std::string held;                  ///< why it does not go on by itself; empty: it does
  bool no_rule = false;              ///< of a custom resource: nothing says when it is ready
  std::optional<Cause> failed;       ///< a failure that its own status states
  std::string text;                  ///< progress in one line
  std::vector<std::string> waiting;  ///< what is missing for `complete`
  std::vector<std::string> warnings;
  Counts counts;
  std::vector<const Pod*> pods;  ///< of the revision, by name
  std::vector<const Pod*> old;
  std::int64_t revision = 0;
  std::string revision_name;
  std::optional<Time> revision_made;       ///< when this revision's pods could first exist
  std::vector<std::string> makers;         ///< UIDs whose FailedCreate events count
  std::optional<std::string> refused;      ///< message of a ReplicaFailure condition
  std::optional<std::string> set_refused;  ///< the ReplicaSet itself cannot be made, and why
  std::string serving;
  std::int64_t serving_revision = 0;
  std::string changed;
  std::map<std::string, std::string> limits_before;  ///< memory, by container, of the revision before
  std::int64_t before = 0;                           ///< that revision
  bool partitioned = false;
  bool judges_pods = true;  ///< pod troubles can fail it
};

[[nodiscard]] Standing standing_of(const Snapshot& snapshot, const Policy& policy);

}  // namespace slipway::kube
