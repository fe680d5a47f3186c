// SPDX-License-Identifier: Apache-2.0
// A chart as far as its values go: its own defaults, those of its subcharts, a schema. Step 2 of config-get: what helm
// makes of a user's values over them. Templates are helm's business.
#pragma once

#include "config/bundle.hpp"
#include "config/tree.hpp"
#include "core/error.hpp"
#include "data/merge.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::config_get {

/// The files of a chart, by their paths from its directory.
struct ChartFiles {
  std::string name;  ///< of the directory, as errors and answers show it
  std::function<std::optional<std::string>(const std::string& path)> read;
  std::function<std::vector<std::string>(const std::string& path)> list;  ///< names in a directory

  [[nodiscard]] static ChartFiles in(const config::Tree& tree, std::string directory);
  [[nodiscard]] static ChartFiles in(const std::filesystem::path& directory);
};

struct Chart {
  std::string name;
  std::string file;      ///< of the defaults
  data::Value defaults;  ///< a map
  std::string schema_file;
  std::optional<std::string> schema;
  std::vector<Chart> subcharts;

  /// A dependency in the parent's Chart.yaml.
  struct Rule {
    std::string name;
    std::string alias;
    std::string condition;
    std::vector<std::string> tags;
  };
  std::vector<Rule> rules;
};

/// @throws Error not_found when there is no Chart.yaml; bad_input for what is malformed, a subchart that is packed, and
/// import-values, which is not understood
[[nodiscard]] Chart read_chart(const ChartFiles& files);

/// What helm computes.
/// @source helm pkg/chartutil: ProcessDependencies, CoalesceValues
[[nodiscard]] data::Value over_chart(data::Value user, const Chart& chart, data::HelmSemantics semantics,
                                     const data::MergeWarning& warn = {});

/// The chart with those of its subcharts that `values` switch on, each under the name that its parent knows it by.
[[nodiscard]] Chart used_part(const Chart& chart, const data::Value& values);

/// over_chart() of a bundle, the defaults as its lowest layers.
void put_over_chart(config::Bundle& bundle, const Chart& chart, data::HelmSemantics semantics);

/// What a bundle that is merged over its chart breaks of the schemas in it, each with the file and line of the value.
[[nodiscard]] std::vector<Diagnostic> schema_findings(const config::Bundle& bundle, const Chart& chart);
/// Keys of a layer that the chart's defaults do not have, though they have others beside them.
[[nodiscard]] std::vector<Diagnostic> unknown_keys(const config::Layer& layer, const Chart& chart);

/// "3.19", "4.1", "4.3", and what lies between them.
/// @return nothing for what is no version
[[nodiscard]] std::optional<data::HelmSemantics> semantics_of(std::string_view version);
[[nodiscard]] std::string_view name_of(data::HelmSemantics semantics);

}  // namespace slipway::config_get
