// SPDX-License-Identifier: Apache-2.0
// From expanded variants to the stages of a Dockerfile, as data. The phases of a stage: root
// (packages, users), then the user that the files live as (environment, builders, copies), then the
// user that the program runs as.
#pragma once

#include "blubber/blubber.hpp"
#include "blubber/config.hpp"
#include "blubber/instruction.hpp"
#include "blubber/report.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace slipway::blubber {

/// Variants by name. They have to outlive it.
class StageIndex {
 public:
  explicit StageIndex(const std::vector<const Variant*>& variants);
  /// Null when no stage has the name.
  [[nodiscard]] const Variant* find(std::string_view name) const;

 private:
  std::unordered_map<std::string_view, const Variant*> by_name_;
};

/// @param variants expanded, in the order of building, the target last; at least one
[[nodiscard]] std::vector<Stage> plan(const std::vector<const Variant*>& variants, Report& report,
                                      const Options& options);

/// One variant: its helper stages, then its own.
[[nodiscard]] std::vector<Stage> plan_one(const Variant& variant, bool is_target, const StageIndex& stages,
                                          Report& report, const Options& options);

/// The directory that a variant's files live in.
[[nodiscard]] std::string lives_in(const Variant& variant);
/// The directory that a variant's image works in; "/" for one without a base.
[[nodiscard]] std::string final_directory(const Variant& variant);

}  // namespace slipway::blubber
