// SPDX-License-Identifier: Apache-2.0
// Who is at work on a release: a Lease in its namespace, renewed while we live. helm refuses a release
// whose last operation did not end, for ever, because it cannot tell a dead one from a slow one; with the
// Lease we can.
// @source Kubernetes coordination.k8s.io/v1 Lease, as leader election uses it
#pragma once

#include "cluster.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace slipway::deploy_helm {

/// What a Lease says. Pure, for the decision below.
struct LeaseFacts {
  std::string holder;  ///< USER@HOST/PID
  std::optional<std::chrono::system_clock::time_point> renewed;
  std::chrono::seconds duration{0};
};

/// Whether its holder may still be alive: renewed recently, and not a process of this machine that is gone.
[[nodiscard]] bool may_live(const LeaseFacts& lease, std::chrono::system_clock::time_point now,
                            const std::string& our_host, bool (*process_exists)(int pid));

/// Held from construction to destruction. Renewed by a thread of its own, over a connection of its own.
class Lock {
 public:
  /// @param holder USER@HOST/PID
  /// @throws Error busy: another run holds it, with its name and since when
  Lock(const Cluster& cluster, const std::string& release, const std::string& holder, const io::Run& run);
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

  /// The run before us left its Lease behind: it was killed.
  [[nodiscard]] bool predecessor_died() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// USER@HOST/PID of this process.
[[nodiscard]] std::string our_identity(const Environment& env);

}  // namespace slipway::deploy_helm
