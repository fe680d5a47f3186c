// SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"

#include "config/keypath.hpp"
#include "config/trace.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/schema.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace slipway::config_get {

namespace {

using data::HelmSemantics;
using data::Kind;
using data::Value;

constexpr int deepest = 20;  // charts within charts

Value map_of(const std::string& text, const std::string& file) {
  auto root = data::parse_yaml(text, file).root;
  if (root.is(Kind::null)) return Value::mapping();
  if (!root.is(Kind::mapping))
    throw Error(failure::bad_input, fmt::format("{} is a map, this is {}", file, name_of(root.kind())));
  return root;
}

std::string word(const Value& value, std::string_view key) {
  const auto* found = value.find(key);
  return found != nullptr && found->is_scalar() && !found->is(Kind::null) ? found->text() : std::string();
}

ChartFiles below(const ChartFiles& files, const std::string& directory) {
  return {files.name + "/" + directory,
          [read = files.read, directory](const std::string& path) { return read(directory + "/" + path); },
          [list = files.list, directory](const std::string& path) { return list(directory + "/" + path); }};
}

Chart read_at(const ChartFiles& files, int depth) {
  if (depth > deepest) throw Error(failure::bad_input, fmt::format("{}: charts are nested too deep", files.name));
  const auto about = files.read("Chart.yaml");
  if (!about) throw Error(failure::not_found, fmt::format("there is no chart in {}: no Chart.yaml", files.name));
  const auto meta = map_of(*about, files.name + "/Chart.yaml");
  Chart chart;
  chart.name = word(meta, "name");
  chart.file = files.name + "/values.yaml";
  chart.defaults = map_of(files.read("values.yaml").value_or(""), chart.file);
  chart.schema_file = files.name + "/values.schema.json";
  chart.schema = files.read("values.schema.json");
  auto dependencies = meta.find("dependencies");
  Value older;
  if (dependencies == nullptr)
    if (const auto text = files.read("requirements.yaml")) {  // charts of helm 2
      older = map_of(*text, files.name + "/requirements.yaml");
      dependencies = older.find("dependencies");
    }
  if (dependencies != nullptr)
    for (const auto& one : dependencies->items()) {
      Chart::Rule rule{word(one, "name"), word(one, "alias"), word(one, "condition"), {}};
      if (const auto* tags = one.find("tags"))
        for (const auto& tag : tags->items()) rule.tags.push_back(tag.text());
      if (const auto* import = one.find("import-values"); import != nullptr && !import->items().empty())
        throw Error(failure::bad_input,
                    fmt::format("the chart {} imports values of '{}', which is not understood", chart.name, rule.name),
                    "helm template, with -f - for the values");
      chart.rules.push_back(std::move(rule));
    }
  for (const auto& name : files.list("charts")) {
    if (name.front() == '.' || name.front() == '_') continue;
    if (name.ends_with(".tgz"))
      throw Error(failure::bad_input, fmt::format("the subchart {}/charts/{} is packed", files.name, name),
                  fmt::format("tar -xzf {0} -C {1}/charts", name, files.name));
    const auto inner = below(files, "charts/" + name);
    if (inner.read("Chart.yaml")) chart.subcharts.push_back(read_at(inner, depth + 1));
  }
  return chart;
}

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
    throw Error(failure::bad_input,
                fmt::format("'{}' is {}, and there is a subchart of that name, which takes a map", sub.name,
                            name_of(mine->kind())));
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
    // A null among a subchart's values is for that chart's defaults to meet: what the parent says of it must not take it.
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

/// The value that stands at the path, or the nearest one above it that has a place.
Diagnostic at_path(const config::Bundle& bundle, const config::KeyPath& path) {
  Diagnostic finding;
  finding.path = config::show_path(path);
  auto here = path;
  for (;; here.pop_back()) {
    const auto trace = config::trace(bundle, here);
    if (!trace.statements.empty() && trace.statements.front().value->mark().line > 0) {
      const auto& said = trace.statements.front();
      finding.file = said.layer->real_path;
      finding.line = said.value->mark().line;
      finding.column = said.value->mark().column;
      return finding;
    }
    if (here.empty()) break;
  }
  finding.file = bundle.directory;
  return finding;
}

void check_schemas(const config::Bundle& bundle, const Chart& chart, const config::KeyPath& prefix, const Value& values,
                   std::vector<Diagnostic>& out) {
  if (chart.schema)
    for (const auto& fault : data::check_schema(*chart.schema, chart.schema_file, values)) {
      auto path = prefix;
      const auto* at = &values;
      for (const auto& step : fault.path) {
        std::size_t index = 0;
        const auto [end, wrong] = std::from_chars(step.data(), step.data() + step.size(), index);
        const bool is_index = at != nullptr && at->is(Kind::sequence) && wrong == std::errc{} &&
                              end == step.data() + step.size() && index < at->items().size();
        if (is_index) path.emplace_back(index);
        else path.emplace_back(step);
        if (at != nullptr) at = is_index ? &at->items()[index] : at->find(step);
      }
      auto finding = at_path(bundle, path);
      finding.code = "L026";
      finding.message = fmt::format("{}{}{}", finding.path, finding.path.empty() ? "" : ": ", fault.message);
      out.push_back(std::move(finding));
    }
  for (const auto& sub : chart.subcharts) {
    auto path = prefix;
    path.emplace_back(sub.name);
    if (const auto* inner = values.find(sub.name)) check_schemas(bundle, sub, path, *inner, out);
  }
}

void find_unknown(const config::Layer& layer, const Chart& chart, const Value& over, const Value& defaults,
                  const config::KeyPath& path, std::vector<Diagnostic>& out) {
  for (const auto& member : over.members()) {
    const auto* known = defaults.find(member.key);
    auto here = path;
    here.emplace_back(member.key);
    if (known != nullptr) {
      if (member.value.is(Kind::mapping) && known->is(Kind::mapping) && !known->members().empty())
        find_unknown(layer, chart, member.value, *known, here, out);
      continue;
    }
    // What is global, and what a subchart or its switches are called, need not stand in the defaults.
    if (path.empty() && (member.key == "global" || member.key == "tags")) continue;
    if (path.empty() && std::ranges::any_of(chart.subcharts, [&](const Chart& sub) { return sub.name == member.key; }))
      continue;
    if (path.empty() && std::ranges::any_of(chart.rules, [&](const Chart::Rule& rule) {
          return rule.name == member.key || rule.alias == member.key;
        }))
      continue;
    std::vector<std::string> names;
    for (const auto& one : defaults.members()) names.push_back(one.key);
    Diagnostic finding;
    finding.file = layer.real_path;
    finding.line = member.key_mark.line;
    finding.column = member.key_mark.column;
    finding.code = "L025";
    finding.path = config::show_path(here);
    finding.message = fmt::format("{} is not in {}{}", finding.path, chart.file, text::did_you_mean(member.key, names));
    out.push_back(std::move(finding));
  }
}

}  // namespace

