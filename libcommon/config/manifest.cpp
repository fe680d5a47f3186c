// SPDX-License-Identifier: Apache-2.0
// Reads config-registry.yaml: all that is wrong with it at once.
#include "config/layout.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

/// Goes through the manifest once and gathers all that is wrong with it.
class ManifestReader {
 public:
  ManifestReader(std::string_view text, const std::string& file)
      : document_(data::parse_yaml(text, file)), file_(file) {}

  Layout run() {
    Layout layout;
    layout.kind = Layout::Kind::manifest;
    layout.file = file_;
    for (auto finding : document_.warnings) {
      if (finding.code != "W006") continue;  // a second `layers:` is never meant
      finding.severity = Diagnostic::Severity::error;
      findings_.push_back(std::move(finding));
    }
    const auto& root = document_.root;
    if (!root.is(Kind::mapping)) {
      fault(root.mark(), fmt::format("a layout is a map, this is {}", name_of(root.kind())));
      finish();
    }
    check_keys(root, {"version", "services", "environments", "releases", "layers", "overrides", "chart"}, "a layout");
    version(root);
    layout.services = services(root.find("services"));
    layout.environments = environments(root.find("environments"), root);
    if (const auto* releases = root.find("releases"))
      if (map(*releases, "releases")) {
        check_keys(*releases, {"default", "names"}, "releases");
        if (const auto* name = releases->find("default")) layout.default_release = word(*name, "default");
        if (const auto* names = releases->find("names")) layout.releases = words(*names, "names");
        const auto* default_name = releases->find("default");
        if (default_name != nullptr && !layout.releases.empty() &&
            std::ranges::find(layout.releases, layout.default_release) == layout.releases.end())
          fault(default_name->mark(), fmt::format("'{}' is not among the names", layout.default_release),
                text::nearest(layout.default_release, layout.releases).value_or(""), layout.default_release.size());
      }
    if (const auto* chart = root.find("chart")) layout.chart = pattern(*chart, "chart");
    if (const auto* list = root.find("layers")) layout.layers = layers(*list, layout);
    else fault(root.mark(), "'layers' is missing");
    if (const auto* list = root.find("overrides")) layout.overrides = overrides(*list, layout);
    finish();
    return layout;
  }

 private:
  void finish() const {
    if (findings_.empty()) return;
    const auto count = findings_.size();
    throw Error(failure::bad_input, fmt::format("{} {} in {}", count, count == 1 ? "error" : "errors", file_),
                findings_);
  }

  void fault(const data::Mark& mark, std::string message, std::string suggestion = {}, std::size_t width = 1) {
    Diagnostic finding;
    finding.file = file_;
    finding.line = mark.line;
    finding.column = mark.column;
    finding.width = static_cast<int>(width);
    finding.message = std::move(message);
    finding.suggestion = std::move(suggestion);
    finding.source_line = data::source_line(document_.source, mark.line);
    findings_.push_back(std::move(finding));
  }

  void check_keys(const Value& value, std::initializer_list<std::string_view> known, std::string_view where) {
    const std::vector<std::string> words(known.begin(), known.end());
    for (const auto& member : value.members()) {
      if (std::ranges::find(words, member.key) != words.end()) continue;
      fault(member.key_mark, fmt::format("unknown key '{}' in {}", member.key, where),
            text::nearest(member.key, words).value_or(""), member.key.size());
    }
  }

  bool map(const Value& value, std::string_view what) {
    if (value.is(Kind::mapping)) return true;
    fault(value.mark(), fmt::format("{} is a map, this is {}", what, name_of(value.kind())));
    return false;
  }

  bool list(const Value& value, std::string_view what) {
    if (value.is(Kind::sequence)) return true;
    fault(value.mark(), fmt::format("{} is a list, this is {}", what, name_of(value.kind())));
    return false;
  }

  /// A non-empty string; what YAML takes for a number or a boolean is taken as it was written.
  std::string word(const Value& value, std::string_view what) {
    if (value.is_scalar() && !value.is(Kind::null) && !value.text().empty()) return value.text();
    fault(value.mark(),
          fmt::format("{} is a string, this is {}", what, value.is(Kind::string) ? "empty" : name_of(value.kind())));
    return {};
  }

