// SPDX-License-Identifier: Apache-2.0
// Which files of a registry make up a service's configuration, in which order: config-registry(5), or
// the default layout where a registry has no such file. Data and pure functions; reading is lookup.hpp.
#pragma once

#include "config/pattern.hpp"
#include "data/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::config {

/// Where the registry itself says how it is laid out.
inline constexpr std::string_view manifest_name = "config-registry.yaml";

enum class Origin { file, inline_map, external };

[[nodiscard]] std::string_view name_of(Origin origin);  ///< "file", "inline", "external"

/// One entry of `layers`.
struct LayerRule {
  Origin origin = Origin::file;
  Pattern name;           ///< file: relative to the service, to the root with a leading slash
  bool required = false;  ///< absent is an error
  data::Value values;     ///< of an inline map, placeholders and all
  data::Mark mark;
};

struct EnvironmentRule {
  std::string name;
  std::string kind;  ///< staging, production, ...; empty when not said
  std::string ref;   ///< branch that holds this environment; empty: the commit that is read anyway
  std::vector<std::pair<std::string, std::string>> vars;
};

struct Layout {
  std::string file;                           ///< the manifest; empty for the default layout
  std::vector<Pattern> services;              ///< directories; {service} is the last component of each
  std::vector<EnvironmentRule> environments;  ///< empty: whatever the files' names show
  std::string default_release = "main";
  std::vector<LayerRule> layers;
  struct Override {
    std::string match;  ///< glob over service names
    std::vector<LayerRule> layers;
  };
  std::vector<Override> overrides;  ///< the first that matches replaces `layers`

  /// SERVICE/values.yaml and SERVICE/values-ENV.yaml, under services/ or the root.
  [[nodiscard]] static Layout standard();
  /// @throws Error bad_input with all findings
  [[nodiscard]] static Layout parse(std::string_view text, const std::string& file);

  [[nodiscard]] const std::vector<LayerRule>& layers_of(std::string_view service) const;
  [[nodiscard]] const EnvironmentRule* environment(std::string_view name) const;
};

/// The inline map with its placeholders filled in; nothing when one of them does not apply (Pattern::expand).
[[nodiscard]] std::optional<data::Value> filled_in(const data::Value& inline_values, const Variables& variables);

}  // namespace slipway::config
