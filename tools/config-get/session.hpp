// SPDX-License-Identifier: Apache-2.0
// What every command of config-get begins with: the registry opened as the options say, the selection, and the
// warnings told or, under --strict, refused.
#pragma once

#include "chart.hpp"
#include "cli/run.hpp"
#include "config/lookup.hpp"
#include "options.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::config_get {

[[noreturn]] void fail_usage(std::string what, std::string hint = {});

/// "A..B", or "A" for A..HEAD.
/// @throws Error bad_usage
[[nodiscard]] std::pair<std::string, std::string> parse_range(const std::string& text);

/// The copies of registries on other hosts, as the options say.
[[nodiscard]] git::Mirrors mirrors_for(const Options& options, const cli::Context& context);

/// "hello dc1, commit ... of ...", for errors.
[[nodiscard]] std::string place_of(const config::Bundle& bundle);

class Session {
 public:
  /// @throws Error bad_setup, bad_usage, bad_input (the layout)
  Session(const Options& options, cli::Context& context);

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] cli::Context& context() const { return context_; }

  /// @param history commits before the tip are needed, should it be on another host
  [[nodiscard]] config::Registry open(const std::string& at, const std::string& environment,
                                      bool history = false) const;
  /// At --at, for the one environment that was asked for.
  [[nodiscard]] config::Registry open() const { return open(options_.at, environment()); }

  /// The environment of -e; empty when there is none.
  /// @throws Error bad_usage when there are several
  [[nodiscard]] std::string environment() const;
  [[nodiscard]] config::Selection selection(const std::string& service, const std::string& environment) const;
  [[nodiscard]] config::ReadOptions read_options() const;
  /// Of all, those that -e and the services of the command line leave over.
  [[nodiscard]] bool wanted(const config::Selection& selection) const;
  /// @throws Error not_found for a service of the command line, or an environment of -e, that none of `all` has
  void check_wanted(const std::vector<config::Selection>& all) const;

  /// The chart of --chart, or with --with-defaults that of a bundle in the registry; nothing without these options.
  /// @throws Error not_found, bad_input
  [[nodiscard]] std::optional<Chart> chart_for(const config::Registry& registry, const config::Bundle& bundle) const;
  /// As which helm step 2 is done: what --helm-semantics says, else the helm of the PATH, else 3.19.
  [[nodiscard]] data::HelmSemantics semantics() const;

  /// Reads and merges the layers; nothing more, and no warnings are told.
  /// @throws Error bad_usage when `environment` is empty, with those that there are
  [[nodiscard]] config::Bundle read_layers(const config::Registry& registry, const std::string& service,
                                           const std::string& environment) const;
  /// read_layers(), then merges over the chart that is asked for, checks its schema and tells the warnings.
  [[nodiscard]] config::Bundle read(const config::Registry& registry, const std::string& service,
                                    const std::string& environment) const;

  /// Text for a person or JSON, for commands that know these two.
  /// @throws Error bad_usage for any other -o
  [[nodiscard]] bool wants_json() const;

 private:
  [[nodiscard]] std::string decrypted(const std::string& path, const std::string& content) const;
  void over_defaults(const config::Registry& registry, config::Bundle& bundle) const;
  void tell(const config::Registry& registry, const config::Bundle& bundle) const;

  const Options& options_;
  cli::Context& context_;
  config::Source source_;
  std::optional<config::Layout> layout_;
  std::shared_ptr<const git::Mirrors> mirrors_;
  mutable std::optional<data::HelmSemantics> semantics_;
};

}  // namespace slipway::config_get
