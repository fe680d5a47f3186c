// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "answers.hpp"
#include "cached.hpp"
#include "config/trace.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "impact.hpp"
#include "lint.hpp"
#include "mask.hpp"
#include "render.hpp"
#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace slipway::config_get {

namespace {

class Command {
 public:
  Command(const Options& options, cli::Context& context)
      : session_(options, context), options_(options), context_(context) {}

  ExitCode read() {
    const auto service = options_.command.empty() ? options_.plain_service : options_.service;
    if (options_.print_commit) return print_commit(service);
    if (service.empty()) fail_usage("missing SERVICE", "config-get list services");
    check_format();
    const auto registry = session_.open();
    const auto bundle = session_.read(registry, service, session_.environment());
    // What goes into a pipe is for a program; only a person at a terminal is spared the secrets.
    const Mask mask(bundle, options_.reveal || !context_.out.is_terminal());
    context_.out.print(with_context(place_of(bundle), [&] { return answer(registry, bundle, mask); }));
    return ExitCode::ok;
  }

  ExitCode explain() {
    const auto registry = session_.open(options_.at, session_.environment(), options_.blame);
    const auto bundle = session_.read(registry, options_.service, session_.environment());
    const auto path = options_.path.empty() ? config::KeyPath{} : config::parse_path(options_.path);
    const Mask mask(bundle, options_.reveal);
    auto explanation = explanation_of(registry, bundle, path, mask);
    if (options_.blame) explanation.blame = blame(registry.tree_of(bundle.environment), explanation.traces);
    context_.out.print(session_.wants_json() ? explain_json(explanation) : explain_text(explanation));
    return ExitCode::ok;
  }

  ExitCode diff() {
    const auto [before, after] = both_sides();
    const auto changes = config::changes(before.values, after.values);
    const Mask mask_before(before, options_.reveal);
    const Mask mask_after(after, options_.reveal);
    const Difference difference{before, after, changes, mask_before, mask_after};
    context_.out.print(session_.wants_json() ? diff_json(difference) : diff_text(difference));
    return changes.empty() ? ExitCode::ok : ExitCode::no;
  }

  ExitCode impact() {
    if (!options_.at.empty() || options_.worktree) fail_usage("impact says its revisions itself");
    if (options_.chart || options_.with_defaults) fail_usage("impact compares what the registry says, without a chart");
    const auto [first, second] = parse_range(options_.range);
    const auto before = session_.open(first, session_.environment());
    const auto after = before.at(session_.open(second, session_.environment()).commit());
    auto all = census(before).combinations;
    for (auto& one : census(after).combinations) all.push_back(std::move(one));
    session_.check_wanted(all);
    const auto found = config_get::impact(before, after, session_.read_options(),
                                          [&](const config::Selection& one) { return session_.wanted(one); });
    for (const auto& one : found.left)
      context_.run.events.warn(fmt::format("{} {} {} is left out, it cannot be read: {}", one.selection.service,
                                           one.selection.environment, one.selection.release, one.reason));
    if (options_.strict && !found.left.empty())
      throw Error(failure::bad_input, fmt::format("{} left out under --strict", found.left.size()));
    context_.out.print(session_.wants_json() ? impact_json(found, before, after, options_.reveal)
                                             : impact_text(found, options_.reveal));
    context_.run.events.note(fmt::format("{} of {} combinations change between {} and {}", found.effects.size(),
                                         found.combinations, before.commit().brief(), after.commit().brief()));
    return found.effects.empty() ? ExitCode::ok : ExitCode::no;
  }

  ExitCode list() {
    const std::vector<std::string> known{"services", "environments", "releases", "files", "values"};
    if (std::ranges::find(known, options_.what) == known.end())
      fail_usage(fmt::format("cannot list '{}', only {}{}", options_.what, text::join(known, ", "),
                             text::did_you_mean(options_.what, known)));
    if (options_.what == "files") return list_files();
    if (options_.what == "values") return list_values();
    if (options_.what == "services" && !options_.service.empty())
      fail_usage(fmt::format("unexpected argument '{}'", options_.service));
    if (options_.what == "releases" && options_.service.empty())
      fail_usage("missing SERVICE: list releases is about one");
    const auto& asked = options_.environments;
    const auto registry = session_.open(options_.at, asked.empty() ? std::string() : asked.front());
    const auto names = names_of(registry);
    if (session_.wants_json()) {
      context_.out.print(names_json(registry.name(), registry.tree().name(), options_.what, names));
    } else {
      for (const auto& name : names) context_.out.print_line(name);
    }
    return ExitCode::ok;
  }

