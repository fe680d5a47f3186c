// SPDX-License-Identifier: Apache-2.0
// Is a custom resource ready? Its kind's makers decide what that means, so there are rules, asked in this
// order: the user's (--ready-when, or the annotation slipway/ready-when), built-in ones for well-known kinds, the
// common conditions. Where no rule fits there is no answer, and that is said: silence is no success.
// @source API conventions, "Typical status properties"; kstatus; the projects' own API references
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// One rule of the user's: `condition=Ready[=True]` or `jsonpath={.status.phase}=Healthy`.
struct ReadyRule {
  bool is_condition = true;
  std::string path;   ///< type of the condition, or the JSON path without its braces
  std::string value;  ///< that makes it true
  std::string text;   ///< as written
  friend bool operator==(const ReadyRule&, const ReadyRule&) = default;
};

/// @throws Error bad_usage for anything else
[[nodiscard]] ReadyRule parse_ready_rule(std::string_view written);

struct ReadyRules {
  std::vector<ReadyRule> ready;   ///< all have to hold
  std::vector<ReadyRule> failed;  ///< one is enough
  [[nodiscard]] bool any() const { return !ready.empty() || !failed.empty(); }
};

struct CustomReading {
  enum class State { no_rule, ready, failed, going, held };
  State state = State::no_rule;
  std::string text;  ///< in its own words: "Ready=False DependencyNotReady: waiting for the issuer"
  std::string rule;  ///< which rule answered
};

/// @param rules of the user; those of the object's annotations slipway/ready-when and slipway/failed-when (separated
/// by semicolons) count where `rules` has none
[[nodiscard]] CustomReading read_custom(const nlohmann::json& object, const ReadyRules& rules);

/// Whether the status is about the newest spec: observedGeneration as number or numeric string; anything else, such
/// as a hash, cannot be compared and is taken for current.
[[nodiscard]] bool custom_observed(const nlohmann::json& object);

/// Values at a JSON path: dots, ['key'], [0], [*], [?(@.a=="b")]. Nothing for what does not exist or cannot be read.
[[nodiscard]] std::vector<std::string> values_at(const nlohmann::json& object, std::string_view path);

}  // namespace slipway::kube
