// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "config/trace.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "process/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::config_get {

namespace {

/// A file, or the name of a layout that is built in.
std::optional<config::Layout> chosen_layout(const std::optional<std::string>& option) {
  if (!option) return std::nullopt;
  constexpr std::string_view helmfile = "helmfile";
  if (*option == helmfile) return config::Layout::helmfile();
  if (option->starts_with("helmfile:")) return config::Layout::helmfile(option->substr(helmfile.size() + 1));
  return config::Layout::parse(fs::read_file(*option), *option);
}

data::HelmSemantics asked_semantics(const std::string& version) {
  if (const auto known = semantics_of(version)) return *known;
  fail_usage(fmt::format("'{}' is no version of helm that is known here; 3.19, 4.1 and 4.3 differ", version));
}

Diagnostic warning(std::string message) {
  Diagnostic finding;
  finding.severity = Diagnostic::Severity::warning;
  finding.message = std::move(message);
  return finding;
}

void need_environment(const config::Registry& registry, const std::string& service, const std::string& environment) {
  if (!environment.empty()) return;
  const auto names = registry.environments(service);
  const auto there = names.empty() ? std::string() : fmt::format("; there are {}", text::join(names, ", "));
  fail_usage(fmt::format("say which environment of '{}' with -e{}", service, there),
             fmt::format("config-get {} -e {}", service, names.empty() ? "ENVIRONMENT" : names.back()));
}

}  // namespace

void fail_usage(std::string what, std::string hint) {
  throw Error(failure::bad_usage, std::move(what), hint.empty() ? "config-get --help" : std::move(hint));
}

git::Mirrors mirrors_for(const Options& options, const cli::Context& context) {
  return {{.offline = options.offline, .max_age = options.max_age, .lock_timeout = options.lock_timeout},
          context.env,
          context.run};
}

std::pair<std::string, std::string> parse_range(const std::string& text) {
  const auto dots = text.find("..");
  auto first = text.substr(0, dots);
  auto second = dots == std::string::npos ? std::string() : text.substr(dots + 2);
  if (second.starts_with('.')) fail_usage(fmt::format("'{}' has three dots; what is compared is A..B", text));
  if (dots == std::string::npos && first.empty()) fail_usage("the range of revisions is empty");
  if (first.empty()) first = "HEAD";
  if (second.empty()) second = "HEAD";
  return {std::move(first), std::move(second)};
}

std::string place_of(const config::Bundle& bundle) {
  return fmt::format("{} {}, commit {} of {}", bundle.service, bundle.environment, bundle.commit, bundle.registry);
}

Session::Session(const Options& options, cli::Context& context)
    : options_(options), context_(context),
      source_(config::choose_source(options.registry, context.env, std::filesystem::path("."))),
      layout_(chosen_layout(options.layout)),
      mirrors_(std::make_shared<const git::Mirrors>(mirrors_for(options, context))) {
  if (options.worktree && !options.at.empty()) fail_usage("--worktree reads what lies there; leave out --at");
}

config::Registry Session::open(const std::string& at, const std::string& environment, bool history) const {
  return with_context(fmt::format("the registry is named by {}", source_.from), [&] {
    return config::open(source_, {.at = at,
                                  .environment = environment,
                                  .layout = layout_,
                                  .worktree = options_.worktree,
                                  .mirrors = mirrors_,
                                  .history = history});
  });
}

std::string Session::environment() const {
  const auto& names = options_.environments;
  if (names.size() > 1) fail_usage("-e names one environment here");
  return names.empty() ? std::string() : names.front();
}

config::Selection Session::selection(const std::string& service, const std::string& environment) const {
  return {.service = service, .environment = environment, .release = options_.release};
}

