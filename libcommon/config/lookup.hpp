// SPDX-License-Identifier: Apache-2.0
// Reads a service's configuration out of a registry: a git repository at one commit, laid out as
// config-registry(5) says. The library behind config-get, and what deploy-helm and k8s-rollout use.
//
//   auto registry = config::open(config::choose_source(option, env, cwd));
//   auto bundle = registry.read({.service = "mathoid", .environment = "eqiad"});
//   bundle.values.find("image")->mark().line;        // where it was said
//   registry.repository().read(registry.commit(), "deploy-targets.yaml");
#pragma once

#include "config/bundle.hpp"
#include "config/layout.hpp"
#include "git/repository.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::config {

/// Where a registry is, and who said so.
struct Source {
  std::string location;  ///< path or file:// URL; {env} stands for the environment
  std::string ref;       ///< branch, tag or commit, from `#REF`; empty: HEAD; {env} as above
  std::string from;      ///< "--registry", "CONFIG_REGISTRY", a file's name, "the current directory"
};

/// `LOCATION` or `LOCATION#REF`.
[[nodiscard]] Source parse_source(std::string_view text, std::string from);

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// In this order: the option, CONFIG_REGISTRY, `registry:` of $XDG_CONFIG_HOME/config-get/config.yaml (by default
/// ~/.config), the repository that holds `current`.
/// @throws Error bad_setup when none of them says
[[nodiscard]] Source choose_source(const std::optional<std::string>& option, const Environment& env,
                                   const std::filesystem::path& current);

struct Selection {
  std::string service;
  std::string environment;
  std::string release;  ///< empty: the layout's default
};

struct ReadOptions {
  std::optional<std::filesystem::path> external = std::nullopt;  ///< directory of external layers; absent: none is read
};

/// A registry at a commit. Not for several threads at once.
class Registry {
 public:
  /// @param layout_file text and name of a layout that stands in for the registry's own
  /// @param layout stands in for the registry's own; absent: config-registry.yaml at the commit, else the default
  /// @throws Error bad_input when the layout at the commit is wrong
  Registry(git::Repository repository, git::ObjectId commit, std::optional<Layout> layout = std::nullopt);

  [[nodiscard]] const git::Repository& repository() const { return repository_; }
  [[nodiscard]] const git::ObjectId& commit() const { return commit_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// Every environment is read at commit(), also one that the layout gives a branch of its own.
  void pin() { pinned_ = true; }

  /// Names, sorted.
  [[nodiscard]] std::vector<std::string> services() const;
  /// Of one service, or of all: those of the layout in its order, else those that file names show, sorted.
  /// @throws Error not_found
  [[nodiscard]] std::vector<std::string> environments(std::string_view service = {}) const;

  /// @throws Error not_found (service, environment; the nearest name in the message), bad_input (malformed YAML
  /// with file:line:col and the commit, a required layer that is absent, links), and as git::Repository
  [[nodiscard]] Bundle read(const Selection& selection, const ReadOptions& options = {});

 private:
  struct Document {
    data::Value values;
    std::vector<Diagnostic> warnings;
  };

  [[nodiscard]] git::ObjectId commit_of(std::string_view environment) const;
  [[nodiscard]] bool holds_service(const git::ObjectId& commit, const std::string& directory) const;
  [[nodiscard]] std::string directory_of(const std::string& service, const git::ObjectId& commit) const;
  void check_environment(const std::string& service, const std::string& environment) const;
  [[nodiscard]] std::vector<std::string> shown_by_names(const std::string& service, const std::string& directory) const;
  [[nodiscard]] Layer read_layer(const LayerRule& rule, const Variables& variables, const git::ObjectId& commit,
                                 const ReadOptions& options, Bundle& bundle);
  const Document& document(const std::string& path, const std::string& id, const std::string& content);

  git::Repository repository_;
  git::ObjectId commit_;
  Layout layout_;
  bool pinned_ = false;
  std::map<std::pair<std::string, std::string>, Document> documents_;  ///< parsed once, by path and blob
};

/// Opens what `source` names. `{env}` in it is filled in first.
/// @param at a commit, branch or tag that beats the source's `#REF` and pins every environment; empty for none
/// @throws Error as git::Repository::open and resolve; bad_usage when `{env}` stands in it and `environment` is empty
[[nodiscard]] Registry open(const Source& source, std::string_view at = {}, std::string_view environment = {},
                            std::optional<Layout> layout = std::nullopt);

}  // namespace slipway::config
