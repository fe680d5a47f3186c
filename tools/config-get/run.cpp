// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "answers.hpp"
#include "config/lookup.hpp"
#include "config/trace.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "render.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::config_get {

namespace {

[[noreturn]] void fail_usage(std::string what, std::string hint = {}) {
  throw Error(failure::bad_usage, std::move(what), hint.empty() ? "config-get --help" : std::move(hint));
}

std::string place_of(const config::Bundle& bundle) {
  return fmt::format("{} {}, commit {} of {}", bundle.service, bundle.environment, bundle.commit, bundle.registry);
}

class Command {
 public:
  Command(const Options& options, cli::Context& context)
      : options_(options), context_(context),
        source_(config::choose_source(options.registry, context.env, std::filesystem::path("."))) {}

  ExitCode read() {
    const auto service = options_.command.empty() ? options_.plain_service : options_.service;
    if (options_.print_commit) return print_commit(service);
    if (service.empty()) fail_usage("missing SERVICE", "config-get list services");
    check_format();
    auto registry = open(options_.at, options_.environment);
    const auto bundle = read(registry, service, options_.environment);
    context_.out.print(with_context(place_of(bundle), [&] { return answer(bundle); }));
    return ExitCode::ok;
  }

  ExitCode explain() {
    auto registry = open(options_.at, options_.environment);
    const auto bundle = read(registry, options_.service, options_.environment);
    const auto path = options_.path.empty() ? config::KeyPath{} : config::parse_path(options_.path);
    const auto traces = with_context(place_of(bundle), [&] { return config::explain(bundle, path); });
    context_.out.print(wants_json() ? explain_json(bundle, traces) : explain_text(bundle, traces));
    return ExitCode::ok;
  }

  ExitCode diff() {
    const auto [before, after] = both_sides();
    const auto changes = config::changes(before.values, after.values);
    context_.out.print(wants_json() ? diff_json(before, after, changes) : diff_text(before, after, changes));
    return changes.empty() ? ExitCode::ok : ExitCode::no;
  }

  ExitCode list() {
    const std::vector<std::string> known{"services", "environments", "files"};
    if (std::ranges::find(known, options_.what) == known.end())
      fail_usage(fmt::format("cannot list '{}', only {}{}", options_.what, text::join(known, ", "),
                             text::did_you_mean(options_.what, known)));
    if (options_.what == "files") return list_files();
    if (options_.what == "services" && !options_.service.empty())
      fail_usage(fmt::format("unexpected argument '{}'", options_.service));
    const auto registry = open(options_.at, options_.environment);
    const auto names = options_.what == "services" ? registry.services() : registry.environments(options_.service);
    if (wants_json()) {
      context_.out.print(names_json(registry.repository().location(), registry.commit().hex(), options_.what, names));
    } else {
      for (const auto& name : names) context_.out.print_line(name);
    }
    return ExitCode::ok;
  }

 private:
  [[nodiscard]] config::Registry open(const std::string& at, const std::string& environment) const {
    std::optional<config::Layout> layout;
    if (options_.layout) layout = config::Layout::parse(fs::read_file(*options_.layout), *options_.layout);
    return with_context(fmt::format("the registry is named by {}", source_.from),
                        [&] { return config::open(source_, at, environment, std::move(layout)); });
  }

  static void need_environment(const config::Registry& registry, const std::string& service,
                               const std::string& environment) {
    if (!environment.empty()) return;
    const auto names = registry.environments(service);
    const auto there = names.empty() ? std::string() : fmt::format("; there are {}", text::join(names, ", "));
    fail_usage(fmt::format("say which environment of '{}' with -e{}", service, there),
               fmt::format("config-get {} -e {}", service, names.empty() ? "ENVIRONMENT" : names.back()));
  }

  [[nodiscard]] config::Selection selection(const std::string& service, const std::string& environment) const {
    return {.service = service, .environment = environment, .release = options_.release};
  }

