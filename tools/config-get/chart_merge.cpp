// SPDX-License-Identifier: Apache-2.0
// What helm computes of a user's values and a chart: subcharts on and off, globals, nulls.
#include "chart.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace slipway::config_get {

namespace {

using data::HelmSemantics;
using data::Kind;
using data::Value;

/// helm's own reading of a condition: the first path with a boolean at its end decides.
bool enabled(const Chart::Rule& rule, const Value& values) {
  bool out = true;
  bool has_true = false;
  bool has_false = false;
  if (const auto* tags = values.find("tags"))
    for (const auto& tag : rule.tags)
      if (const auto* value = tags->find(tag); value != nullptr && value->is(Kind::boolean))
        (value->as_bool() ? has_true : has_false) = true;
  if (has_false && !has_true) out = false;
  for (const auto& path : text::split(rule.condition, ',')) {
    const auto* at = &values;
    if (text::trim(path).empty()) continue;
    for (const auto& key : text::split(text::trim(path), '.'))
      if (at = at->find(key); at == nullptr) break;
    if (at == nullptr || !at->is(Kind::boolean)) continue;
    return at->as_bool();
  }
  return out;
}

/// What is global to the parent is global to the child, and wins there; a map and what is none do not mix.
/// @source helm pkg/chartutil/coalesce.go, coalesceGlobals
void hand_down_globals(Value& child, const Value& parent) {
  const auto* from = parent.find("global");
  auto* into = child.find("global");
  if ((from != nullptr && !from->is(Kind::mapping)) || (into != nullptr && !into->is(Kind::mapping))) return;
  if (into == nullptr) into = &child.set("global", Value::mapping());
  if (from == nullptr) return;
  for (const auto& member : from->members()) {
    auto* mine = into->find(member.key);
    if (mine != nullptr && mine->is(Kind::mapping) != member.value.is(Kind::mapping)) continue;
    if (mine != nullptr && mine->is(Kind::mapping)) data::merge_layer(*mine, member.value);
    else into->set(member.key, member.value);
  }
}

/// The values that a subchart gets from its parent's.
Value& values_of(const Chart& sub, Value& parent) {
  auto* mine = parent.find(sub.name);
  if (mine == nullptr) mine = &parent.set(sub.name, Value::mapping());
  if (!mine->is(Kind::mapping))
    throw Error(failure::bad_input, fmt::format("'{}' is {}, and there is a subchart of that name, which takes a map",
                                                sub.name, name_of(mine->kind())));
  return *mine;
}

/// @source helm pkg/chartutil/coalesce.go, MergeTables
void add_missing(Value& into, const Value& from) {
  for (const auto& member : from.members()) {
    auto* mine = into.find(member.key);
    if (mine == nullptr) into.set(member.key, member.value);
    else if (mine->is(Kind::mapping) && member.value.is(Kind::mapping)) add_missing(*mine, member.value);
  }
}

class Computation {
 public:
  Computation(HelmSemantics semantics, data::MergeWarning warn) : semantics_(semantics), warn_(std::move(warn)) {}

  /// @source helm pkg/chartutil/coalesce.go, CoalesceValues
  Value run(Value user, const Chart& chart) const {
    // A null among a subchart's values is for that chart's defaults to meet: what the parent says of it must not take
    // it.
    std::vector<std::pair<std::string, Value>> held;
    for (const auto& sub : chart.subcharts) {
      auto* mine = user.find(sub.name);
      const auto* theirs = chart.defaults.find(sub.name);
      if (mine == nullptr || !mine->is(Kind::mapping) || theirs == nullptr || !theirs->is(Kind::mapping)) continue;
      held.emplace_back(sub.name, std::move(*mine));
      add_missing(held.back().second, *theirs);
      user.erase(sub.name);
    }
    auto values = data::over_defaults(std::move(user), chart.defaults, semantics_, warn_);
    for (auto& [name, value] : held) values.set(name, std::move(value));
    for (const auto& sub : chart.subcharts) {
      auto& mine = values_of(sub, values);
      hand_down_globals(mine, values);
      mine = run(std::move(mine), sub);
    }
    return values;
  }