  std::vector<std::string> words(const Value& value, std::string_view what) {
    std::vector<std::string> out;
    if (!list(value, what)) return out;
    for (const auto& item : value.items()) out.push_back(word(item, fmt::format("each of {}", what)));
    if (out.empty()) fault(value.mark(), fmt::format("'{}' names none", what));
    return out;
  }

  void version(const Value& root) {
    const auto* value = root.find("version");
    if (value == nullptr) fault(root.mark(), "'version' is missing; this is version 1");
    else if (!value->is(Kind::integer) || value->as_integer() != 1)
      fault(value->mark(), fmt::format("version '{}' is not known; this is version 1", value->text()));
  }

  /// A relative path that stays where it begins.
  bool stays_inside(const Value& value, std::string_view text) {
    const auto parts = text::split(text, '/');
    if (std::ranges::find(parts, "..") == parts.end()) return true;
    fault(value.mark(), fmt::format("'{}' climbs with '..'", text), {}, text.size());
    return false;
  }

  std::optional<Pattern> pattern(const Value& value, std::string_view what) {
    const auto text = word(value, what);
    if (text.empty() || !stays_inside(value, text)) return std::nullopt;
    std::string problem;
    auto parsed = Pattern::parse(text, problem);
    if (!parsed) fault(value.mark(), problem, {}, text.size());
    return parsed;
  }

  std::vector<Pattern> services(const Value* value) {
    if (value == nullptr) return Layout::standard().services;
    std::vector<Pattern> out;
    const auto take = [&](const Value& one) {
      auto parsed = pattern(one, "a directory of services");
      if (!parsed) return;
      const auto& text = parsed->text();
      constexpr std::string_view tail = "{service}";
      const bool whole =
          text.ends_with(tail) && (text.size() == tail.size() || text[text.size() - tail.size() - 1] == '/');
      if (!whole || text.starts_with('/') || text.find('{') != text.size() - tail.size())
        return fault(one.mark(), fmt::format("'{}' is not DIRECTORY/{{service}}", text), {}, text.size());
      out.push_back(std::move(*parsed));
    };
    if (value->is(Kind::sequence))
      for (const auto& one : value->items()) take(one);
    else take(*value);
    if (value->is(Kind::sequence) && value->items().empty()) fault(value->mark(), "'services' names no directory");
    return out;
  }

  std::vector<EnvironmentRule> environments(const Value* value, const Value& root) {
    std::vector<EnvironmentRule> out;
    if (value == nullptr) {
      fault(root.mark(), "'environments' is missing");
      return out;
    }
    if (!map(*value, "environments")) return out;
    if (value->members().empty()) fault(value->mark(), "'environments' names none");
    for (const auto& member : value->members()) {
      EnvironmentRule rule;
      rule.name = member.key;
      if (member.key.empty() || member.key.find('/') != std::string::npos)
        fault(member.key_mark, fmt::format("'{}' is no name for an environment", member.key));
      if (!member.value.is(Kind::null) && map(member.value, fmt::format("environment '{}'", member.key)))
        environment(member.value, rule);
      out.push_back(std::move(rule));
    }
    return out;
  }

  void environment(const Value& value, EnvironmentRule& rule) {
    check_keys(value, {"kind", "ref", "registry", "releases", "vars"}, fmt::format("environment '{}'", rule.name));
    if (const auto* kind = value.find("kind")) {
      rule.kind = word(*kind, "kind");
      const std::vector<std::string> kinds{"development", "staging", "production"};
      if (!rule.kind.empty() && std::ranges::find(kinds, rule.kind) == kinds.end())
        fault(kind->mark(), fmt::format("unknown kind '{}'; there are {}", rule.kind, text::join(kinds, ", ")),
              text::nearest(rule.kind, kinds).value_or(""), rule.kind.size());
    }
    if (const auto* ref = value.find("ref")) rule.ref = word(*ref, "ref");
    if (const auto* registry = value.find("registry")) rule.registry = word(*registry, "registry");
    if (const auto* releases = value.find("releases")) rule.releases = words(*releases, "releases");
    if (const auto* vars = value.find("vars"); vars != nullptr && map(*vars, "vars"))
      for (const auto& member : vars->members()) rule.vars.emplace_back(member.key, word(member.value, member.key));
  }

