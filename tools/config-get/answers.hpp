// SPDX-License-Identifier: Apache-2.0
// The answers of explain, diff and list as text for a person and as a JSON document. Pure.
#pragma once

#include "config/bundle.hpp"
#include "config/trace.hpp"
#include "git/repository.hpp"
#include "mask.hpp"
#include "nulls.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::config_get {

/// Which commit wrote a line, by the file's path (without links) and the line.
using Blame = std::map<std::pair<std::string, int>, git::Commit>;

/// What explain answers from.
struct Explanation {
  const config::Bundle& bundle;
  std::vector<config::Trace> traces;  ///< sorted by path; those of config::removed() among them
  const Mask& mask;
  Nulls nulls;
  Blame blame;
};

/// Each value with FILE:LINE@COMMIT, under it what it overrides and what a null comes to; at the end the layers that
/// are absent.
[[nodiscard]] std::string explain_text(const Explanation& explanation);
[[nodiscard]] std::string explain_json(const Explanation& explanation);
/// All values, and where each of them comes from.
[[nodiscard]] std::string provenance_json(const Explanation& explanation);

/// What changed between two bundles, with a mask for each side.
struct Difference {
  const config::Bundle& before;
  const config::Bundle& after;
  const std::vector<config::Change>& changes;
  const Mask& mask_before;
  const Mask& mask_after;
};

/// `+` added, `-` removed, `~` changed; a line for each change, behind `indent`.
[[nodiscard]] std::string change_lines(const Difference& difference, std::string_view indent = {});
/// The same as a list in JSON.
[[nodiscard]] std::string changes_json(const Difference& difference);
/// change_lines() under a heading of two lines; empty without changes.
[[nodiscard]] std::string diff_text(const Difference& difference);
[[nodiscard]] std::string diff_json(const Difference& difference);

/// The chain of layers in order, present and absent.
[[nodiscard]] std::string files_text(const config::Bundle& bundle);
/// `key` names what the list holds: services, environments, releases.
[[nodiscard]] std::string names_json(std::string_view registry, std::string_view commit, std::string_view key,
                                     const std::vector<std::string>& names);
[[nodiscard]] std::string files_json(const config::Bundle& bundle);

/// One combination of `list values`, and all of them.
[[nodiscard]] std::string values_json(const config::Bundle& bundle, const Mask& mask);
[[nodiscard]] std::string all_values_json(std::string_view registry, std::string_view commit,
                                          const std::vector<std::string>& list);

/// A string of JSON, quotes and all.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace slipway::config_get
