// SPDX-License-Identifier: Apache-2.0
#include "blubber/policy.hpp"

#include "blubber/blubber.hpp"
#include "blubber/map_reader.hpp"
#include "blubber/show.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_map>

namespace slipway::blubber {

using data::Kind;
using data::Value;

namespace {

/// What is left of the path behind `key`; nothing when the path does not begin with it. A key may hold dots, as the
/// names of variants do.
std::optional<std::string_view> behind(std::string_view path, std::string_view key) {
  if (!path.starts_with(key)) return std::nullopt;
  path.remove_prefix(key.size());
  if (path.empty()) return path;
  if (path.front() == '.') return path.substr(1);
  return path.front() == '[' ? std::optional(path) : std::nullopt;
}

/// The first step of a path: up to a dot or a bracket, or what stands in brackets.
struct Step {
  std::string_view name;
  std::string_view rest;
};

Step first_step(std::string_view path) {
  if (path.starts_with('[')) {
    const auto end = std::min(path.find(']'), path.size());
    auto rest = path.substr(std::min(end + 1, path.size()));
    if (rest.starts_with('.')) rest.remove_prefix(1);
    return {path.substr(1, end - 1), rest};
  }
  const auto end = std::min(path.find_first_of(".["), path.size());
  const auto rest = path.substr(end);
  return {path.substr(0, end), rest.starts_with('.') ? rest.substr(1) : rest};
}

/// One of the values that a path names.
struct Found {
  const Value& value;
  const Value* parent;
  const data::Mark& mark;  ///< its place, or that of what it stands in when nobody wrote it
  const std::string& path;
};

using Visit = std::function<void(const Found&)>;

/// Calls `visit` for everything that the path names.
void resolve(const Value& value, const Value* parent, const data::Mark& around, std::string_view path,
             const std::string& walked, const Visit& visit) {
  const auto& mark = value.mark().line > 0 ? value.mark() : around;
  if (path.empty()) {
    visit({value, parent, mark, walked});
    return;
  }
  const auto [step, rest] = first_step(path);
  if (value.is(Kind::mapping)) {
    for (const auto& member : value.members()) {
      const auto left = step == "*" ? std::optional(rest) : behind(path, member.key);
      const auto name = walked.empty() ? member.key : fmt::format("{}.{}", walked, member.key);
      if (left) resolve(member.value, &value, mark, *left, name, visit);
    }
  } else if (value.is(Kind::sequence)) {
    std::size_t wanted = 0;
    const auto [end, fault] = std::from_chars(step.data(), step.data() + step.size(), wanted);
    const bool is_number = fault == std::errc{} && end == step.data() + step.size();
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      if (step == "*" || (is_number && i == wanted))
        resolve(value.items()[i], &value, mark, rest, fmt::format("{}[{}]", walked, i), visit);
    }
  }
}

/// The first word of the path that no configuration can have there, with the nearest that one can; a rule on such a
/// path would never be broken.
struct Impossible {
  std::string word;
  std::string suggestion;
};

std::optional<Impossible> impossible_in(const Value& keys, std::string_view path) {
  if (path.empty()) return std::nullopt;
  const auto [step, rest] = first_step(path);
  // Lists, and maps whose keys the author chooses, are empty here: anything can be in them.
  if (keys.is(Kind::sequence) || (keys.is(Kind::mapping) && keys.members().empty())) return std::nullopt;
  std::vector<std::string> known;
  for (const auto& member : keys.members()) {
    if (step == "*" || member.key == step) return impossible_in(member.value, rest);
    known.push_back(member.key);
  }
  return Impossible{std::string(step), text::nearest(step, known).value_or("")};
}

std::optional<Impossible> impossible_at_top(std::string_view path) {
  const auto [step, rest] = first_step(path);
  if (step == "version") return rest.empty() ? std::nullopt : std::optional(Impossible{std::string(rest), {}});
  if (step != "variants") {
    auto found = impossible_in(every_key(), path);
    if (found && text::nearest(found->word, std::vector<std::string>{"variants"})) found->suggestion = "variants";
    return found;
  }
  if (rest.empty()) return std::nullopt;
  // The variant's name may hold dots: some way to divide the rest has to be possible.
  auto found = impossible_in(every_key(), first_step(rest).rest);
  for (auto dot = rest.find('.'); found && dot != std::string_view::npos; dot = rest.find('.', dot + 1)) {
    if (!impossible_in(every_key(), rest.substr(dot + 1))) return std::nullopt;
  }
  return found;
}

std::string shown(const Value& value) {
  auto out = data::to_json(value);
  constexpr std::size_t most = 120;
  if (out.size() > most) out = out.substr(0, most) + "...";
  return out;
}

}  // namespace

