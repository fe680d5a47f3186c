// SPDX-License-Identifier: Apache-2.0
#include "blubber/merge_layers.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace slipway::blubber {

namespace {

/// The whole value replaces, also with an empty list.
template <typename T>
void replace(Field<T>& into, const Field<T>& later) {
  if (later) into = later;
}

bool is_filled(const Field<std::string>& field) { return field && !field->value.empty(); }

/// The empty text is no text.
void replace(Field<std::string>& into, const Field<std::string>& later) {
  if (is_filled(later)) into = later;
}

void replace_id(Field<std::int64_t>& into, const Field<std::int64_t>& later, bool is_top) {
  if (later && (is_top || later->value != 0)) into = later;
}

/// Calls `both(mine, theirs)` for names that are in both lists and adds the others at the end. Names are looked up
/// in a table: lists may be long.
template <typename T, typename Both>
void merge_named(std::vector<std::pair<std::string, T>>& into, const std::vector<std::pair<std::string, T>>& later,
                 const Both& both) {
  if (later.empty()) return;
  std::unordered_map<std::string, std::size_t> places;
  places.reserve(into.size() + later.size());
  for (std::size_t i = 0; i < into.size(); ++i) places.emplace(into[i].first, i);
  for (const auto& [name, value] : later) {
    const auto [there, is_new] = places.emplace(name, into.size());
    if (is_new) into.emplace_back(name, value);
    else both(into[there->second].second, value);
  }
}

void merge(Pairs& into, const Pairs& later) {
  merge_named(into, later, [](Text& mine, const Text& theirs) { mine = theirs; });
}

void merge(Apt& into, const Apt& later) {
  merge_named(into.packages, later.packages,
              [](Texts& mine, const Texts& theirs) { mine.insert(mine.end(), theirs.begin(), theirs.end()); });
  into.sources.insert(into.sources.end(), later.sources.begin(), later.sources.end());
  into.proxies.insert(into.proxies.end(), later.proxies.begin(), later.proxies.end());
  if (later.mark.line != 0) into.mark = later.mark;
}

/// Each value of the later layer replaces.
template <typename T>
void replace(T& into, const T& later) {
  std::apply([&](auto... value) { (replace(into.*value, later.*value), ...); }, T::values());
}

/// What cannot stand beside a value of the later layer goes.
void make_room(Node& /*into*/, const Node& /*later*/) {}
void make_room(Php& /*into*/, const Php& /*later*/) {}

/// One installs.
void make_room(Python& into, const Python& later) {
  if (is_filled(later.uv.version)) into.poetry = {};
  if (is_filled(later.poetry.version)) into.uv = {};
}

/// A command and a script are two ways to say what to run.
void make_room(Custom& into, const Custom& later) {
  if (later.command) into.script.reset();
  if (is_filled(later.script)) into.command.reset();
}

template <typename T>
void merge_builder(T& into, const T& later) {
  make_room(into, later);
  replace(into, later);
  into.mark = later.mark;
}

template <typename T>
void merge(std::optional<T>& into, const std::optional<T>& later) {
  if (!later) return;
  if (into) merge_builder(*into, *later);
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
          merge_builder(both, std::get<std::decay_t<decltype(base)>>(*same));
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
  if (later.empty()) return;
  if (!into.empty()) {
    std::unordered_set<std::string> repeated;
    for (const auto& artifact : later) repeated.insert(identity_of(artifact));
    std::erase_if(into, [&](const Artifact& a) { return repeated.contains(identity_of(a)); });
  }
  into.insert(into.end(), later.begin(), later.end());
}

}  // namespace slipway::blubber
