// SPDX-License-Identifier: Apache-2.0
// The rules of a policy: tags joined by commas, `|` between alternatives, in the words of the Go validator that
// upstream uses and of upstream's own checks. A tag that cannot be asked of a value of its kind is not met: a rule
// never passes by mistake.
#pragma once

#include "data/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber {

struct Config;

/// What a rule may have to look at beside the value itself.
struct RuleScope {
  const data::Value* parent = nullptr;  ///< the map that the value stands in
  const Config& config;
};

struct RuleTag {
  std::string name;
  std::string parameter;
};

/// All have to hold, and of each one alternative.
using PolicyRule = std::vector<std::vector<RuleTag>>;

/// @param fault gets what is wrong, with the nearest known word, when there is no rule
/// @source go-playground/validator v9, doc.go; upstream config/validation.go
[[nodiscard]] std::optional<PolicyRule> parse_rule(std::string_view text, std::string& fault, std::string& suggestion);

[[nodiscard]] bool holds(const PolicyRule& rule, const data::Value& value, const RuleScope& scope);

}  // namespace slipway::blubber
