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
#include "config/chain.hpp"
#include "config/layout.hpp"
#include "config/tree.hpp"
#include "data/merge.hpp"
#include "git/mirror.hpp"
#include "git/repository.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
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
  std::string release;  ///< empty: the only one, else the layout's default
};

struct ReadOptions {
  std::optional<std::filesystem::path> external = std::nullopt;  ///< directory of external layers; absent: none is read
  /// Versions of helm differ over a second document in a file; absent: it is left out, as all did before helm 4.
  std::optional<data::HelmSemantics> semantics = std::nullopt;
  std::vector<PlannedSet> sets = {};  ///< after those of the chain
  /// Makes plain text of a SOPS file; absent: such a file is refused.
  std::function<std::string(const std::string& path, const std::string& content)> decrypt = {};
};

/// Opens another repository that a layout names for an environment, or at another ref the very repository that the
/// layout lies in: then the location is empty.
using Opener = std::function<Tree(const Source& source)>;

struct StateReading;

/// A registry at a commit. Not for several threads at once.
class Registry {
 public:
  /// @param layout stands in for the registry's own; absent: config-registry.yaml of the tree, else the default
  /// @throws Error bad_input when the layout in the tree is wrong
  explicit Registry(Tree tree, std::optional<Layout> layout = std::nullopt, Opener opener = {});
  Registry(git::Repository repository, git::ObjectId commit, std::optional<Layout> layout = std::nullopt);

  [[nodiscard]] const git::Repository& repository() const { return tree_.repository(); }
  [[nodiscard]] const git::ObjectId& commit() const { return tree_.commit(); }
  [[nodiscard]] const Tree& tree() const { return tree_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// What answers call the registry; the repository's location unless something else was set.
  [[nodiscard]] const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  /// Every environment is read in tree(), also one that the layout gives a branch or repository of its own.
  void pin() { pinned_ = true; }
  /// The same registry at another commit, pinned; what was parsed is shared.
  /// @throws Error bad_input when the layout at that commit is wrong
  [[nodiscard]] Registry at(git::ObjectId commit) const;

  /// Names, sorted.
  [[nodiscard]] std::vector<std::string> services() const;
  /// Of one service, or of all: those of the layout or state files in their order, else those that file names
  /// show, sorted.
  /// @throws Error not_found
  [[nodiscard]] std::vector<std::string> environments(std::string_view service = {}) const;
  /// Those that a service can be read in: it need not have a file for each that others have.
  /// @throws Error not_found
  [[nodiscard]] std::vector<std::string> readable_environments(const std::string& service) const;
  /// What an environment installs of a service.
  /// @throws Error not_found
  [[nodiscard]] std::vector<std::string> releases(const std::string& service, const std::string& environment) const;
  /// Whether the tree that holds an environment has the service: a branch or repository of its own need not have all.
  [[nodiscard]] bool has(const std::string& service, const std::string& environment) const;
  /// Every service in each of its environments with each of its releases.
  [[nodiscard]] std::vector<Selection> combinations() const;

  /// Whether anything of a service can differ by release.
  /// @throws Error not_found
  [[nodiscard]] bool tells_releases(const std::string& service) const;
  /// What a combination's values are made of, without making them: equal texts at two commits, read with the same
  /// options, mean equal values.
  /// @throws Error as read(), but for what is wrong inside of files
  [[nodiscard]] std::string ingredients(const Selection& selection) const;
  /// The layers and sets of one combination, before anything of it is read.
  /// @throws Error as read()
  [[nodiscard]] Chain chain(const Selection& selection) const;
  /// The directory of a service.
  /// @throws Error not_found, bad_input when it stands twice
  [[nodiscard]] std::string directory_of(const std::string& service) const { return directory_of(service, tree_); }

  /// @throws Error not_found (service, environment, release; the nearest name in the message), bad_usage when a
  /// release has to be named, bad_input (malformed YAML with file:line:col and the commit, a required layer that is
  /// absent, links, an encrypted file), and as git::Repository
  [[nodiscard]] Bundle read(const Selection& selection, const ReadOptions& options = {}) const;
  /// The tree that an environment is read in.
  [[nodiscard]] const Tree& tree_of(const std::string& environment) const;

 private:
  struct Document {
    data::Value values;
    std::vector<Diagnostic> warnings;
    std::vector<std::string> notes;
    bool secret = false;
  };
  struct Cache;  ///< what was parsed, by the ids of blobs

  [[nodiscard]] std::vector<std::string> parents(const Tree& tree) const;
  [[nodiscard]] bool holds_service(const Tree& tree, const std::string& directory) const;
  [[nodiscard]] std::string directory_of(const std::string& service, const Tree& tree) const;
  [[nodiscard]] bool is_stateful(const std::string& directory, const Tree& tree) const;
  /// What a service's state file says to an environment; empty without one.
  [[nodiscard]] const StateReading& state(const std::string& directory, const Tree& tree,
                                          const std::string& environment) const;
  [[nodiscard]] std::vector<std::string> state_environments_of(const std::string& directory, const Tree& tree) const;
  [[nodiscard]] bool is_in_state(const std::string& service, const std::string& environment) const;
  void check_environment(const std::string& service, const std::string& environment) const;
  [[nodiscard]] std::vector<std::string> shown_by_names(const std::string& service, const std::string& directory) const;
  [[nodiscard]] Chain chain_in(const Selection& selection, const std::string& directory, const Tree& tree) const;
  [[nodiscard]] Layer read_layer(const PlannedLayer& planned, const Tree& tree, const ReadOptions& options,
                                 Bundle& bundle) const;
  [[nodiscard]] std::shared_ptr<const Document> document(const std::string& path, const std::string& id,
                                                         const std::string& content, const ReadOptions& options) const;

  Tree tree_;
  Layout layout_;
  bool chosen_layout_ = false;  ///< given from outside, so it holds at every commit
  Opener opener_;
  std::string name_;
  bool pinned_ = false;
  std::shared_ptr<Cache> cache_;
};

struct OpenOptions {
  /// A commit, branch or tag that beats the source's `#REF` and pins every environment; empty for none.
  std::string at = {};
  std::string environment = {};                 ///< what `{env}` in the source stands for
  std::optional<Layout> layout = std::nullopt;  ///< as for Registry
  bool worktree = false;                        ///< the files as they lie, pinned; not together with `at`
  /// Where repositories of other hosts are kept; null: such are refused.
  std::shared_ptr<const git::Mirrors> mirrors = nullptr;
  bool history = false;  ///< of a repository on another host: commits before the tip are needed, too
};

/// Opens what `source` names. `{env}` in it is filled in first.
/// @throws Error as git::Repository::open and resolve and git::Mirrors::open; bad_usage when `{env}` stands in it and
/// no environment is given, or when a bare repository is to be read as it lies
[[nodiscard]] Registry open(const Source& source, const OpenOptions& options = {});

/// `{env}` filled in, in the location and the ref.
/// @throws Error bad_usage when it stands there and `environment` is empty
[[nodiscard]] Source filled_in(Source source, std::string_view environment);

}  // namespace slipway::config
