// SPDX-License-Identifier: Apache-2.0
// Finds services, environments and releases in a registry, and the chain of one combination.
#include "config/lookup.hpp"

#include "config/cache.hpp"
#include "config/helmfile.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::config {

namespace {

constexpr std::string_view state_root = "helmfile.d";

Layout layout_in(const Tree& tree) {
  const auto manifest = tree.read(manifest_name);
  if (!manifest) return Layout::standard();
  return with_context(tree.place(), [&] { return Layout::parse(manifest->content, std::string(manifest_name)); });
}

/// The directory that holds the services of a pattern; empty for the root.
std::string parent_of(const Pattern& services) {
  const auto& text = services.text();
  const auto slash = text.rfind('/');
  return slash == std::string::npos ? std::string() : text.substr(0, slash);
}

std::string joined(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

/// An underscore in front is how registries mark what services share.
bool is_name(std::string_view service) {
  return !service.empty() && service.front() != '.' && service.front() != '_' &&
         service.find('/') == std::string_view::npos;
}

bool is_yaml(std::string_view name) { return name.ends_with(".yaml") || name.ends_with(".yml"); }

/// The nearest of the names, or all of them while a person can take them in.
std::string instead(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  if (auto near = text::did_you_mean(word, names); !near.empty()) return near;
  return names.empty() || names.size() > most ? std::string() : fmt::format("; there are {}", text::join(names, ", "));
}

StateFile state_file(const git::Blob& blob, const std::string& directory, const Tree& tree) {
  return {blob.path, directory, blob.content, [&tree](const std::string& file) {
            auto other = tree.read(file);
            return other ? std::optional(std::move(other->content)) : std::nullopt;
          }};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Registry::Registry(Tree tree, std::optional<Layout> layout, Opener opener)
    : tree_(std::move(tree)), layout_(layout ? std::move(*layout) : layout_in(tree_)),
      chosen_layout_(layout.has_value()), opener_(std::move(opener)), name_(tree_.repository().location()),
      cache_(std::make_shared<Cache>()) {}

Registry::Registry(git::Repository repository, git::ObjectId commit, std::optional<Layout> layout)
    : Registry(Tree(std::make_shared<const git::Repository>(std::move(repository)), std::move(commit)),
               std::move(layout)) {}

Registry Registry::at(git::ObjectId commit) const {
  Registry other(Tree(tree_.shared(), std::move(commit)), chosen_layout_ ? std::optional(layout_) : std::nullopt,
                 opener_);
  other.name_ = name_;
  other.cache_ = cache_;
  other.pin();
  return other;
}

const Tree& Registry::tree_of(const std::string& environment) const {
  const auto* rule = layout_.environment(environment);
  if (pinned_ || rule == nullptr || (rule->ref.empty() && rule->registry.empty())) return tree_;
  if (const auto known = cache_->trees.find(environment); known != cache_->trees.end()) return known->second;
  auto tree = [&] {
    if (rule->registry.empty())
      return opener_ ? opener_({{}, rule->ref, layout_.file})
                     : Tree(tree_.shared(), tree_.repository().resolve(rule->ref));
    if (!opener_)
      throw Error(failure::bad_usage, fmt::format("the environment '{}' lies in a registry of its own, {}", environment,
                                                  git::without_credentials(rule->registry)));
    auto source = parse_source(rule->registry, layout_.file);
    if (!rule->ref.empty()) source.ref = rule->ref;
    return opener_(filled_in(std::move(source), environment));
  }();
  return cache_->trees.emplace(environment, std::move(tree)).first->second;
}

/// Directories in which each directory may be a service.
std::vector<std::string> Registry::parents(const Tree& tree) const {
  std::vector<std::string> out;
  out.reserve(layout_.services.size());
  for (const auto& pattern : layout_.services) out.push_back(parent_of(pattern));
  const bool looks_for_states =
      layout_.kind == Layout::Kind::standard || (layout_.kind == Layout::Kind::helmfile && out.empty());
  if (looks_for_states)
    for (const auto& entry : tree.list(state_root))
      if (entry.kind == git::EntryKind::directory) out.push_back(joined(state_root, entry.name));
  if (layout_.kind == Layout::Kind::helmfile && layout_.services.empty()) {
    out.emplace_back("services");
    out.emplace_back();
  }
  return out;
}

/// In the default layout a service shows itself by a values file or a state file, in a layout of the registry's own
/// any directory will do that holds YAML.
bool Registry::holds_service(const Tree& tree, const std::string& directory) const {
  return std::ranges::any_of(tree.list(directory), [&](const git::Entry& entry) {
    switch (layout_.kind) {
    case Layout::Kind::manifest: return is_yaml(entry.name);
    case Layout::Kind::helmfile: return entry.name == state_file_name;
    case Layout::Kind::standard: break;
    }
    return entry.name == "values.yaml" || entry.name == state_file_name ||
           (entry.name.starts_with("values-") && is_yaml(entry.name));
  });
}

bool Registry::is_stateful(const std::string& directory, const Tree& tree) const {
  if (layout_.kind == Layout::Kind::manifest) return false;
  if (layout_.kind == Layout::Kind::helmfile) return true;
  return std::ranges::any_of(tree.list(directory),
                             [](const git::Entry& entry) { return entry.name == state_file_name; });
}

std::vector<std::string> Registry::services() const {
  std::set<std::string> names;
  for (const auto& parent : parents(tree_)) {
    for (const auto& entry : tree_.list(parent)) {
      const bool may_be = entry.kind == git::EntryKind::directory || entry.kind == git::EntryKind::link;
      if (!may_be || !is_name(entry.name)) continue;
      if (holds_service(tree_, joined(parent, entry.name))) names.insert(entry.name);
    }
  }
  return {names.begin(), names.end()};
}

std::string Registry::directory_of(const std::string& service, const Tree& tree) const {
  std::string found;
  if (is_name(service)) {
    for (const auto& parent : parents(tree)) {
      const auto directory = joined(parent, service);
      if (!holds_service(tree, directory)) continue;
      if (!found.empty())
        throw Error(failure::bad_input,
                    fmt::format("the service '{}' stands twice: in {} and in {}", service, found, directory),
                    is_stateful(directory, tree) ? fmt::format("--layout helmfile:{}", parent) : std::string())
            .add_place(tree.place());
      found = directory;
    }
  }
  if (found.empty()) {
    const auto known = services();
    throw Error(failure::not_found, fmt::format("there is no service '{}'{}", service, instead(service, known)),
                "config-get list services")
        .add_place(tree.place());
  }
  return found;
}

/// Environments that the names of a service's files show: values-staging.yaml, staging.
std::vector<std::string> Registry::shown_by_names(const std::string& service, const std::string& directory) const {
  std::set<std::string> names;
  for (const auto& entry : tree_.list(directory))
    for (const auto& rule : layout_.layers_of(service))
      if (const auto name = rule.name.match(entry.name, "env", {.service = service})) names.insert(*name);
  return {names.begin(), names.end()};
}

std::vector<std::string> Registry::environments(std::string_view service) const {
  std::vector<std::string> names;
  if (!layout_.environments.empty()) {
    if (!service.empty()) static_cast<void>(directory_of(std::string(service), tree_));
    for (const auto& rule : layout_.environments) names.push_back(rule.name);
    return names;
  }
  if (!service.empty()) {
    const std::string one(service);
    const auto directory = directory_of(one, tree_);
    return is_stateful(directory, tree_) ? state_environments_of(directory, tree_) : shown_by_names(one, directory);
  }
  std::set<std::string> all;
  for (const auto& each : services())
    for (auto& name : environments(each)) all.insert(std::move(name));
  return {all.begin(), all.end()};
}

std::vector<std::string> Registry::readable_environments(const std::string& service) const {
  if (!layout_.environments.empty() || is_stateful(directory_of(service, tree_), tree_)) return environments(service);
  auto& all = cache_->all_environments[tree_.name()];
  if (!all) all = environments();
  return *all;
}

std::vector<std::string> Registry::releases(const std::string& service, const std::string& environment) const {
  const auto& tree = tree_of(environment);
  const auto directory = directory_of(service, tree);
  check_environment(service, environment);
  if (is_stateful(directory, tree)) {
    std::vector<std::string> names;
    for (const auto& chain : state(directory, tree, environment).releases) names.push_back(chain.release);
    return names;
  }
  if (const auto* rule = layout_.environment(environment); rule != nullptr && !rule->releases.empty())
    return rule->releases;
  return layout_.releases.empty() ? std::vector{layout_.default_release} : layout_.releases;
}

bool Registry::tells_releases(const std::string& service) const {
  if (is_stateful(directory_of(service, tree_), tree_)) return true;  // its chains are by release
  return std::ranges::any_of(layout_.layers_of(service), [](const LayerRule& rule) {
    return rule.origin == Origin::inline_map || rule.name.holds("release");
  });
}

bool Registry::has(const std::string& service, const std::string& environment) const {
  const auto& tree = tree_of(environment);
  return &tree == &tree_ || std::ranges::any_of(parents(tree), [&](const std::string& parent) {
    return holds_service(tree, joined(parent, service));
  });
}

std::vector<Selection> Registry::combinations() const {
  std::vector<Selection> out;
  for (const auto& service : services())
    for (const auto& environment : readable_environments(service))
      if (has(service, environment))
        for (auto& release : releases(service, environment)) out.push_back({service, environment, std::move(release)});
  return out;
}

/// Whether a service's state file, as this environment reads it, has the environment. It is read for its releases
/// anyway; what is wrong with it is told then, or by those who ask for all environments.
bool Registry::is_in_state(const std::string& service, const std::string& environment) const {
  if (!layout_.environments.empty()) return false;
  const auto directory = directory_of(service, tree_);
  if (!is_stateful(directory, tree_)) return false;
  try {
    return contains(state(directory, tree_, environment).environments, environment);
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) throw;
    return false;
  }
}

void Registry::check_environment(const std::string& service, const std::string& environment) const {
  if (layout_.environment(environment) != nullptr || is_in_state(service, environment)) return;
  auto all = environments(service);
  if (layout_.environments.empty()) {
    if (contains(all, environment)) return;
    if (!is_stateful(directory_of(service, tree_), tree_)) {
      // A service need not say anything of its own about an environment that others know.
      all = environments();
      if (contains(all, environment)) return;
    }
  }
  throw Error(failure::not_found,
              fmt::format("there is no environment '{}' for '{}'{}", environment, service, instead(environment, all)),
              fmt::format("config-get list environments {}", service))
      .add_place(tree_.place());
}

std::vector<std::string> Registry::state_environments_of(const std::string& directory, const Tree& tree) const {
  const auto path = joined(directory, state_file_name);
  const auto blob = tree.read(path);
  if (!blob) return {};
  auto& known = cache_->state_environments[{path, blob->id.hex()}];
  if (known.empty())
    known = with_context(tree.place(), [&] { return state_environments(state_file(*blob, directory, tree)); });
  return known;
}

const StateReading& Registry::state(const std::string& directory, const Tree& tree,
                                    const std::string& environment) const {
  static const StateReading nothing;
  const auto path = joined(directory, state_file_name);
  const auto blob = tree.read(path);
  if (!blob) return nothing;
  // What else the state file reads is part of the key, by being the whole of the tree that it can reach.
  const auto key = std::tuple(path, blob->id.hex(), tree.name(), environment);
  if (const auto known = cache_->states.find(key); known != cache_->states.end()) return known->second;
  auto reading =
      with_context(tree.place(), [&] { return read_state(state_file(*blob, directory, tree), environment); });
  return cache_->states.emplace(key, std::move(reading)).first->second;
}

Chain Registry::chain(const Selection& selection) const {
  const auto& tree = tree_of(selection.environment);
  const auto directory = directory_of(selection.service, tree);
  check_environment(selection.service, selection.environment);
  return chain_in(selection, directory, tree);
}

Chain Registry::chain_in(const Selection& selection, const std::string& directory, const Tree& tree) const {
  const auto& [service, environment, release] = selection;
  const auto no_release = [&](const std::vector<std::string>& names) {
    return Error(failure::not_found,
                 fmt::format("{} installs no release '{}' of '{}'{}", environment, release, service,
                             instead(release, names)),
                 fmt::format("config-get list releases {} -e {}", service, environment))
        .add_place(tree.place());
  };
  if (is_stateful(directory, tree)) {
    const auto& chains = state(directory, tree, environment).releases;
    std::vector<std::string> names;
    for (const auto& one : chains) names.push_back(one.release);
    const auto wanted = !release.empty() || chains.size() == 1 ? release : layout_.default_release;
    const auto found = wanted.empty() ? chains.begin() : std::ranges::find(chains, wanted, &Chain::release);
    if (found != chains.end()) return *found;
    if (!release.empty()) throw no_release(names);
    if (names.empty())
      throw Error(failure::not_found, fmt::format("{} installs no release of '{}'", environment, service))
          .add_place(tree.place());
    throw Error(failure::bad_usage, fmt::format("say which release of '{}' with -r; {} installs {}", service,
                                                environment, text::join(names, ", ")));
  }
  const auto* rule = layout_.environment(environment);
  const auto& names = rule != nullptr && !rule->releases.empty() ? rule->releases : layout_.releases;
  auto wanted = release.empty() ? layout_.default_release : release;
  if (release.empty() && names.size() == 1) wanted = names.front();
  if (!names.empty() && !contains(names, wanted)) {
    if (release.empty())
      throw Error(failure::bad_usage, fmt::format("say which release of '{}' with -r; {} installs {}", service,
                                                  environment, text::join(names, ", ")));
    throw no_release(names);
  }
  return layout_.chain(directory, layout_.variables(service, environment, wanted));
}

}  // namespace slipway::config
