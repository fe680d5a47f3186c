// SPDX-License-Identifier: Apache-2.0
// `autoscale`: an autoscaler that is made or changed, whichever it takes; switched off without losing it.
#pragma once

#include "session.hpp"

#include <nlohmann/json.hpp>

namespace slipway::rollout {

[[nodiscard]] ExitCode autoscale(Session& session, const std::vector<Wish>& wishes);

/// The object for server-side apply: only what the options say. Pure.
/// @throws Error bad_usage: options that contradict each other
[[nodiscard]] nlohmann::json autoscaler(const Options& options, const Site& site, const std::string& name);

}  // namespace slipway::rollout