  ExitCode fetch() {
    const auto registry = session_.open();
    context_.out.print_line(registry.commit().hex());
    context_.run.events.note(fmt::format("{} is up to date", registry.name()));
    return ExitCode::ok;
  }

  ExitCode lint() {
    const auto registry =
        session_.open(options_.at, options_.environments.empty() ? "" : options_.environments.front());
    session_.check_wanted(census(registry).combinations);
    const bool whole = options_.services.empty() && options_.environments.empty() && options_.release.empty();
    const auto report = config_get::lint(
        registry, session_.read_options(), [&](const config::Selection& one) { return session_.wanted(one); }, whole,
        [&](const config::Bundle& bundle) { return chart_to_lint(registry, bundle); });
    context_.out.print(session_.wants_json() ? lint_json(report, registry) : lint_text(report));
    context_.run.events.note(fmt::format("{} findings in {} files and {} combinations at {}", report.findings.size(),
                                         report.files, report.combinations, registry.tree().name()));
    return report.findings.empty() ? ExitCode::ok : ExitCode::no;
  }

 private:
  /// A registry need not hold its charts; one that is asked for has to be there.
  [[nodiscard]] std::optional<Chart> chart_to_lint(const config::Registry& registry,
                                                   const config::Bundle& bundle) const {
    if (options_.chart || options_.with_defaults) return session_.chart_for(registry, bundle);
    if (bundle.chart.empty()) return std::nullopt;
    const auto& tree = registry.tree_of(bundle.environment);
    if (!tree.read(bundle.chart + "/Chart.yaml")) return std::nullopt;
    return read_chart(ChartFiles::in(tree, bundle.chart));
  }

  [[nodiscard]] std::vector<std::string> names_of(const config::Registry& registry) const {
    const auto& asked = options_.environments;
    if (options_.what == "environments") return registry.environments(options_.service);
    std::set<std::string> names;
    if (options_.what == "services") {
      if (asked.empty()) return registry.services();
      const auto all = registry.environments();
      for (const auto& environment : asked) {
        if (std::ranges::find(all, environment) == all.end())
          throw Error(failure::not_found,
                      fmt::format("there is no environment '{}'{}", environment, text::did_you_mean(environment, all)),
                      "config-get list environments");
        for (const auto& service : registry.services()) {
          const auto there = registry.readable_environments(service);
          if (std::ranges::find(there, environment) != there.end() && registry.has(service, environment))
            names.insert(service);
        }
      }
    } else {
      for (const auto& environment : asked.empty() ? registry.environments(options_.service) : asked)
        for (auto& release : registry.releases(options_.service, environment)) names.insert(std::move(release));
    }
    return {names.begin(), names.end()};
  }

  void check_format() const {
    if (options_.fallback && !options_.key) fail_usage("--default goes with -k PATH");
    if (options_.format == "value" && !options_.key) fail_usage("-o value prints a single value: say which with -k");
    const bool is_whole = options_.format == "bundle" || options_.format == "files";
    if (is_whole && options_.key) fail_usage(fmt::format("-o {} is about all values; leave out -k", options_.format));
    if (options_.depth < 0) fail_usage("--depth counts from 0");
    const bool over_chart = options_.chart || options_.with_defaults;
    if (options_.chart && options_.with_defaults) fail_usage("--chart and --with-defaults name two charts");
    if (over_chart && options_.format == "bundle")
      fail_usage("a bundle is for deploy-helm, whose helm merges the defaults itself; leave out --chart");
    if (options_.helm_semantics && !over_chart && options_.command != "read" && !options_.command.empty())
      fail_usage("--helm-semantics goes with --chart or --with-defaults");
    if (options_.with_provenance && (options_.key || (!options_.format.empty() && options_.format != "json")))
      fail_usage("--with-provenance is about all values, as -o json");
  }

