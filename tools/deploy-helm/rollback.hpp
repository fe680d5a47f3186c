// SPDX-License-Identifier: Apache-2.0
// Going back by hand: to the last good revision or a named one, with the same gate as going forward.
// And ending what a killed run left half done.
#pragma once

#include "apply.hpp"
#include "fleet.hpp"

#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

/// One release that goes back.
struct Return {
  std::size_t berth = 0;  ///< index
  int from = 0;
  int to = 0;
  std::string image;  ///< of `to`
  std::vector<ObjectChange> changes;
};

struct ReturnPlan {
  std::string service;
  std::vector<Return> returns;
  std::string digest;                ///< over what is left and what is gone back to, cluster by cluster
  std::vector<std::string> needing;  ///< targets that a person has to approve
};

/// @param to a revision, or nothing for the last good one before the newest
/// @throws Error not_found: no such revision, nothing to go back to; busy; what a target answered
[[nodiscard]] ReturnPlan plan_return(std::vector<Berth>& berths, const std::string& service, std::optional<int> to);
[[nodiscard]] std::string show(const ReturnPlan& plan, const std::vector<Berth>& berths);

/// In stage order; stops at the first that does not get ready, which is left as it is (not_undone).
[[nodiscard]] std::vector<Result> carry_out(const ReturnPlan& plan, std::vector<Berth>& berths,
                                            const helm::Program& helm, const ApplyOptions& options, const io::Run& run);

/// Ends operations that were cut off: back to the last deployed revision; a first install is taken away.
/// Releases that are not pending stay untouched ("unchanged").
/// @param sure also when it began so short a time ago that somebody may still be at work
/// @throws Error busy: it is too young to be dead
[[nodiscard]] std::vector<Result> recover(std::vector<Berth>& berths, bool sure, const helm::Program& helm,
                                          const ApplyOptions& options, const io::Run& run);

}  // namespace slipway::deploy_helm
