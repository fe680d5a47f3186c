// SPDX-License-Identifier: Apache-2.0
// `canary start|promote|abort|status` and `pause --at`: a share of the pods first. share.hpp has the how.
#pragma once

#include "actions.hpp"
#include "share.hpp"

namespace slipway::rollout {

[[nodiscard]] ExitCode canary(Session& session, const std::string& step, const std::vector<Wish>& wishes);

/// `pause --at`: of a Deployment whose rollout is under way, or of a StatefulSet by its partition.
void check_pause_at(Session& session, Site& site);
[[nodiscard]] Done pause_at(Session& session, Site& site);

/// Form B, canary_via.cpp: another Deployment behind the same Service.
[[nodiscard]] ExitCode canary_via(Session& session, const std::string& step, Site& main);
[[nodiscard]] ExitCode canary_service(Session& session, std::size_t cluster, const std::string& service);

/// "web=r/web:2" -> {"web", "r/web:2"}; "r/web:2" -> {"", "r/web:2"}
[[nodiscard]] std::vector<std::pair<std::string, std::string>> images_of(const Options& options);

}  // namespace slipway::rollout