ChartFiles ChartFiles::in(const config::Tree& tree, std::string directory) {
  const auto path = [directory](const std::string& name) { return directory + "/" + name; };
  return {directory,
          [&tree, path](const std::string& name) -> std::optional<std::string> {
            auto blob = tree.read(path(name));
            return blob ? std::optional(std::move(blob->content)) : std::nullopt;
          },
          [&tree, path](const std::string& name) {
            std::vector<std::string> names;
            for (auto& entry : tree.list(path(name))) names.push_back(std::move(entry.name));
            return names;
          }};
}

ChartFiles ChartFiles::in(const std::filesystem::path& directory) {
  return {directory.string(),
          [directory](const std::string& name) -> std::optional<std::string> {
            std::error_code unused;
            if (!std::filesystem::is_regular_file(directory / name, unused)) return std::nullopt;
            return fs::read_file(directory / name);
          },
          [directory](const std::string& name) {
            std::vector<std::string> names;
            std::error_code unused;
            for (const auto& entry : std::filesystem::directory_iterator(directory / name, unused))
              names.push_back(entry.path().filename().string());
            std::ranges::sort(names);
            return names;
          }};
}

Chart read_chart(const ChartFiles& files) { return read_at(files, 0); }

Value over_chart(Value user, const Chart& chart, HelmSemantics semantics, const data::MergeWarning& warn) {
  const auto used = prepared(Computation(semantics, {}).resolved(chart, user));
  return Computation(semantics, warn).run(std::move(user), used);
}

void put_over_chart(config::Bundle& bundle, const Chart& chart, HelmSemantics semantics) {
  std::vector<config::Layer> layers;
  layers_of(Computation(semantics, {}).resolved(chart, bundle.values), {}, layers);
  bundle.values = over_chart(std::move(bundle.values), chart, semantics, [&](std::string_view path, std::string_view why) {
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

std::vector<Diagnostic> schema_findings(const config::Bundle& bundle, const Chart& chart) {
  std::vector<Diagnostic> out;
  // Switched-off subcharts have no say; the merged values are as good as the user's to find them.
  check_schemas(bundle, Computation(HelmSemantics::v3_19, {}).resolved(chart, bundle.values), {}, bundle.values, out);
  return out;
}

std::vector<Diagnostic> unknown_keys(const config::Layer& layer, const Chart& chart) {
  std::vector<Diagnostic> out;
  find_unknown(layer, chart, layer.values, chart.defaults, {}, out);
  return out;
}

std::optional<HelmSemantics> semantics_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  std::array<int, 2> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [end, fault] = std::from_chars(version.data(), version.data() + version.size(), parts[i]);
    if (fault != std::errc{}) return std::nullopt;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (i == 0 && version.empty()) break;
    if (i == 0 && version.front() != '.') return std::nullopt;
    if (i == 0) version.remove_prefix(1);
  }
  if (parts[0] < 3) return std::nullopt;
  if (parts[0] == 3) return HelmSemantics::v3_19;
  return parts[0] == 4 && parts[1] < 3 ? HelmSemantics::v4_1 : HelmSemantics::v4_3;
}

std::string_view name_of(HelmSemantics semantics) {
  switch (semantics) {
  case HelmSemantics::v3_19: return "3.19";
  case HelmSemantics::v4_1: return "4.1";
  case HelmSemantics::v4_3: return "4.3";
  }
  return "3.19";
}

}  // namespace slipway::config_get
