// SPDX-License-Identifier: Apache-2.0
#include "config/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

/// What a layer says about a path: the value there, or the non-map above it that removes what was below.
/// A list is one value, so an index that it lacks is said by the list.
std::optional<Statement> statement(const Layer& layer, const KeyPath& path) {
  const auto* value = &layer.values;
  for (const auto& step : path) {
    if (value->is(Kind::mapping)) {
      const auto* key = std::get_if<std::string>(&step);
      const auto* next = key != nullptr ? value->find(*key) : nullptr;
      if (next == nullptr) return std::nullopt;
      value = next;
    } else if (const auto* index = std::get_if<std::size_t>(&step);
               index != nullptr && value->is(Kind::sequence) && *index < value->items().size()) {
      value = &value->items()[*index];
    } else {
      return Statement{&layer, value, false};
    }
  }
  return Statement{&layer, value, true};
}

/// Nothing stands at `path`, nor above it in place of the map that it was in.
bool is_gone(const Value& values, const KeyPath& path) {
  const auto* value = &values;
  for (const auto& step : path) {
    if (!value->is(Kind::mapping)) return false;
    const auto* key = std::get_if<std::string>(&step);
    value = key != nullptr ? value->find(*key) : nullptr;
    if (value == nullptr) return true;
  }
  return false;
}

bool lies_below(const KeyPath& path, const KeyPath& above) {
  return path.size() > above.size() && std::ranges::equal(above, std::span(path).first(above.size()));
}

void compare(const Value* before, const Value* after, KeyPath& path, std::vector<Change>& out);

template <typename Each>
void one_side(const Value& value, KeyPath& path, Each each) {
  for (auto& leaf : leaves(value, path)) each(std::move(leaf));
}

void compare_maps(const Value& before, const Value& after, KeyPath& path, std::vector<Change>& out) {
  std::set<std::string> keys;
  for (const auto& member : before.members()) keys.insert(member.key);
  for (const auto& member : after.members()) keys.insert(member.key);
  for (const auto& key : keys) {
    path.emplace_back(key);
    compare(before.find(key), after.find(key), path, out);
    path.pop_back();
  }
}

void compare_lists(const Value& before, const Value& after, KeyPath& path, std::vector<Change>& out) {
  const auto item = [](const Value& list, std::size_t i) {
    return i < list.items().size() ? &list.items()[i] : nullptr;
  };
  for (std::size_t i = 0; i < std::max(before.items().size(), after.items().size()); ++i) {
    path.emplace_back(i);
    compare(item(before, i), item(after, i), path, out);
    path.pop_back();
  }
}

void compare(const Value* before, const Value* after, KeyPath& path, std::vector<Change>& out) {
  if (before == nullptr) {
    one_side(*after, path, [&](Leaf leaf) { out.push_back({std::move(leaf.path), nullptr, leaf.value}); });
  } else if (after == nullptr) {
    one_side(*before, path, [&](Leaf leaf) { out.push_back({std::move(leaf.path), leaf.value, nullptr}); });
  } else if (before->is(Kind::mapping) && after->is(Kind::mapping)) {
    compare_maps(*before, *after, path, out);
  } else if (before->is(Kind::sequence) && after->is(Kind::sequence)) {
    compare_lists(*before, *after, path, out);
  } else if (!(*before == *after)) {
    out.push_back({path, before, after});
  }
}

}  // namespace

Trace trace(const Bundle& bundle, const KeyPath& path) {
  Trace out{path, find(bundle.values, path), {}};
  for (const auto& layer : bundle.layers) {
    if (!layer.present || !layer.values.is(Kind::mapping)) continue;
    auto said = statement(layer, path);
    if (!said) continue;
    // `{}` over a map merges nothing into it, so it says nothing.
    const bool merges_nothing = said->direct && said->value->is(Kind::mapping) && !out.statements.empty() &&
                                out.statements.back().direct && out.statements.back().value->is(Kind::mapping);
    if (!merges_nothing) out.statements.push_back(*said);
  }
  std::ranges::reverse(out.statements);
  return out;
}

std::vector<Trace> explain(const Bundle& bundle, const KeyPath& path) {
  std::vector<Trace> out;
  for (const auto& leaf : leaves(at(bundle.values, path), path)) out.push_back(trace(bundle, leaf.path));
  std::ranges::sort(out, {}, [](const Trace& one) { return show_path(one.path); });
  return out;
}

std::vector<Trace> removed(const Bundle& bundle, const KeyPath& path) {
  std::set<KeyPath> gone;  // a key comes before what is below it
  for (const auto& layer : bundle.layers) {
    if (!layer.present || !layer.values.is(Kind::mapping)) continue;
    const auto* said = find(layer.values, path);
    if (said == nullptr) continue;
    for (auto& leaf : leaves(*said, path))
      if (is_gone(bundle.values, leaf.path)) gone.insert(std::move(leaf.path));
  }
  std::vector<Trace> out;
  for (const auto& one : gone)
    if (out.empty() || !lies_below(one, out.back().path)) out.push_back(trace(bundle, one));
  std::ranges::sort(out, {}, [](const Trace& one) { return show_path(one.path); });
  return out;
}

std::string place_of(const Statement& said) {
  const auto& layer = *said.layer;
  const auto& mark = said.value->mark();
  const auto name = layer.real_path.empty() || layer.real_path == layer.path
                        ? layer.path
                        : fmt::format("{} -> {}", layer.path, layer.real_path);
  return mark.line == 0 ? name : fmt::format("{}:{}", name, mark.line);
}

std::vector<Change> changes(const Value& before, const Value& after) {
  std::vector<Change> out;
  KeyPath path;
  compare(&before, &after, path, out);
  return out;
}

}  // namespace slipway::config
