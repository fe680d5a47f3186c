// SPDX-License-Identifier: Apache-2.0
// What differs between two pod templates, in words an operator uses: "image of web: a -> b",
// "env LOG_LEVEL", "memory limit 512Mi -> 256Mi". Values of environment variables are only
// shown to who asks for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

enum class EnvValues { hidden, shown };

/// @param before, after pod templates as JSON text (ReplicaSet::template_text)
[[nodiscard]] std::vector<std::string> template_changes(std::string_view before, std::string_view after,
                                                        EnvValues values = EnvValues::hidden);

}  // namespace slipway::kube