config::ReadOptions Session::read_options() const {
  config::ReadOptions how;
  if (options_.external) how.external = *options_.external;
  // In the order in which helm takes them, whatever their order on the command line.
  const auto add = [&](const std::vector<std::string>& texts, data::SetKind kind, const char* name) {
    for (const auto& text : texts) how.sets.push_back({.text = text, .kind = kind, .file = name, .mark = {}});
  };
  add(options_.set_json, data::SetKind::json, "--set-json");
  add(options_.set, data::SetKind::typed, "--set");
  add(options_.set_string, data::SetKind::string, "--set-string");
  if (options_.helm_semantics) how.semantics = asked_semantics(*options_.helm_semantics);
  if (options_.decrypt)
    how.decrypt = [this](const std::string& path, const std::string& content) { return decrypted(path, content); };
  return how;
}

/// Through pipes only: no file of plain text is ever made.
std::string Session::decrypted(const std::string& path, const std::string& content) const {
  const auto outcome = process::run(
      {.argv = {"sops", "--decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin"}, .input = content},
      context_.run);
  if (outcome.ok()) return outcome.out;
  std::string why;
  for (const auto& line : text::split(outcome.err_tail, '\n'))
    if (why.empty() && !text::trim(line).empty()) why = text::printable(text::trim(line));
  throw Error(failure::denied, fmt::format("sops does not decrypt {}: {}", path, why.empty() ? outcome.how() : why),
              "sops --decrypt FILE says more; SOPS_AGE_KEY_FILE and the like name a key");
}

bool Session::wanted(const config::Selection& selection) const {
  const auto among = [](const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::ranges::find(names, name) != names.end();
  };
  return among(options_.services, selection.service) && among(options_.environments, selection.environment) &&
         (options_.release.empty() || selection.release == options_.release);
}

void Session::check_wanted(const std::vector<config::Selection>& all) const {
  const auto check = [&](const std::vector<std::string>& names, auto member, std::string_view what) {
    std::vector<std::string> known;
    for (const auto& one : all)
      if (std::ranges::find(known, one.*member) == known.end()) known.push_back(one.*member);
    for (const auto& name : names)
      if (std::ranges::find(known, name) == known.end())
        throw Error(failure::not_found,
                    fmt::format("there is no {} '{}'{}", what, name, text::did_you_mean(name, known)),
                    fmt::format("config-get list {}s", what));
  };
  check(options_.services, &config::Selection::service, "service");
  check(options_.environments, &config::Selection::environment, "environment");
}

config::Bundle Session::read_layers(const config::Registry& registry, const std::string& service,
                                    const std::string& environment) const {
  need_environment(registry, service, environment);
  return registry.read(selection(service, environment), read_options());
}

config::Bundle Session::read(const config::Registry& registry, const std::string& service,
                             const std::string& environment) const {
  auto bundle = read_layers(registry, service, environment);
  over_defaults(registry, bundle);
  tell(registry, bundle);
  return bundle;
}

std::optional<Chart> Session::chart_for(const config::Registry& registry, const config::Bundle& bundle) const {
  if (options_.chart) return read_chart(ChartFiles::in(std::filesystem::path(*options_.chart)));
  if (!options_.with_defaults) return std::nullopt;
  if (bundle.chart.empty())
    throw Error(failure::not_found, fmt::format("the layout does not say where the chart of '{}' is", bundle.service),
                "--chart DIR, or `chart: \"charts/{chart}\"` in config-registry.yaml");
  return with_context(place_of(bundle),
                      [&] { return read_chart(ChartFiles::in(registry.tree_of(bundle.environment), bundle.chart)); });
}

data::HelmSemantics Session::semantics() const {
  if (options_.helm_semantics) return asked_semantics(*options_.helm_semantics);
  if (semantics_) return *semantics_;
  semantics_ = data::HelmSemantics::v3_19;
  auto program = context_.env("HELM_BIN").value_or("");
  if (program.empty()) program = "helm";
  if (program.find('/') == std::string::npos && !process::find_program(program, context_.env("PATH").value_or(""))) {
    context_.run.events.detail("there is no helm on the PATH; the defaults are merged as helm 3.19 does");
    return *semantics_;
  }
  const auto outcome = process::run({.argv = {program, "version", "--template", "{{.Version}}"}}, context_.run);
  if (const auto known = outcome.ok() ? semantics_of(text::trim(outcome.out)) : std::nullopt) semantics_ = *known;
  return *semantics_;
}