  [[nodiscard]] config::ReadOptions read_options() const {
    config::ReadOptions how;
    if (options_.external) how.external = *options_.external;
    return how;
  }

  [[nodiscard]] config::Bundle read(config::Registry& registry, const std::string& service,
                                    const std::string& environment) {
    need_environment(registry, service, environment);
    auto bundle = registry.read(selection(service, environment), read_options());
    tell(registry, bundle);
    return bundle;
  }

  /// Warnings, and what an event log should know of this read.
  void tell(const config::Registry& registry, const config::Bundle& bundle) {
    auto warnings = bundle.warnings;
    const auto& rules = registry.layout().layers_of(bundle.service);
    const bool tells_releases = std::ranges::any_of(rules, [](const config::LayerRule& rule) {
      return rule.origin == config::Origin::inline_map || rule.name.holds("release");
    });
    if (!options_.release.empty() && !tells_releases) {
      Diagnostic finding;
      finding.severity = Diagnostic::Severity::warning;
      finding.message = fmt::format("--release {} changes nothing: no layer of '{}' differs by release",
                                    options_.release, bundle.service);
      warnings.push_back(std::move(finding));
    }
    for (const auto& layer : bundle.layers) {
      if (layer.origin != config::Origin::external || layer.present) continue;
      Diagnostic finding;
      finding.severity = Diagnostic::Severity::warning;
      finding.message = options_.external
                            ? fmt::format("the external layer {} is not there", layer.path)
                            : fmt::format("the external layer {} is left out: no --external DIR", layer.path);
      warnings.push_back(std::move(finding));
    }
    if (options_.strict && !warnings.empty()) {
      const auto count = warnings.size();
      for (auto& warning : warnings) warning.severity = Diagnostic::Severity::error;
      throw Error(failure::bad_input, fmt::format("{} {} under --strict", count, count == 1 ? "warning" : "warnings"),
                  std::move(warnings))
          .add_place(fmt::format("commit {} of {}", bundle.commit, bundle.registry));
    }
    for (const auto& warning : warnings) {
      const auto place =
          warning.line == 0 ? std::string() : fmt::format("{}:{}:{}: ", warning.file, warning.line, warning.column);
      const auto code = warning.code.empty() ? std::string() : warning.code + " ";
      context_.run.events.warn(place + code + warning.message);
    }
    context_.run.events.detail(
        fmt::format("{} {} from commit {} of {}", bundle.service, bundle.environment, bundle.commit, bundle.registry),
        {{"service", bundle.service},
         {"environment", bundle.environment},
         {"commit", bundle.commit},
         {"registry", bundle.registry},
         {"values_sha256", bundle.values_sha256}});
  }

  [[nodiscard]] bool wants_json() const {
    if (!options_.format.empty() && options_.format != "json")
      fail_usage(fmt::format("{} prints text or, with -o json, JSON; not {}", options_.command, options_.format));
    return context_.common.json || options_.format == "json";
  }

  void check_format() const {
    if (options_.fallback && !options_.key) fail_usage("--default goes with -k PATH");
    if (options_.format == "value" && !options_.key) fail_usage("-o value prints a single value: say which with -k");
    const bool is_whole = options_.format == "bundle" || options_.format == "files";
    if (is_whole && options_.key) fail_usage(fmt::format("-o {} is about all values; leave out -k", options_.format));
    if (options_.depth < 0) fail_usage("--depth counts from 0");
  }

  [[nodiscard]] std::string answer(const config::Bundle& bundle) const {
    if (options_.key) return answer_key(bundle);
    const auto& format = options_.format;
    if (format == "json") return data::to_json(bundle.values, 2) + "\n";
    if (format == "bundle" || (format.empty() && context_.common.json)) return config::to_envelope(bundle) + "\n";
    if (format == "env") return as_assignments(bundle.values, {}, Assignment::env, options_.depth);
    if (format == "shell") return as_assignments(bundle.values, {}, Assignment::shell, options_.depth);
    if (format == "files") {
      std::string out;
      for (const auto& layer : bundle.layers)
        if (layer.present) out += layer.real_path + "\n";
      return out;
    }
    return config::comment_lines(bundle) + data::to_yaml(bundle.values);
  }