  /// Where the values at or below `path` come from, and what is gone from there.
  [[nodiscard]] Explanation explanation_of(const config::Registry& registry, const config::Bundle& bundle,
                                           const config::KeyPath& path, const Mask& mask) const {
    Explanation out{bundle, config::removed(bundle, path), mask, {}, {}};
    // Throws with the nearest key where there is none, and has been none.
    if (out.traces.empty() || config::find(bundle.values, path) != nullptr)
      std::ranges::move(with_context(place_of(bundle), [&] { return config::explain(bundle, path); }),
                        std::back_inserter(out.traces));
    std::ranges::sort(out.traces, {}, [](const config::Trace& one) { return config::show_path(one.path); });
    if (const auto chart = session_.chart_for(registry, bundle))
      out.nulls = Nulls(session_.read_layers(registry, bundle.service, bundle.environment).values, *chart);
    return out;
  }

  [[nodiscard]] std::string answer(const config::Registry& registry, const config::Bundle& bundle,
                                   const Mask& mask) const {
    if (options_.key) return answer_key(bundle, mask);
    const auto& format = options_.format;
    if (options_.with_provenance) return provenance_json(explanation_of(registry, bundle, {}, mask));
    if (format == "files") {
      std::string out;
      for (const auto& layer : bundle.layers)
        if (layer.present && layer.origin != config::Origin::set) out += layer.real_path + "\n";
      return out;
    }
    if (format == "bundle" || (format.empty() && context_.common.json)) {
      if (!mask.hides_any()) return config::to_envelope(bundle) + "\n";
      fail_usage("the bundle holds secrets, and this is a terminal", "pipe it on, or --reveal");
    }
    const auto values = mask.masked();
    if (format == "json") return data::to_json(values, 2) + "\n";
    if (format == "env") return as_assignments(values, {}, Assignment::env, options_.depth);
    if (format == "shell") return as_assignments(values, {}, Assignment::shell, options_.depth);
    return config::comment_lines(bundle) + data::to_yaml(values);
  }

  [[nodiscard]] std::string answer_key(const config::Bundle& bundle, const Mask& mask) const {
    const auto path = config::parse_path(*options_.key);
    const bool bare = options_.format == "value" || (options_.format.empty() && !context_.common.json);
    const bool there = config::find(bundle.values, path) != nullptr;
    if (!there && options_.fallback && bare) return *options_.fallback + "\n";
    // Throws with the nearest key where there is none.
    const auto found =
        there || !options_.fallback ? mask.masked(path) : data::parse_yaml(*options_.fallback, "--default").root;
    const auto& format = options_.format;
    if (format.empty() && context_.common.json) return as_key_document(bundle, config::show_path(path), found);
    if (format == "json") return data::to_json(found, 2) + "\n";
    if (format == "env") return as_assignments(found, path, Assignment::env, options_.depth);
    if (format == "shell") return as_assignments(found, path, Assignment::shell, options_.depth);
    // A single value is for a shell variable; its quotes would only be in the way.
    if (format == "value" || (format.empty() && found.is_scalar())) return as_line(found, config::show_path(path));
    return data::to_yaml(found);
  }

  ExitCode print_commit(const std::string& service) {
    const auto registry = session_.open();
    const auto environment = session_.environment();
    const bool whole = service.empty() || environment.empty();
    context_.out.print_line(whole ? registry.tree().name() : session_.read(registry, service, environment).commit);
    return ExitCode::ok;
  }

  ExitCode list_files() {
    if (options_.service.empty()) fail_usage("missing SERVICE: list files is about one");
    const auto registry = session_.open();
    // No warnings: what is absent stands in the answer, and what the files say is not asked.
    const auto environment = session_.environment();
    const auto bundle = session_.read_layers(registry, options_.service, environment);
    context_.out.print(session_.wants_json() ? files_json(bundle) : files_text(bundle));
    return ExitCode::ok;
  }

