// SPDX-License-Identifier: Apache-2.0
// A namespace of its own for one test: with limits to what it may use, closed to the rest of the
// cluster, marked with its owner and its expiry, and deleted at the end. The objects as data; making
// and removing them.
#pragma once

#include "kube/client.hpp"
#include "ownership.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct SandboxSpec {
  std::string name;
  Ownership mine;
  std::string image;
  std::string scratch;  ///< the scratch image, NAME@DIGEST; empty without one
  std::string pod_security = "restricted";
  std::string quota_cpu = "4";
  std::string quota_memory = "8Gi";
  std::string quota_pods = "30";
  std::vector<std::string> allow_egress;  ///< CIDR or CIDR:PORT
};

inline constexpr const char* managed_by = "pipeline-test";

/// Namespace, ResourceQuota, LimitRange and NetworkPolicy, in that order. Pure.
/// @throws Error bad_usage for a malformed --allow-egress
[[nodiscard]] std::vector<nlohmann::json> sandbox_objects(const SandboxSpec& spec);

void create_sandbox(kube::Client& client, const SandboxSpec& spec, const io::Run& run);

/// Deletes the namespace, shortens the grace of its pods to a second, and waits until it is gone.
/// @param wait 0: what is there was asked to go, and goes without us
/// @return nothing, or why it is still there
[[nodiscard]] std::string remove_sandbox(kube::Client& client, const std::string& name, std::chrono::milliseconds wait,
                                         const io::Run& run);

/// A namespace that some run of this tool made.
struct SandboxRow {
  std::string name;
  Ownership mine;
  std::string scratch;
  bool terminating = false;
};
/// @param run_id of one run; all when empty
[[nodiscard]] std::vector<SandboxRow> list_sandboxes(kube::Client& client, const std::string& run_id,
                                                     const io::Run& run);

}  // namespace slipway::pipeline_test