  std::vector<LayerRule> layers(const Value& value, const Layout& layout) {
    std::vector<LayerRule> out;
    if (!list(value, "layers")) return out;
    if (value.items().empty()) fault(value.mark(), "'layers' names none");
    for (const auto& item : value.items())
      if (map(item, "a layer"))
        if (auto rule = layer(item, layout)) out.push_back(std::move(*rule));
    return out;
  }

  std::optional<LayerRule> layer(const Value& value, const Layout& layout) {
    const auto before = findings_.size();
    check_keys(value, {"file", "external", "inline", "required", "secret"}, "a layer");
    if (findings_.size() != before) return std::nullopt;  // what else is wrong follows from it
    const auto* file = value.find("file");
    const auto* external = value.find("external");
    const auto* inline_map = value.find("inline");
    if ((file != nullptr) + (external != nullptr) + (inline_map != nullptr) != 1) {
      fault(value.mark(), "a layer has one of 'file', 'external' and 'inline'");
      return std::nullopt;
    }
    LayerRule rule;
    rule.mark = value.mark();
    if (const auto* required = value.find("required")) {
      if (!required->is(Kind::boolean) || inline_map != nullptr)
        fault(required->mark(), inline_map != nullptr ? "an inline layer is always there: 'required' says nothing"
                                                      : "required is true or false");
      rule.required = required->as_bool();
    }
    if (const auto* secret = value.find("secret")) {
      if (!secret->is(Kind::boolean)) fault(secret->mark(), "secret is true or false");
      rule.secret = secret->as_bool();
    }
    if (inline_map != nullptr) {
      rule.origin = Origin::inline_map;
      if (!map(*inline_map, "inline")) return std::nullopt;
      rule.values = *inline_map;
      check_inline(rule.values, layout);
      return rule;
    }
    const auto& name = file != nullptr ? *file : *external;
    rule.origin = file != nullptr ? Origin::file : Origin::external;
    auto parsed = pattern(name, file != nullptr ? "file" : "external");
    if (!parsed) return std::nullopt;
    if (rule.origin == Origin::external && parsed->text().starts_with('/'))
      fault(name.mark(), "an external layer is relative to --external DIR");
    check_vars(name, *parsed, layout);
    rule.name = std::move(*parsed);
    return rule;
  }

  void check_inline(const Value& value, const Layout& layout) {
    if (value.is(Kind::string)) {
      std::string problem;
      if (const auto parsed = Pattern::parse(value.text(), problem)) check_vars(value, *parsed, layout);
      else fault(value.mark(), problem);
    }
    for (const auto& item : value.items()) check_inline(item, layout);
    for (const auto& member : value.members()) check_inline(member.value, layout);
  }

  /// A variable that no environment has is a misspelt one.
  void check_vars(const Value& at, const Pattern& name, const Layout& layout) {
    for (const auto& used : name.variables()) {
      std::vector<std::string> known;
      for (const auto& environment : layout.environments)
        for (const auto& [key, unused] : environment.vars) known.push_back(key);
      if (std::ranges::find(known, used) != known.end()) continue;
      fault(at.mark(), fmt::format("no environment has the variable '{}'", used),
            text::nearest(used, known).value_or(""), name.text().size());
    }
  }

  std::vector<Layout::Override> overrides(const Value& value, const Layout& layout) {
    std::vector<Layout::Override> out;
    if (!list(value, "overrides")) return out;
    for (const auto& item : value.items()) {
      if (!map(item, "an override")) continue;
      check_keys(item, {"match", "layers", "chart", "namespace"}, "an override");
      const auto* match = item.find("match");
      if (match == nullptr || item.members().size() < 2) {
        fault(item.mark(), "an override has 'match' and what it changes: 'layers', 'chart' or 'namespace'");
        continue;
      }
      Layout::Override rule;
      rule.match = word(*match, "match");
      if (const auto* chart = item.find("chart")) rule.chart = word(*chart, "chart");
      if (const auto* name = item.find("namespace")) rule.name_space = word(*name, "namespace");
      if (const auto* list = item.find("layers")) rule.layers = layers(*list, layout);
      out.push_back(std::move(rule));
    }
    return out;
  }

  data::YamlDocument document_;
  const std::string& file_;
  std::vector<Diagnostic> findings_;
};

}  // namespace

Layout Layout::parse(std::string_view text, const std::string& file) { return ManifestReader(text, file).run(); }

}  // namespace slipway::config
