// SPDX-License-Identifier: Apache-2.0
// What a null comes to: to the files before it, and to a chart's defaults, where versions of helm differ. Pure.
#pragma once

#include "chart.hpp"
#include "config/trace.hpp"
#include "data/merge.hpp"

#include <map>
#include <optional>
#include <string>

namespace slipway::config_get {

class Nulls {
 public:
  /// Without a chart: what can be said of any.
  Nulls() = default;
  /// @param user the values before they meet the chart
  Nulls(const data::Value& user, const Chart& chart);

  /// For a person, without the line's end; nothing where no null has the last word.
  [[nodiscard]] std::optional<std::string> note(const config::Trace& trace) const;
  /// The same as a JSON object: with a chart `as-helm` by version; without one what a null comes to where there is no
  /// default, a default, a default that is null. Each is "null", "removed" or, where helm passes over it, "value".
  [[nodiscard]] std::optional<std::string> json(const config::Trace& trace) const;

 private:
  std::optional<std::map<data::HelmSemantics, data::Value>> computed_;  ///< all values over the chart, as each has them
};

}  // namespace slipway::config_get
