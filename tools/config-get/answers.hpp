// SPDX-License-Identifier: Apache-2.0
// The answers of explain, diff and list as text for a person and as a JSON document. Pure.
#pragma once

#include "config/bundle.hpp"
#include "config/trace.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::config_get {

/// Each value with FILE:LINE@COMMIT, under it what it overrides; at the end the layers that are absent.
[[nodiscard]] std::string explain_text(const config::Bundle& bundle, const std::vector<config::Trace>& traces);
[[nodiscard]] std::string explain_json(const config::Bundle& bundle, const std::vector<config::Trace>& traces);

/// `+` added, `-` removed, `~` changed.
[[nodiscard]] std::string diff_text(const config::Bundle& before, const config::Bundle& after,
                                    const std::vector<config::Change>& changes);
[[nodiscard]] std::string diff_json(const config::Bundle& before, const config::Bundle& after,
                                    const std::vector<config::Change>& changes);

/// The chain of layers in order, present and absent.
[[nodiscard]] std::string files_text(const config::Bundle& bundle);
/// `key` names what the list holds: services, environments.
[[nodiscard]] std::string names_json(std::string_view registry, std::string_view commit, std::string_view key,
                                     const std::vector<std::string>& names);
[[nodiscard]] std::string files_json(const config::Bundle& bundle);

}  // namespace slipway::config_get
