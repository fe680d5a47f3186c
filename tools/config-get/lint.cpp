// SPDX-License-Identifier: Apache-2.0
#include "lint.hpp"

#include "answers.hpp"
#include "config/trace.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"
#include "render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace slipway::config_get {

namespace {

using data::Kind;
using data::Value;

/// A place in a file, and what is said there: the same layer stands in many chains, and is one place.
using Place = std::tuple<std::string, int, int, std::string>;

struct Override {
  Diagnostic finding;
  bool every_time = true;  ///< in every chain that has it
};

bool is_yaml(std::string_view name) { return name.ends_with(".yaml") || name.ends_with(".yml"); }

/// Whether a name stands in a path as a word of its own: "staging" in "values-staging.yaml".
bool names(std::string_view path, std::string_view word) {
  const auto separates = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
  };
  for (auto at = path.find(word); at != std::string_view::npos; at = path.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || separates(path[at - 1])) && (end == path.size() || separates(path[end]))) return true;
  }
  return false;
}

class Linter {
 public:
  Linter(const config::Registry& registry, const config::ReadOptions& options, const ChartOf& chart_of)
      : registry_(registry), options_(options), chart_of_(chart_of) {
    for (const auto& name : registry.environments()) environments_.insert(name);
  }

  void look_at(const config::Selection& selection) {
    ++out_.combinations;
    auto bundle = registry_.read(selection, options_);
    for (auto finding : bundle.warnings) {
      finding.severity = Diagnostic::Severity::error;
      add(std::move(finding));
    }
    const auto chain = registry_.chain(selection);
    for (std::size_t i = 0; i < chain.layers.size(); ++i) presence(chain.layers[i], bundle.layers[i]);
    auto below = Value::mapping();
    for (const auto& layer : bundle.layers) {
      if (!layer.present) continue;
      if (layer.origin == config::Origin::file) {
        read_.insert(layer.real_path);
        link(layer, bundle);
      }
      if (layer.origin == config::Origin::file || layer.origin == config::Origin::external)
        overrides(layer, layer.values, below, {});
      data::merge_layer(below, layer.values);
    }
    against_chart(bundle);
  }

  void remember_links(const config::Selection& selection) {
    for (const auto& layer : registry_.chain(selection).layers)
      if (layer.origin == config::Origin::file) links_.insert(layer.path);
  }

  void unreadable(const Unreadable& one) {
    Diagnostic finding;
    finding.file = registry_.tree().name();
    finding.message = fmt::format("{}{}{} cannot be read: {}", one.selection.service,
                                  one.selection.environment.empty() ? "" : " ", one.selection.environment, one.reason);
    finding.code = "L000";
    add(std::move(finding));
  }

  void error(const Error& error) {
    for (auto finding : error.findings()) add(std::move(finding));
    if (!error.findings().empty()) return;
    Diagnostic finding;
    finding.message = error.message();
    finding.code = "L000";
    add(std::move(finding));
  }

  /// What only all combinations together can say.
  LintReport finish(bool whole) {
    for (auto& [place, one] : overrides_)
      if (one.every_time) add(std::move(one.finding));
    for (auto& [place, one] : shrinking_) add(std::move(one));
    for (const auto& [mark, layer] : absent_) {
      if (present_.contains(mark)) continue;
      Diagnostic finding;
      std::tie(finding.file, finding.line, finding.column, std::ignore) = mark;
      finding.message =
          fmt::format("this layer is there for no service, environment and release ({} and the like)", layer);
      finding.code = "L022";
      if (whole) add(std::move(finding));
    }
    if (whole) unread_files();
    for (auto& [key, finding] : findings_) out_.findings.push_back(std::move(finding));
    out_.files = read_.size();
    return std::move(out_);
  }

 private:
  void add(Diagnostic finding) {
    findings_.try_emplace({finding.file, finding.line, finding.column, finding.code + finding.message},
                          std::move(finding));
  }

  static Diagnostic at(const config::Layer& layer, const data::Mark& mark, std::string code, std::string message) {
    Diagnostic finding;
    finding.file = layer.real_path;
    finding.line = mark.line;
    finding.column = mark.column;
    finding.code = std::move(code);
    finding.message = std::move(message);
    return finding;
  }