  /// The chart with those subcharts that are switched on, each under the name that its parent knows it by.
  /// @source helm pkg/chartutil/dependencies.go, processDependencyEnabled
  [[nodiscard]] Chart resolved(const Chart& chart, const Value& user) const {
    auto out = chart;
    out.subcharts.clear();
    std::vector<const Chart::Rule*> rules;
    for (const auto& one : chart.subcharts) {
      bool listed = false;
      for (const auto& rule : chart.rules) {
        if (rule.name != one.name) continue;
        listed = true;
        out.subcharts.push_back(one);
        if (!rule.alias.empty()) out.subcharts.back().name = rule.alias;
        rules.push_back(&rule);
      }
      if (listed) continue;
      out.subcharts.push_back(one);
      rules.push_back(nullptr);
    }
    // The switches may stand in the subcharts' own defaults.
    auto values = Computation(semantics_, {}).run(user, out);
    std::vector<Chart> used;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (rules[i] == nullptr || enabled(*rules[i], values))
        used.push_back(resolved(out.subcharts[i], values_of(out.subcharts[i], values)));
    out.subcharts = std::move(used);
    return out;
  }

 private:
  HelmSemantics semantics_;
  data::MergeWarning warn_;
};

void add_defaults(Value& values, const Chart& chart) {
  add_missing(values, chart.defaults);
  for (const auto& sub : chart.subcharts) {
    auto& mine = values_of(sub, values);
    hand_down_globals(mine, values);
    add_defaults(mine, sub);
  }
}

/// A chart that lists dependencies has theirs among its own defaults, before a user's values come: a null in them then
/// counts as the user's, and deletes.
/// @source helm pkg/chartutil/dependencies.go, processImportValues with merge
Chart prepared(Chart chart) {
  for (auto& sub : chart.subcharts) sub = prepared(std::move(sub));
  if (chart.rules.empty()) return chart;
  auto values = Value::mapping();
  add_defaults(values, chart);
  chart.defaults = std::move(values);
  return chart;
}

/// The defaults of a chart and its subcharts, each as a layer of the whole.
void layers_of(const Chart& chart, const std::vector<std::string>& path, std::vector<config::Layer>& out) {
  config::Layer layer;
  layer.origin = config::Origin::chart;
  layer.path = layer.real_path = chart.file;
  layer.present = true;
  layer.values = chart.defaults;
  for (auto key = path.rbegin(); key != path.rend(); ++key) {
    auto outer = Value::mapping();
    outer.set(*key, std::move(layer.values));
    layer.values = std::move(outer);
  }
  for (const auto& sub : chart.subcharts) {
    auto inner = path;
    inner.push_back(sub.name);
    layers_of(sub, inner, out);
  }
  out.push_back(std::move(layer));
}

}  // namespace

Value over_chart(Value user, const Chart& chart, HelmSemantics semantics, const data::MergeWarning& warn) {
  const auto used = prepared(Computation(semantics, {}).resolved(chart, user));
  return Computation(semantics, warn).run(std::move(user), used);
}

void put_over_chart(config::Bundle& bundle, const Chart& chart, HelmSemantics semantics) {
  std::vector<config::Layer> layers;
  layers_of(Computation(semantics, {}).resolved(chart, bundle.values), {}, layers);
  bundle.values =
      over_chart(std::move(bundle.values), chart, semantics, [&](std::string_view path, std::string_view why) {
        Diagnostic finding;
        finding.severity = Diagnostic::Severity::warning;
        finding.file = chart.file;
        finding.message = fmt::format("{}: {}", path, why);
        bundle.warnings.push_back(std::move(finding));
      });
  bundle.values_sha256 = config::values_digest(bundle.values);
  bundle.layers.insert(bundle.layers.begin(), std::make_move_iterator(layers.begin()),
                       std::make_move_iterator(layers.end()));
}

Chart used_part(const Chart& chart, const Value& values) {
  return Computation(HelmSemantics::v3_19, {}).resolved(chart, values);
}

}  // namespace slipway::config_get
