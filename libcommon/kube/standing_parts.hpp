// SPDX-License-Identifier: Apache-2.0
// What standing_of() puts together, kind by kind.
#pragma once

#include "kube/standing.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

[[nodiscard]] Standing deployment_standing(const Snapshot& snapshot, const Policy& policy);
[[nodiscard]] Standing stateful_set_standing(const Snapshot& snapshot, const Policy& policy);
[[nodiscard]] Standing daemon_set_standing(const Snapshot& snapshot, const Policy& policy);

/// "1 pod", "2 pods"
[[nodiscard]] std::string plural(int count, std::string_view word);
void by_name(std::vector<const Pod*>& pods);
/// The first few names, and how many more.
[[nodiscard]] std::string names_of(const std::vector<const Pod*>& pods, std::size_t most = 5);
/// The owner's pods: those with one of `hashes` to `pods`, others to `old`; with none at all every pod is of the
/// revision.
void split_by_revision(Standing& standing, const Snapshot& snapshot, const std::vector<std::string>& hashes);
/// The memory limits of a template's containers, for "the limit was lowered".
[[nodiscard]] std::map<std::string, std::string> memory_limits(const std::string& template_text);
/// "old pod web-1 is terminating (node n1, finalizer x)", for each that is.
void name_terminating(Standing& standing);

}  // namespace slipway::kube