  /// Keys that the chart does not know, and what its schema refuses.
  void against_chart(config::Bundle& bundle) {
    const auto known = charts_.find(bundle.chart);
    if (known == charts_.end()) charts_.emplace(bundle.chart, chart_of_(bundle));
    const auto& chart = charts_.at(bundle.chart);
    if (!chart) return;
    for (const auto& layer : bundle.layers)
      if (layer.present && layer.origin == config::Origin::file)
        for (auto& finding : unknown_keys(layer, *chart)) add(std::move(finding));
    if (!chart->schema && chart->subcharts.empty()) return;
    put_over_chart(bundle, *chart, data::HelmSemantics::v3_19);
    for (auto& finding : schema_findings(bundle, *chart)) add(std::move(finding));
  }

  void presence(const config::PlannedLayer& planned, const config::Layer& layer) {
    if (planned.origin != config::Origin::file || planned.mark.line == 0) return;
    const Place mark{planned.mark.file ? *planned.mark.file : registry_.layout().file, planned.mark.line,
                     planned.mark.column, ""};
    if (layer.present) present_.insert(mark);
    else absent_.try_emplace(mark, layer.path);
  }

  /// A link from one environment's file to another's: what is changed there is changed here, too.
  void link(const config::Layer& layer, const config::Bundle& bundle) {
    if (names(layer.real_path, bundle.environment)) return;
    const bool is_link = layer.path != layer.real_path;
    const auto* rule = registry_.layout().environment(bundle.environment);
    if (!is_link && (rule == nullptr || rule->kind != "production")) return;
    for (const auto& other : environments_) {
      if (other == bundle.environment || !names(layer.real_path, other)) continue;
      // A release may be called like another environment.
      if (!is_link && names(layer.real_path, bundle.release)) continue;
      auto finding = at(layer, {}, "L023",
                        is_link ? fmt::format("{} is read for {} through the link {}", layer.real_path,
                                              bundle.environment, layer.path)
                                : fmt::format("{} is read for {}", layer.real_path, bundle.environment));
      return add(std::move(finding));
    }
  }

  void overrides(const config::Layer& layer, const Value& over, const Value& base, const config::KeyPath& path) {
    for (const auto& member : over.members()) {
      const auto* under = base.find(member.key);
      if (under == nullptr) continue;
      auto here = path;
      here.emplace_back(member.key);
      const Place place{layer.real_path, member.value.mark().line, member.value.mark().column, config::show_path(here)};
      if (member.value.is(Kind::mapping) && under->is(Kind::mapping) && !member.value.members().empty()) {
        overrides(layer, member.value, *under, here);
        continue;
      }
      const auto text = [&](const Value& value) { return layer.secret ? std::string(masked_text) : shown(value); };
      const bool same = member.value == *under;
      const auto [known, is_new] = overrides_.try_emplace(place);
      if (is_new)
        known->second.finding =
            at(layer, member.key_mark, "L020",
               fmt::format("{} = {} overrides the same value of {}:{}", config::show_path(here), text(member.value),
                           under->mark().file ? *under->mark().file : "", under->mark().line));
      known->second.every_time = known->second.every_time && same && !is_self(layer, *under);
      if (!same) lost(layer, member, *under, here, place);
    }
    // Where something is new in one chain, it is no dead override in another.
    for (const auto& member : over.members()) {
      if (base.find(member.key) != nullptr) continue;
      auto here = path;
      here.emplace_back(member.key);
      for (const auto& leaf : config::leaves(member.value, here)) {
        const Place place{layer.real_path, leaf.value->mark().line, leaf.value->mark().column,
                          config::show_path(leaf.path)};
        overrides_[place].every_time = false;
      }
    }
  }

  /// One file may stand twice in a chain.
  static bool is_self(const config::Layer& layer, const Value& under) {
    return under.mark().file && *under.mark().file == layer.real_path;
  }

  void lost(const config::Layer& layer, const Value::Member& member, const Value& under, const config::KeyPath& path,
            const Place& place) {
    if (member.value.is(Kind::sequence) && under.is(Kind::sequence) &&
        member.value.items().size() < under.items().size()) {
      shrinking_.try_emplace(
          place, at(layer, member.key_mark, "L024",
                    fmt::format("the list {} of length {} replaces one of length {} at {}:{}; lists are not merged",
                                config::show_path(path), member.value.items().size(), under.items().size(),
                                under.mark().file ? *under.mark().file : "", under.mark().line)));
    }
    if (member.value.is(Kind::null) && !under.is(Kind::null))
      shrinking_.try_emplace(
          place,
          at(layer, member.key_mark, "L027",
             fmt::format("{} = null does not remove the value of {}:{}: the key stays, as null, until the chart's "
                         "defaults are merged; leave the key out of the earlier file instead",
                         config::show_path(path), under.mark().file ? *under.mark().file : "", under.mark().line)));
  }

