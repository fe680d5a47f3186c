// SPDX-License-Identifier: Apache-2.0
// The gate before production: a target that wants a person's vetting is touched only with the digest
// of the very plan that is applied. There is no switch and no variable that opens it otherwise. Pure.
#pragma once

#include "plan.hpp"

#include <optional>
#include <string>

namespace slipway::deploy_helm {

/// @param approval what --approve said; at least 12 hexadecimal digits
/// @param how the way to see and approve this plan, for the hint
/// @throws Error bad_usage: no digest in form; not_approved: missing although needed, or of another plan
void check_approval(const Plan& plan, const std::optional<std::string>& approval, const std::string& how);

}  // namespace slipway::deploy_helm
