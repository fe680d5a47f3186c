// SPDX-License-Identifier: Apache-2.0
#include "blubber/merge_layers.hpp"

#include <algorithm>

namespace slipway::blubber {

namespace {

/// The whole value replaces, also with an empty list.
template <typename T>
void replace(Field<T>& into, const Field<T>& later) {
  if (later) into = later;
}

/// The empty text is no text.
void replace(Field<std::string>& into, const Field<std::string>& later) {
  if (later && !later->value.empty()) into = later;
}

void replace_id(Field<std::int64_t>& into, const Field<std::int64_t>& later, bool is_top) {
  if (later && (is_top || later->value != 0)) into = later;
}

void merge(Pairs& into, const Pairs& later) {
  for (const auto& [name, text] : later) {
    const auto there = std::ranges::find(into, name, &Pairs::value_type::first);
    if (there == into.end()) into.emplace_back(name, text);
    else there->second = text;
  }
}

void merge(Apt& into, const Apt& later) {
  for (const auto& [release, packages] : later.packages) {
    auto there = std::ranges::find(into.packages, release, [](const auto& entry) { return entry.first; });
    if (there == into.packages.end()) {
      into.packages.emplace_back(release, packages);
    } else {
      there->second.insert(there->second.end(), packages.begin(), packages.end());
    }
  }
  into.sources.insert(into.sources.end(), later.sources.begin(), later.sources.end());
  into.proxies.insert(into.proxies.end(), later.proxies.begin(), later.proxies.end());
  if (later.mark.line != 0) into.mark = later.mark;
}

void merge(Node& into, const Node& later) {
  replace(into.requirements, later.requirements);
  replace(into.env, later.env);
  replace(into.use_npm_ci, later.use_npm_ci);
  replace(into.allow_dedupe_failure, later.allow_dedupe_failure);
  into.mark = later.mark;
}

void merge(Php& into, const Php& later) {
  replace(into.requirements, later.requirements);
  replace(into.production, later.production);
  into.mark = later.mark;
}

void merge(Python& into, const Python& later) {
  replace(into.version, later.version);
  replace(into.requirements, later.requirements);
  replace(into.use_system_site_packages, later.use_system_site_packages);
  replace(into.no_deps, later.no_deps);
  replace(into.poetry.version, later.poetry.version);
  replace(into.poetry.devel, later.poetry.devel);
  replace(into.poetry.only, later.poetry.only);
  replace(into.poetry.without, later.poetry.without);
  replace(into.pip_version, later.pip_version);
  replace(into.setuptools_version, later.setuptools_version);
  replace(into.wheel_version, later.wheel_version);
  replace(into.tox_version, later.tox_version);
  replace(into.venv, later.venv);
  into.mark = later.mark;
}

void merge(Custom& into, const Custom& later) {
  // A script replaces the inherited command and the other way round: one of them is what to run.
  if (later.command) into.script.reset();
  if (later.script && !later.script->value.empty()) into.command.reset();
  replace(into.command, later.command);
  replace(into.script, later.script);
  replace(into.requirements, later.requirements);
  replace(into.mounts, later.mounts);
  replace(into.caches, later.caches);
  into.mark = later.mark;
}

template <typename T>
void merge(std::optional<T>& into, const std::optional<T>& later) {
  if (!later) return;
  if (into) merge(*into, *later);
  else into = later;
}

/// A node, php or python builder that is in both lists merges into the place of the later list. All
/// else of the earlier list runs first.
void merge(Field<std::vector<Builder>>& into, const Field<std::vector<Builder>>& later) {
  if (!later) return;
  if (!into) {
    into = later;
    return;
  }
  std::vector<Builder> merged;
  auto rest = later->value;
  for (const auto& earlier : into->value) {
    const auto same = std::ranges::find_if(rest, [&](const Builder& b) { return b.index() == earlier.index(); });
    if (std::holds_alternative<Custom>(earlier) || same == rest.end()) {
      merged.push_back(earlier);
      continue;
    }
    std::visit(
        [&](const auto& base) {
          auto both = base;
          merge(both, std::get<std::decay_t<decltype(base)>>(*same));
          *same = std::move(both);
        },
        earlier);
  }
  merged.insert(merged.end(), rest.begin(), rest.end());
  into = Placed<std::vector<Builder>>{std::move(merged), later->mark};
}

}  // namespace

void merge_common(Common& into, const Common& later, bool is_top) {
  replace(into.base, later.base);
  merge(into.arguments, later.arguments);
  merge(into.apt, later.apt);
  merge(into.node, later.node);
  merge(into.php, later.php);
  merge(into.python, later.python);
  merge(into.builder, later.builder);
  merge(into.builders, later.builders);
  replace(into.lives.in, later.lives.in);
  replace(into.lives.as, later.lives.as);
  replace_id(into.lives.uid, later.lives.uid, is_top);
  replace_id(into.lives.gid, later.lives.gid, is_top);
  replace(into.runs.as, later.runs.as);
  replace_id(into.runs.uid, later.runs.uid, is_top);
  replace_id(into.runs.gid, later.runs.gid, is_top);
  merge(into.runs.environment, later.runs.environment);
  replace(into.runs.in, later.runs.in);
  replace(into.runs.insecurely, later.runs.insecurely);
  replace(into.entrypoint, later.entrypoint);
}

void merge_copies(Artifacts& into, const Artifacts& later) {
  std::erase_if(into, [&](const Artifact& a) { return std::ranges::find(later, a) != later.end(); });
  into.insert(into.end(), later.begin(), later.end());
}

}  // namespace slipway::blubber
