// SPDX-License-Identifier: Apache-2.0
// Plans and results as people read them: a table first, a line per object, then the fields. Pure.
#pragma once

#include "plan.hpp"

#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct ShowLimits {
  std::size_t fields = 40;  ///< per object; the rest is counted
  std::size_t width = 60;   ///< of a value
};

/// Rows of cells with two blanks between columns; the first row is the heading. No blanks at line ends.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

/// The plan: what it is, a table of its targets, per target what changes and why. Lines with newlines.
[[nodiscard]] std::string show(const Plan& plan, const ShowLimits& limits = {});

/// "2 changed, 1 added" or "nothing".
[[nodiscard]] std::string summary(const Deployment& deployment);

/// The first twelve digits of the image's digest, or the image itself when it has none; "-" for nothing.
[[nodiscard]] std::string short_image(std::string_view image);

}  // namespace slipway::deploy_helm
