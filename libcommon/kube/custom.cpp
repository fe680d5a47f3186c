// SPDX-License-Identifier: Apache-2.0
#include "kube/custom.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::kube {

using nlohmann::json;
using Reading = CustomReading::State;

namespace {

std::string scalar(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// One step of a JSON path, taken from the front of `path`.
struct Step {
  enum class What { key, index, all, filter, bad } what = What::bad;
  std::string key;
  std::size_t index = 0;
  std::string filter_path;
  std::string filter_value;
};

std::string_view unquoted(std::string_view word) {
  if (word.size() >= 2 && (word.front() == '\'' || word.front() == '"') && word.back() == word.front())
    return word.substr(1, word.size() - 2);
  return word;
}

Step bracket(std::string_view inside) {
  Step step;
  if (inside == "*") {
    step.what = Step::What::all;
  } else if (inside.starts_with("?(") && inside.ends_with(')')) {
    inside = inside.substr(2, inside.size() - 3);
    const auto equals = inside.find("==");
    if (equals == std::string_view::npos || !inside.starts_with('@')) return step;
    step.what = Step::What::filter;
    step.filter_path = text::trim(inside.substr(1, equals - 1));
    step.filter_value = unquoted(text::trim(inside.substr(equals + 2)));
  } else if (const auto name = unquoted(inside); name.size() != inside.size()) {
    step.what = Step::What::key;
    step.key = name;
  } else if (const auto [end, fault] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
             fault == std::errc{} && end == inside.data() + inside.size()) {
    step.what = Step::What::index;
  }
  return step;
}

std::optional<Step> next_step(std::string_view& path) {
  if (path.empty()) return std::nullopt;
  if (path.front() == '[') {
    const auto end = path.starts_with("[?") ? path.find(")]") + 1 : path.find(']');
    if (end == std::string_view::npos || end == 0) {
      path = {};
      return Step{};
    }
    auto step = bracket(path.substr(1, end - 1));
    path.remove_prefix(end + 1);
    return step;
  }
  if (path.front() == '.') path.remove_prefix(1);
  std::string key;
  std::size_t used = 0;
  for (; used < path.size() && path[used] != '.' && path[used] != '['; ++used) {
    if (path[used] == '\\' && used + 1 < path.size()) ++used;  // kubectl's escape of a dot inside a key
    key += path[used];
  }
  path.remove_prefix(used);
  Step step;
  step.what = key == "*" ? Step::What::all : key.empty() ? Step::What::bad : Step::What::key;
  step.key = std::move(key);
  return step;
}

void walk(const json& here, std::string_view path, std::vector<std::string>& found) {
  const auto step = next_step(path);
  if (!step) {
    if (!here.is_null()) found.push_back(scalar(here));
    return;
  }
  switch (step->what) {
  case Step::What::key:
    if (const auto* child = field(here, {step->key})) walk(*child, path, found);
    return;
  case Step::What::index:
    if (here.is_array() && step->index < here.size()) walk(here[step->index], path, found);
    return;
  case Step::What::all:
    if (here.is_structured())
      for (const auto& child : here) walk(child, path, found);
    return;
  case Step::What::filter:
    if (!here.is_array()) return;
    for (const auto& child : here) {
      std::vector<std::string> values;
      walk(child, step->filter_path, values);
      if (std::ranges::find(values, step->filter_value) != values.end()) walk(child, path, found);
    }
    return;
  case Step::What::bad: return;
  }
}

const json* condition(const json& object, std::string_view type) {
  for (const auto& item : list_at(object, {"status", "conditions"}))
    if (text::lower(text_at(item, {"type"})) == text::lower(type)) return &item;
  return nullptr;
}

std::string condition_text(const json& item) {
  auto out = fmt::format("{}={}", text_at(item, {"type"}), text_at(item, {"status"}));
  if (const auto reason = text_at(item, {"reason"}); !reason.empty()) out += ' ' + reason;
  if (const auto message = text_at(item, {"message"}); !message.empty()) out += ": " + tidy_message(message);
  return out;
}

bool holds(const json& object, const ReadyRule& rule, std::string& seen) {
  if (rule.is_condition) {
    const auto* item = condition(object, rule.path);
    seen = item ? condition_text(*item) : fmt::format("no condition {}", rule.path);
    return item && text::lower(text_at(*item, {"status"})) == text::lower(rule.value);
  }
  const auto values = values_at(object, rule.path);
  seen = fmt::format("{{{}}} is {}", rule.path,
                     values.empty() ? "absent" : text::printable(text::join(values, ",").substr(0, 100)));
  // As `kubectl wait`: without a value, that there is one is enough.
  return rule.value.empty() ? !values.empty() : std::ranges::find(values, rule.value) != values.end();
}

CustomReading by_rules(const json& object, const ReadyRules& rules) {
  std::string seen;
  for (const auto& rule : rules.failed)
    if (holds(object, rule, seen)) return {Reading::failed, seen, rule.text};
  for (const auto& rule : rules.ready)
    if (!holds(object, rule, seen)) return {Reading::going, seen, rule.text};
  if (rules.ready.empty()) return {Reading::no_rule, {}, {}};  // what fails it is known, what completes it is not
  return {Reading::ready, seen, rules.ready.back().text};
}

ReadyRules annotated_rules(const json& object) {
  ReadyRules rules;
  const auto read = [&](const char* key, std::vector<ReadyRule>& into) {
    const auto written = text_at(object, {"metadata", "annotations", key});
    for (const auto& each : text::split(written, ';'))
      if (const auto word = text::trim(each); !word.empty()) into.push_back(parse_ready_rule(word));
  };
  read("slipway/ready-when", rules.ready);
  read("slipway/failed-when", rules.failed);
  return rules;
}

/// A phase and what it means, for kinds that have one instead of conditions.
struct PhaseRow {
  std::string_view phase;
  Reading state;
};

std::optional<CustomReading> by_phase(const json& object, std::initializer_list<PhaseRow> rows, std::string_view rule) {
  const auto phase = text_at(object, {"status", "phase"});
  for (const auto& row : rows)
    if (row.phase == phase) {
      const auto message = text_at(object, {"status", "message"});
      return CustomReading{row.state, phase + (message.empty() ? "" : ": " + tidy_message(message)), std::string(rule)};
    }
  return CustomReading{Reading::going, phase.empty() ? "no phase yet" : phase, std::string(rule)};
}

std::optional<CustomReading> built_in(const json& object) {
  const auto kind = text_at(object, {"kind"});
  const auto version = text_at(object, {"apiVersion"});
  const auto group = version.substr(0, version.find('/'));
  const auto is = [&](std::string_view wanted_group, std::string_view wanted_kind) {
    return group == wanted_group && kind == wanted_kind;
  };
  if (is("argoproj.io", "Rollout"))
    return by_phase(object, {{"Healthy", Reading::ready}, {"Degraded", Reading::failed}, {"Paused", Reading::held}},
                    "Argo Rollout's phase");
  if (is("flagger.app", "Canary"))
    return by_phase(object,
                    {{"Initialized", Reading::ready},
                     {"Succeeded", Reading::ready},
                     {"Failed", Reading::failed},
                     {"Waiting", Reading::held},
                     {"WaitingPromotion", Reading::held}},
                    "Flagger Canary's phase");
  if ((is("helm.toolkit.fluxcd.io", "HelmRelease") || is("kustomize.toolkit.fluxcd.io", "Kustomization")) &&
      flag_at(object, {"spec", "suspend"}))
    return CustomReading{Reading::held, "suspended", "Flux's spec.suspend"};
  if (is("cert-manager.io", "Certificate")) {
    const auto* issuing = condition(object, "Issuing");
    const auto* ready = condition(object, "Ready");
    if (ready && text_at(*ready, {"status"}) == "True")
      return CustomReading{Reading::ready, condition_text(*ready), "cert-manager Certificate's Ready"};
    if (issuing && text_at(*issuing, {"status"}) == "False" && text_at(*issuing, {"reason"}) == "Failed")
      return CustomReading{Reading::failed, condition_text(*issuing), "cert-manager Certificate's Issuing"};
    return CustomReading{Reading::going,
                         issuing ? condition_text(*issuing)
                         : ready ? condition_text(*ready)
                                 : "nothing issued yet",
                         "cert-manager Certificate's Ready"};
  }
  return std::nullopt;
}

CustomReading by_conditions(const json& object) {
  const auto is_true = [&](std::string_view type) -> const json* {
    const auto* item = condition(object, type);
    return item && text_at(*item, {"status"}) == "True" ? item : nullptr;
  };
  if (const auto* stalled = is_true("Stalled"))
    return {Reading::failed, condition_text(*stalled), "the condition Stalled"};
  if (const auto* going = is_true("Reconciling"))
    return {Reading::going, condition_text(*going), "the condition Reconciling"};
  for (const std::string_view type : {"Ready", "Available"})
    if (const auto* item = condition(object, type))
      return {text_at(*item, {"status"}) == "True" ? Reading::ready : Reading::going, condition_text(*item),
              fmt::format("the condition {}", type)};
  return {};
}

}  // namespace

ReadyRule parse_ready_rule(std::string_view written) {
  ReadyRule rule;
  rule.text = written;
  const auto wrong = [&] {
    return Error(failure::bad_usage, fmt::format("'{}' is no rule of readiness", text::printable(written)),
                 "write condition=Ready, condition=Ready=True or jsonpath={.status.phase}=Healthy");
  };
  if (written.starts_with("condition=")) {
    written.remove_prefix(10);
    const auto equals = written.find('=');
    rule.path = written.substr(0, equals);
    rule.value = equals == std::string_view::npos ? "True" : std::string(written.substr(equals + 1));
    if (rule.path.empty() || rule.value.empty()) throw wrong();
    return rule;
  }
  if (!written.starts_with("jsonpath=")) throw wrong();
  written.remove_prefix(9);
  written = unquoted(written);
  rule.is_condition = false;
  const auto close = written.find('}');
  if (!written.starts_with('{') || close == std::string_view::npos) throw wrong();
  rule.path = written.substr(1, close - 1);
  const auto rest = written.substr(close + 1);
  if (rule.path.empty() || (!rest.empty() && rest.front() != '=')) throw wrong();
  rule.value = rest.empty() ? "" : unquoted(rest.substr(1));
  return rule;
}

std::vector<std::string> values_at(const json& object, std::string_view path) {
  std::vector<std::string> found;
  if (path.starts_with('$')) path.remove_prefix(1);
  walk(object, path, found);
  return found;
}

bool custom_observed(const json& object) {
  const auto generation = number_at(object, {"metadata", "generation"});
  const auto* seen = field(object, {"status", "observedGeneration"});
  if (!seen) return true;
  if (seen->is_number_integer()) return seen->get<std::int64_t>() >= generation;
  if (!seen->is_string()) return true;
  const auto& word = seen->get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
  return fault != std::errc{} || end != word.data() + word.size() || number >= generation;
}

CustomReading read_custom(const json& object, const ReadyRules& rules) {
  const auto own = rules.any() ? rules : annotated_rules(object);
  if (own.any()) return by_rules(object, own);
  if (auto known = built_in(object)) return std::move(*known);
  return by_conditions(object);
}

}  // namespace slipway::kube