  /// YAML files in the directories of services, and in those they share, that are in no chain.
  void unread_files() {
    for (const auto& service : registry_.services()) {
      std::string directory;
      try {
        directory = registry_.directory_of(service);
      } catch (const Error&) {
        continue;  // told already: it cannot be read
      }
      const auto& layout = registry_.layout();
      for (const auto& entry : registry_.tree().list(directory)) {
        if (entry.kind == git::EntryKind::directory || !is_yaml(entry.name) || entry.name.front() == '.') continue;
        const auto path = directory.empty() ? entry.name : directory + "/" + entry.name;
        if (read_.contains(path) || links_.contains(path) || entry.name == config::manifest_name ||
            entry.name == "helmfile.yaml" || entry.name == "Chart.yaml")
          continue;
        if (may_be_read(layout, directory, service, path)) continue;
        Diagnostic finding;
        finding.file = path;
        finding.code = "L021";
        finding.message = "no service, environment and release reads this file";
        add(std::move(finding));
      }
    }
  }

  /// With releases that are not listed anywhere, any name may be asked for.
  [[nodiscard]] bool may_be_read(const config::Layout& layout, const std::string& directory, const std::string& service,
                                 const std::string& path) const {
    if (layout.kind != config::Layout::Kind::manifest || !layout.releases.empty()) return false;
    for (const auto& rule : layout.layers_of(service)) {
      if (rule.origin != config::Origin::file || !rule.name.holds("release")) continue;
      for (const auto& environment : layout.environments) {
        if (!environment.releases.empty()) continue;
        const auto variables = layout.variables(service, environment.name, {});
        const auto name = rule.name.text().starts_with('/') ? "/" + path
                          : directory.empty()               ? path
                                                            : path.substr(directory.size() + 1);
        if (rule.name.match(name, "release", variables)) return true;
      }
    }
    return false;
  }

  const config::Registry& registry_;
  const config::ReadOptions& options_;
  const ChartOf& chart_of_;
  std::map<std::string, std::optional<Chart>> charts_;  ///< by directory
  LintReport out_;
  std::set<std::string> environments_;
  std::set<std::string> read_;   ///< files, without links
  std::set<std::string> links_;  ///< the same by the names that the chains have for them
  std::map<Place, Override> overrides_;
  std::map<Place, Diagnostic> shrinking_;
  std::map<Place, std::string> absent_;
  std::set<Place> present_;
  std::map<Place, Diagnostic> findings_;
};

}  // namespace

LintReport lint(const config::Registry& registry, const config::ReadOptions& options,
                const std::function<bool(const config::Selection&)>& wanted, bool whole, const ChartOf& chart_of) {
  Linter linter(registry, options, chart_of);
  const auto all = census(registry);
  for (const auto& one : all.unreadable)
    if (wanted(one.selection)) linter.unreadable(one);
  for (const auto& selection : all.combinations) {
    if (!wanted(selection)) continue;
    try {
      linter.remember_links(selection);
      linter.look_at(selection);
    } catch (const Error& error) {
      if (error.code() != ExitCode::data) throw;
      linter.error(error);
    }
  }
  return linter.finish(whole);
}

std::string lint_text(const LintReport& report) {
  std::string out;
  for (const auto& one : report.findings) {
    out += one.file;
    if (one.line > 0) out += fmt::format(":{}:{}", one.line, one.column);
    out += fmt::format(": {}{}{}\n", one.code, one.code.empty() ? "" : " ", one.message);
  }
  return out;
}

std::string lint_json(const LintReport& report, const config::Registry& registry) {
  std::vector<std::string> list;
  for (const auto& one : report.findings) {
    auto text = fmt::format(R"({{"code":{},"file":{})", json_string(one.code), json_string(one.file));
    if (one.line > 0) text += fmt::format(R"(,"line":{},"column":{})", one.line, one.column);
    list.push_back(text + fmt::format(R"(,"message":{}}})", json_string(one.message)));
  }
  return fmt::format(R"({{"schema":"config-get/v1","kind":"lint","registry":{},"commit":"{}","combinations":{},)"
                     R"("files":{},"findings":[{}]}})",
                     json_string(registry.name()), registry.tree().name(), report.combinations, report.files,
                     text::join(list, ",")) +
         "\n";
}

}  // namespace slipway::config_get