  [[nodiscard]] std::string answer_key(const config::Bundle& bundle) const {
    const auto path = config::parse_path(*options_.key);
    const auto* found = config::find(bundle.values, path);
    data::Value fallback;
    const bool bare = options_.format == "value" || (options_.format.empty() && !context_.common.json);
    if (found == nullptr) {
      if (!options_.fallback) found = &config::at(bundle.values, path);  // throws, with the nearest key
      else if (bare) return *options_.fallback + "\n";
      else {
        fallback = data::parse_yaml(*options_.fallback, "--default").root;
        found = &fallback;
      }
    }
    const auto& format = options_.format;
    if (format.empty() && context_.common.json) return as_key_document(bundle, config::show_path(path), *found);
    if (format == "json") return data::to_json(*found, 2) + "\n";
    if (format == "env") return as_assignments(*found, path, Assignment::env, options_.depth);
    if (format == "shell") return as_assignments(*found, path, Assignment::shell, options_.depth);
    // A single value is for a shell variable; its quotes would only be in the way.
    if (format == "value" || (format.empty() && found->is_scalar())) return as_line(*found, config::show_path(path));
    return data::to_yaml(*found);
  }

  ExitCode print_commit(const std::string& service) {
    auto registry = open(options_.at, options_.environment);
    if (service.empty() || options_.environment.empty()) context_.out.print_line(registry.commit().hex());
    else context_.out.print_line(read(registry, service, options_.environment).commit);
    return ExitCode::ok;
  }

  ExitCode list_files() {
    if (options_.service.empty()) fail_usage("missing SERVICE: list files is about one");
    auto registry = open(options_.at, options_.environment);
    // No warnings: what is absent stands in the answer, and what the files say is not asked.
    need_environment(registry, options_.service, options_.environment);
    const auto bundle = registry.read(selection(options_.service, options_.environment), read_options());
    context_.out.print(wants_json() ? files_json(bundle) : files_text(bundle));
    return ExitCode::ok;
  }

  /// Two environments at one commit, or one environment at two revisions.
  std::pair<config::Bundle, config::Bundle> both_sides() {
    auto sides = options_.sides;
    const bool revisions = !options_.environment.empty();
    if (revisions && sides.size() == 1) {
      const auto dots = sides.front().find("..");
      if (dots != std::string::npos) {
        sides.push_back(sides.front().substr(dots + 2));
        sides.front().resize(dots);
      }
    }
    if (sides.size() != 2)
      fail_usage(revisions ? "diff -e takes two revisions, as A B or A..B" : "diff takes two environments");
    if (revisions && !options_.at.empty()) fail_usage("diff -e says its revisions itself; leave out --at");
    std::vector<config::Bundle> bundles;
    for (const auto& one : sides) {
      const auto& environment = revisions ? options_.environment : one;
      auto registry = open(revisions ? (one.empty() ? "HEAD" : one) : options_.at, environment);
      bundles.push_back(read(registry, options_.service, environment));
    }
    return {std::move(bundles[0]), std::move(bundles[1])};
  }

  const Options& options_;
  cli::Context& context_;
  config::Source source_;
};

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  if (!options.command.empty() && !options.plain_service.empty())
    fail_usage(fmt::format("unexpected argument '{}'", options.plain_service),
               fmt::format("config-get {} SERVICE ...; a service called '{}' is read by config-get read {}",
                           options.command, options.command, options.command));
  Command command(options, context);
  if (options.command == "explain") return command.explain();
  if (options.command == "diff") return command.diff();
  if (options.command == "list") return command.list();
  return command.read();
}

}  // namespace slipway::config_get