  /// Every combination with the digest of its values, in JSON with the values themselves.
  ExitCode list_values() {
    const auto registry =
        session_.open(options_.at, options_.environments.empty() ? "" : options_.environments.front());
    auto all = census(registry);
    if (!options_.service.empty()) {
      static_cast<void>(registry.directory_of(options_.service));  // throws with the nearest name
      std::erase_if(all.combinations, [&](const auto& one) { return one.service != options_.service; });
      std::erase_if(all.unreadable, [&](const auto& one) { return one.selection.service != options_.service; });
    }
    session_.check_wanted(all.combinations);
    std::vector<std::string> list;
    const bool as_json = session_.wants_json();
    for (const auto& one : all.combinations) {
      if (!session_.wanted(one)) continue;
      const auto bundle = registry.read(one, session_.read_options());
      const Mask mask(bundle, options_.reveal || !context_.out.is_terminal());
      list.push_back(as_json
                         ? values_json(bundle, mask)
                         : fmt::format("{} {} {} {}", one.service, one.environment, one.release, bundle.values_sha256));
    }
    for (const auto& one : all.unreadable)
      if (session_.wanted(one.selection))
        throw Error(failure::bad_input, fmt::format("{} {} cannot be read: {}", one.selection.service,
                                                    one.selection.environment, one.reason));
    if (as_json) context_.out.print(all_values_json(registry.name(), registry.tree().name(), list));
    else
      for (const auto& line : list) context_.out.print_line(line);
    return ExitCode::ok;
  }

  /// The commits behind the lines that `traces` show: a file is gone through once.
  static Blame blame(const config::Tree& tree, const std::vector<config::Trace>& traces) {
    std::map<std::string, std::set<int>> lines;
    for (const auto& trace : traces)
      for (const auto& said : trace.statements)
        if (said.layer->origin == config::Origin::file && said.value->mark().line > 0)
          lines[said.layer->real_path].insert(said.value->mark().line);
    if (tree.is_worktree()) fail_usage("--blame is about commits, not about files as they lie");
    Blame out;
    for (const auto& [file, numbers] : lines)
      for (auto& [line, commit] : tree.repository().blame(tree.commit(), file, {numbers.begin(), numbers.end()}))
        out.emplace(std::pair(file, line), std::move(commit));
    return out;
  }

  /// Two environments at one commit, or one environment at two revisions.
  std::pair<config::Bundle, config::Bundle> both_sides() {
    auto sides = options_.sides;
    const auto asked = session_.environment();
    const bool revisions = !asked.empty();
    if (revisions && sides.size() == 1 && sides.front().find("..") != std::string::npos) {
      auto [first, second] = parse_range(sides.front());
      sides = {std::move(first), std::move(second)};
    }
    if (sides.size() != 2)
      fail_usage(revisions ? "diff -e takes two revisions, as A B or A..B" : "diff takes two environments");
    if (revisions && (!options_.at.empty() || options_.worktree))
      fail_usage("diff -e says its revisions itself; leave out --at and --worktree");
    std::vector<config::Bundle> bundles;
    for (const auto& one : sides) {
      const auto& environment = revisions ? asked : one;
      const auto registry = session_.open(revisions ? (one.empty() ? "HEAD" : one) : options_.at, environment);
      bundles.push_back(session_.read(registry, options_.service, environment));
    }
    return {std::move(bundles[0]), std::move(bundles[1])};
  }

  Session session_;
  const Options& options_;
  cli::Context& context_;
};

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  if (!options.command.empty() && !options.plain_service.empty())
    fail_usage(fmt::format("unexpected argument '{}'", options.plain_service),
               fmt::format("config-get {} SERVICE ...; a service called '{}' is read by config-get read {}",
                           options.command, options.command, options.command));
  if (options.command == "cache") return care_for_cache(options, context);
  if (options.command == "fetch" && (options.offline || options.max_age))
    fail_usage("fetch asks the host; leave out --offline and --max-age");
  Command command(options, context);
  if (options.command == "explain") return command.explain();
  if (options.command == "diff") return command.diff();
  if (options.command == "impact") return command.impact();
  if (options.command == "list") return command.list();
  if (options.command == "fetch") return command.fetch();
  if (options.command == "lint") return command.lint();
  return command.read();
}

}  // namespace slipway::config_get
