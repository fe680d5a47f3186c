// SPDX-License-Identifier: Apache-2.0
#include "config/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace slipway::config {

namespace {

using data::Value;

std::vector<Pattern> patterns(std::initializer_list<std::string_view> texts) {
  std::string problem;
  std::vector<Pattern> out;
  for (const auto text : texts) out.push_back(*Pattern::parse(text, problem));
  return out;
}

}  // namespace

std::string_view name_of(Origin origin) {
  switch (origin) {
  case Origin::file: return "file";
  case Origin::inline_map: return "inline";
  case Origin::external: return "external";
  case Origin::set: return "set";
  case Origin::chart: return "chart";
  }
  return "file";
}

Layout Layout::standard() {
  Layout layout;
  layout.services = patterns({"services/{service}", "{service}"});
  std::string problem;
  layout.layers.push_back({.name = *Pattern::parse("values.yaml", problem), .required = true});
  layout.layers.push_back({.name = *Pattern::parse("values-{env}.yaml", problem)});
  return layout;
}

Layout Layout::helmfile(const std::string& directory) {
  Layout layout;
  layout.kind = Kind::helmfile;
  if (!directory.empty()) layout.services = patterns({directory + "/{service}"});
  return layout;
}

const std::vector<LayerRule>& Layout::layers_of(std::string_view service) const {
  for (const auto& one : overrides)
    if (glob_matches(one.match, service)) return one.layers.empty() ? layers : one.layers;
  return layers;
}

const EnvironmentRule* Layout::environment(std::string_view name) const {
  const auto found = std::ranges::find(environments, name, &EnvironmentRule::name);
  return found == environments.end() ? nullptr : &*found;
}

Variables Layout::variables(const std::string& service, const std::string& environment,
                            const std::string& release) const {
  Variables out{.service = service, .environment = environment, .release = release};
  out.name_space = out.chart = service;
  for (const auto& one : overrides) {
    if (!glob_matches(one.match, service)) continue;
    if (!one.chart.empty()) out.chart = one.chart;
    if (!one.name_space.empty()) out.name_space = one.name_space;
    break;
  }
  if (const auto* rule = this->environment(environment)) out.vars = rule->vars;
  return out;
}

Chain Layout::chain(const std::string& directory, const Variables& variables) const {
  Chain out;
  out.release = variables.release;
  out.name_space = variables.name_space;
  if (chart) out.chart = chart->expand(variables).value_or("");
  for (const auto& rule : layers_of(variables.service)) {
    PlannedLayer layer{.origin = rule.origin, .required = rule.required, .secret = rule.secret, .mark = rule.mark};
    if (rule.origin == Origin::inline_map) {
      auto values = filled_in(rule.values, variables);
      if (!values) continue;
      layer.path = file;
      layer.values = std::move(*values);
    } else {
      const auto name = rule.name.expand(variables);
      if (!name) continue;
      if (rule.origin == Origin::external) layer.path = *name;
      else if (name->starts_with('/')) layer.path = name->substr(1);
      else layer.path = directory.empty() ? *name : fmt::format("{}/{}", directory, *name);
    }
    out.layers.push_back(std::move(layer));
  }
  return out;
}

std::optional<Value> filled_in(const Value& inline_values, const Variables& variables) {
  auto out = inline_values;
  if (out.is(data::Kind::string)) {
    std::string problem;
    const auto pattern = Pattern::parse(out.text(), problem);
    const auto text = pattern ? pattern->expand(variables) : std::optional(out.text());
    if (!text) return std::nullopt;
    out.set_text(*text);
  }
  for (auto& item : out.items()) {
    auto filled = filled_in(item, variables);
    if (!filled) return std::nullopt;
    item = std::move(*filled);
  }
  for (auto& member : out.members()) {
    auto filled = filled_in(member.value, variables);
    if (!filled) return std::nullopt;
    member.value = std::move(*filled);
  }
  return out;
}

}  // namespace slipway::config