/// Step 2, the schema, and a warning where the answer depends on the version of helm.
void Session::over_defaults(const config::Registry& registry, config::Bundle& bundle) const {
  const auto chart = chart_for(registry, bundle);
  if (!chart) return;
  const auto chosen = semantics();
  if (!options_.helm_semantics) {
    using data::HelmSemantics;
    const auto mine = over_chart(bundle.values, *chart, chosen);
    for (const auto other : {HelmSemantics::v3_19, HelmSemantics::v4_1, HelmSemantics::v4_3}) {
      if (other == chosen) continue;
      const auto theirs = over_chart(bundle.values, *chart, other);
      const auto differences = config::changes(mine, theirs);
      if (differences.empty()) continue;
      auto found = warning(fmt::format(
          "version-dependent: {} {} as helm {} {}, and this is as helm {}", config::show_path(differences.front().path),
          differences.size() == 1 ? "comes out otherwise"
                                  : fmt::format("and {} more come out otherwise", differences.size() - 1),
          name_of(other), "merges it", name_of(chosen)));
      found.code = "W013";
      bundle.warnings.push_back(std::move(found));
    }
  }
  put_over_chart(bundle, *chart, chosen);
  const auto findings = schema_findings(bundle, *chart);
  if (!findings.empty())
    throw Error(failure::bad_input,
                fmt::format("the values do not fit {}, in {} {}", chart->schema_file, findings.size(),
                            findings.size() == 1 ? "place" : "places"),
                findings)
        .add_place(place_of(bundle));
}

/// Warnings, and what an event log should know of this read.
void Session::tell(const config::Registry& registry, const config::Bundle& bundle) const {
  auto warnings = bundle.warnings;
  if (!options_.release.empty() && !registry.tells_releases(bundle.service))
    warnings.push_back(warning(fmt::format("--release {} changes nothing: no layer of '{}' differs by release",
                                           options_.release, bundle.service)));
  for (const auto& layer : bundle.layers) {
    if (layer.origin != config::Origin::external || layer.present) continue;
    warnings.push_back(warning(options_.external
                                   ? fmt::format("the external layer {} is not there", layer.path)
                                   : fmt::format("the external layer {} is left out: no --external DIR", layer.path)));
  }
  if (options_.strict && !warnings.empty()) {
    const auto count = warnings.size();
    for (auto& one : warnings) one.severity = Diagnostic::Severity::error;
    throw Error(failure::bad_input, fmt::format("{} {} under --strict", count, count == 1 ? "warning" : "warnings"),
                std::move(warnings))
        .add_place(fmt::format("commit {} of {}", bundle.commit, bundle.registry));
  }
  for (const auto& one : warnings) {
    const auto place = one.line == 0 ? std::string() : fmt::format("{}:{}:{}: ", one.file, one.line, one.column);
    const auto code = one.code.empty() ? std::string() : one.code + " ";
    context_.run.events.warn(place + code + one.message);
  }
  for (const auto& note : bundle.notes) context_.run.events.note(note);
  context_.run.events.detail(
      fmt::format("{} {} from commit {} of {}", bundle.service, bundle.environment, bundle.commit, bundle.registry),
      {{"service", bundle.service},
       {"environment", bundle.environment},
       {"commit", bundle.commit},
       {"registry", bundle.registry},
       {"values_sha256", bundle.values_sha256}});
}

bool Session::wants_json() const {
  if (!options_.format.empty() && options_.format != "json")
    fail_usage(fmt::format("{} prints text or, with -o json, JSON; not {}", options_.command, options_.format));
  return context_.common.json || options_.format == "json";
}

}  // namespace slipway::config_get
