// SPDX-License-Identifier: Apache-2.0
// Policies: rules that somebody else than the author of a configuration sets for it, such as which base images
// production may have. A policy is YAML or JSON:
//
//   enforcements:
//     - path: variants.production.runs.insecurely
//       rule: isfalse
//
// A path that resolves to nothing is skipped, as in upstream. Pure.
#pragma once

#include "blubber/config.hpp"
#include "blubber/policy_rule.hpp"
#include "blubber/report.hpp"
#include "core/error.hpp"
#include "data/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber {

struct Enforcement {
  std::string path;  ///< dotted; `*` stands for every key of a map and every item of a list
  std::string text;  ///< the rule as it was written
  PolicyRule rule;
  data::Mark mark;
};

struct Policy {
  std::string file;
  std::vector<Enforcement> enforcements;
  std::vector<Diagnostic> warnings;  ///< paths that no configuration can have
};

/// @throws Error bad_input with every finding: malformed, a key missing, an unknown rule
[[nodiscard]] Policy read_policy(std::string_view yaml, std::string file);

/// The whole configuration as policies see it: the top level, and each variant expanded where `expanded` has it, else
/// as it was written.
[[nodiscard]] data::Value policy_view(const Config& config, const std::vector<const Variant*>& expanded);

/// One finding for each value that breaks a rule, at the place where the value was written.
void enforce(const Policy& policy, const data::Value& view, const Config& config, Report& report);

}  // namespace slipway::blubber
