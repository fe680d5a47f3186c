// SPDX-License-Identifier: Apache-2.0
// What differs between two pod templates, in words an operator uses: "image of web: a -> b",
// "env LOG_LEVEL", "memory limit 512Mi -> 256Mi". Values of environment variables are never shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// @param before, after pod templates as JSON text (ReplicaSet::template_text)
[[nodiscard]] std::vector<std::string> template_changes(std::string_view before, std::string_view after);

}  // namespace slipway::kube
