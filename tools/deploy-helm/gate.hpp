// SPDX-License-Identifier: Apache-2.0
// The gate before production: a target that wants a person's vetting is touched only with the digest
// of the very plan that is applied. There is no switch and no variable that opens it otherwise. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

/// @param digest of the plan
/// @param needing the targets that want an approval; empty: none does
/// @param approval what --approve said; at least 12 hexadecimal digits
/// @param how the way to see and approve this plan, for the hint
/// @throws Error bad_usage: no digest in form; not_approved: missing although needed, or of another plan
void check_approval(const std::string& digest, const std::vector<std::string>& needing,
                    const std::optional<std::string>& approval, const std::string& how);

}  // namespace slipway::deploy_helm
