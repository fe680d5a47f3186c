// SPDX-License-Identifier: Apache-2.0
#include "gate.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

void check_approval(const std::string& digest, const std::vector<std::string>& needing,
                    const std::optional<std::string>& approval, const std::string& how) {
  if (approval) {
    auto given = text::lower(text::trim(*approval));
    if (given.starts_with("sha256:")) given.erase(0, 7);
    const bool hex =
        std::ranges::all_of(given, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (!hex || given.size() < 12 || given.size() > digest.size())
      throw Error(failure::bad_usage,
                  fmt::format("--approve takes 12 to 64 hexadecimal digits, not '{}'", text::printable(*approval)),
                  "they stand at the end of the plan as it is shown, and as \"digest\" in its file");
    // An approval that fits nothing is a mistake even where none is needed: it was meant for another plan.
    if (!digest.starts_with(given))
      throw Error(
          failure::not_approved,
          fmt::format("the approval {} is of another plan: this one is {}", given.substr(0, 12), digest.substr(0, 12)),
          how);
    return;
  }
  if (needing.empty()) return;
  throw Error(failure::not_approved,
              fmt::format("{} {} a person's approval of this plan", text::join(needing, ", "),
                          needing.size() == 1 ? "needs" : "need"),
              how);
}

}  // namespace slipway::deploy_helm
