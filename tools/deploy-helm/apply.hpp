// SPDX-License-Identifier: Apache-2.0
// Carries a plan out: target by target in its order, each one waited for until it is really ready.
// What fails is explained before anything is taken away, then undone; later targets stay untouched.
#pragma once

#include "outcome.hpp"
#include "planning.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct ApplyOptions {
  std::chrono::milliseconds settle{2'000};  ///< ready for so long before it counts
  bool leave_failed = false;
  std::string who;  ///< for the release's record
};

/// `prepared` is what is there now; whether it still is what was planned and approved, the caller has checked.
/// @throws Error of the first target when helm refused it before anything was touched; interrupted, after the
/// current helm call has ended and the state was told
[[nodiscard]] std::vector<Result> apply(const Prepared& prepared, const helm::Program& helm,
                                        const ApplyOptions& options, const io::Run& run);

/// Waits for the workloads among `objects`.
struct Readiness {
  bool ready = false;
  bool held = false;
  std::string reason;                    ///< one sentence, when it is not ready
  std::vector<std::string> explanation;  ///< lines
};
[[nodiscard]] Readiness wait_until_ready(Cluster& cluster, const std::vector<helm::Object>& objects,
                                         std::chrono::milliseconds settle, const io::Run& run);

/// Rolls the release back to `to` and waits until what it holds is ready.
/// @return what went wrong, or nothing
[[nodiscard]] std::string go_back(Cluster& cluster, const helm::Program& helm, const std::string& release, int to,
                                  std::chrono::milliseconds settle, const io::Run& run);

}  // namespace slipway::deploy_helm
