// SPDX-License-Identifier: Apache-2.0
// Which files of a registry make up a service's configuration, in which order: config-registry(5), or
// the default layout where a registry has no such file. Data and pure functions; reading is lookup.hpp.
#pragma once

#include "config/chain.hpp"
#include "config/pattern.hpp"
#include "data/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::config {

/// Where the registry itself says how it is laid out.
inline constexpr std::string_view manifest_name = "config-registry.yaml";

/// One entry of `layers`.
struct LayerRule {
  Origin origin = Origin::file;
  Pattern name;           ///< file: relative to the service, to the root with a leading slash
  bool required = false;  ///< absent is an error
  bool secret = false;    ///< masked for people
  data::Value values;     ///< of an inline map, placeholders and all
  data::Mark mark;
};

struct EnvironmentRule {
  std::string name;
  std::string kind;                   ///< staging, production, ...; empty when not said
  std::string ref;                    ///< branch that holds this environment; empty: the commit that is read anyway
  std::string registry;               ///< repository that holds this environment; empty: the one that is read anyway
  std::vector<std::string> releases;  ///< that it installs; empty: those of the layout
  std::vector<std::pair<std::string, std::string>> vars;
};

struct Layout {
  enum class Kind {
    standard,  ///< no manifest: values files by their usual names, and state files where there are any
    manifest,
    helmfile,  ///< state files only
  };
  Kind kind = Kind::standard;
  std::string file;                           ///< the manifest; empty when there is none
  std::vector<Pattern> services;              ///< directories; {service} is the last component of each
  std::vector<EnvironmentRule> environments;  ///< empty: whatever the files' names show
  std::string default_release = "main";
  std::vector<std::string> releases;  ///< that every environment installs, unless it says otherwise; empty: any
  std::optional<Pattern> chart;       ///< directory of a service's chart
  std::vector<LayerRule> layers;
  struct Override {
    std::string match;  ///< glob over service names
    std::string chart;  ///< {chart} of these services; empty: the service's name
    std::string name_space;
    std::vector<LayerRule> layers;  ///< empty: the common ones
  };
  std::vector<Override> overrides;  ///< the first that matches counts

  /// SERVICE/values.yaml and SERVICE/values-ENV.yaml, under services/ or the root.
  [[nodiscard]] static Layout standard();
  /// State files in DIRECTORY/SERVICE; without a directory in each directory below helmfile.d.
  [[nodiscard]] static Layout helmfile(const std::string& directory = {});
  /// @throws Error bad_input with all findings
  [[nodiscard]] static Layout parse(std::string_view text, const std::string& file);

  [[nodiscard]] const std::vector<LayerRule>& layers_of(std::string_view service) const;
  [[nodiscard]] const EnvironmentRule* environment(std::string_view name) const;
  [[nodiscard]] Variables variables(const std::string& service, const std::string& environment,
                                    const std::string& release) const;
  /// The layers that apply, by name. @param directory of the service, from the registry's root
  [[nodiscard]] Chain chain(const std::string& directory, const Variables& variables) const;
};

/// The inline map with its placeholders filled in; nothing when one of them does not apply (Pattern::expand).
[[nodiscard]] std::optional<data::Value> filled_in(const data::Value& inline_values, const Variables& variables);

}  // namespace slipway::config
