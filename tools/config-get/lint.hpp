// SPDX-License-Identifier: Apache-2.0
// What nobody can have meant: traps of YAML, overrides that change nothing, files that nothing reads, layers that are
// never there, links into another environment, lists that lose elements. Rules have codes, as in config-get(1).
#pragma once

#include "chart.hpp"
#include "config/lookup.hpp"
#include "core/error.hpp"
#include "impact.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace slipway::config_get {

struct LintReport {
  std::size_t combinations = 0;
  std::size_t files = 0;
  std::vector<Diagnostic> findings;  ///< by file, line, column, code
};

/// The chart of a combination, if there is one to be read.
using ChartOf = std::function<std::optional<Chart>(const config::Bundle& bundle)>;

/// @param whole all services are looked at, so that what none of them uses is used by none
[[nodiscard]] LintReport lint(const config::Registry& registry, const config::ReadOptions& options,
                              const std::function<bool(const config::Selection&)>& wanted, bool whole,
                              const ChartOf& chart_of);

[[nodiscard]] std::string lint_text(const LintReport& report);
[[nodiscard]] std::string lint_json(const LintReport& report, const config::Registry& registry);

}  // namespace slipway::config_get
