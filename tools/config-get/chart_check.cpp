// SPDX-License-Identifier: Apache-2.0
// Values against what a chart says of them: its schema, and the keys of its defaults.
#include "chart.hpp"
#include "config/keypath.hpp"
#include "config/trace.hpp"
#include "core/text.hpp"
#include "data/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::config_get {

namespace {

using data::Kind;
using data::Value;

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

std::vector<Diagnostic> schema_findings(const config::Bundle& bundle, const Chart& chart) {
  std::vector<Diagnostic> out;
  // Switched-off subcharts have no say; the merged values are as good as the user's to find them.
  check_schemas(bundle, used_part(chart, bundle.values), {}, bundle.values, out);
  return out;
}

std::vector<Diagnostic> unknown_keys(const config::Layer& layer, const Chart& chart) {
  std::vector<Diagnostic> out;
  find_unknown(layer, chart, layer.values, chart.defaults, {}, out);
  return out;
}

}  // namespace slipway::config_get