Policy read_policy(std::string_view yaml, std::string file) {
  const auto document = data::parse_yaml(yaml, file, {.nodes = most_values, .bytes = largest_text});
  Report report(file, document.source);
  Policy policy;
  policy.file = file;
  if (document.root.is(Kind::null)) {
    report.error({nullptr, 1, 1}, "the policy is empty", "enforcements");
    report.throw_if_bad(false);
  }
  const MapReader map(report, document.root, "", {"enforcements"});
  if (document.root.is(Kind::mapping) && map.find("enforcements") == nullptr)
    report.error(map.mark(), "the key 'enforcements' is missing", "enforcements");
  if (const auto* list = map.find("enforcements")) {
    read_list(report, *list, "enforcements", [&](const Value& item, const std::string& at) {
      const MapReader entry(report, item, at, {"path", "rule"});
      if (!item.is(Kind::mapping)) return;
      const auto path = entry.text("path");
      const auto rule = entry.text("rule");
      for (const auto* key : {"path", "rule"}) {
        if (entry.find(key) == nullptr) report.error(item.mark(), fmt::format("'{}' lacks '{}'", at, key), at);
      }
      if (!path || !rule) return;
      std::string fault;
      std::string suggestion;
      auto parsed = parse_rule(rule->value, fault, suggestion);
      if (!parsed) {
        report.error(rule->mark, fault, entry.path("rule"), suggestion);
        return;
      }
      if (const auto impossible = impossible_at_top(path->value))
        report.warning(path->mark,
                       fmt::format("no configuration has '{}' in '{}': the rule can never be broken",
                                   text::printable(impossible->word), text::printable(path->value)),
                       entry.path("path"), impossible->suggestion);
      policy.enforcements.push_back({path->value, rule->value, std::move(*parsed), path->mark});
    });
  }
  report.throw_if_bad(false);
  policy.warnings = report.take();
  return policy;
}

Value policy_view(const Config& config, const std::vector<const Variant*>& expanded) {
  std::unordered_map<std::string_view, const Variant*> known;
  for (const auto* variant : expanded) known.emplace(variant->name, variant);
  auto out = show_whole(config.common);
  out.set("version", Value::of(std::string(config.is_v3 ? "v3" : "v4")));
  auto variants = Value::mapping();
  for (const auto& variant : config.variants) {
    const auto found = known.find(variant.name);
    variants.members().push_back({variant.name, show_whole(found == known.end() ? variant : *found->second), {}});
  }
  out.set("variants", std::move(variants));
  return out;
}

void enforce(const Policy& policy, const Value& view, const Config& config, Report& report) {
  // What is made for the view alone, as the map of all variants, stands nowhere: then it is the file.
  const data::Mark whole{nullptr, 1, 1};
  for (const auto& enforcement : policy.enforcements) {
    resolve(view, nullptr, whole, enforcement.path, "", [&](const Found& found) {
      if (holds(enforcement.rule, found.value, {found.parent, config})) return;
      report.error(found.mark,
                   fmt::format("{}: {} breaks the rule '{}' ({}:{})", found.path, shown(found.value),
                               text::printable(enforcement.text), policy.file, enforcement.mark.line),
                   found.path);
    });
  }
}

}  // namespace slipway::blubber
