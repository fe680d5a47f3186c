// SPDX-License-Identifier: Apache-2.0
#include "config/lookup.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::config {

namespace {

std::string place(const git::ObjectId& commit, const git::Repository& repository) {
  return fmt::format("commit {} of {}", commit.hex(), repository.location());
}

Layout layout_at(const git::Repository& repository, const git::ObjectId& commit) {
  const auto manifest = repository.read(commit, manifest_name);
  if (!manifest) return Layout::standard();
  return with_context(place(commit, repository),
                      [&] { return Layout::parse(manifest->content, std::string(manifest_name)); });
}

/// The directory that holds the services of a pattern; empty for the root.
std::string parent_of(const Pattern& services) {
  const auto& text = services.text();
  const auto slash = text.rfind('/');
  return slash == std::string::npos ? std::string() : text.substr(0, slash);
}

std::string joined(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

/// An underscore in front is how registries mark what services share.
bool is_name(std::string_view service) {
  return !service.empty() && service.front() != '.' && service.front() != '_' &&
         service.find('/') == std::string_view::npos;
}

bool is_yaml(std::string_view name) { return name.ends_with(".yaml") || name.ends_with(".yml"); }

/// The nearest of the names, or all of them while a person can take them in.
std::string instead(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  if (auto near = text::did_you_mean(word, names); !near.empty()) return near;
  return names.empty() || names.size() > most ? std::string() : fmt::format("; there are {}", text::join(names, ", "));
}

}  // namespace

Registry::Registry(git::Repository repository, git::ObjectId commit, std::optional<Layout> layout)
    : repository_(std::move(repository)), commit_(std::move(commit)),
      layout_(layout ? std::move(*layout) : layout_at(repository_, commit_)) {}

/// In the default layout a service shows itself by a values file, else any directory will do that holds YAML.
bool Registry::holds_service(const git::ObjectId& commit, const std::string& directory) const {
  const bool standard = layout_.file.empty();
  return std::ranges::any_of(repository_.list(commit, directory), [&](const git::Entry& entry) {
    return standard ? entry.name == "values.yaml" || (entry.name.starts_with("values-") && is_yaml(entry.name))
                    : is_yaml(entry.name);
  });
}

git::ObjectId Registry::commit_of(std::string_view environment) const {
  const auto* rule = layout_.environment(environment);
  if (pinned_ || rule == nullptr || rule->ref.empty()) return commit_;
  return repository_.resolve(rule->ref);
}

std::vector<std::string> Registry::services() const {
  std::set<std::string> names;
  for (const auto& pattern : layout_.services) {
    const auto parent = parent_of(pattern);
    for (const auto& entry : repository_.list(commit_, parent)) {
      const bool may_be = entry.kind == git::EntryKind::directory || entry.kind == git::EntryKind::link;
      if (!may_be || !is_name(entry.name)) continue;
      if (holds_service(commit_, joined(parent, entry.name))) names.insert(entry.name);
    }
  }
  return {names.begin(), names.end()};
}

std::string Registry::directory_of(const std::string& service, const git::ObjectId& commit) const {
  std::string found;
  if (is_name(service)) {
    for (const auto& pattern : layout_.services) {
      const auto directory = *pattern.expand({.service = service});
      if (!holds_service(commit, directory)) continue;
      if (!found.empty())
        throw Error(failure::bad_input,
                    fmt::format("the service '{}' stands twice: in {} and in {}", service, found, directory))
            .add_place(place(commit, repository_));
      found = directory;
    }
  }
  if (found.empty()) {
    const auto known = services();
    throw Error(failure::not_found, fmt::format("there is no service '{}'{}", service, instead(service, known)),
                "config-get list services")
        .add_place(place(commit, repository_));
  }
  return found;
}

/// Environments that the names of a service's files show: values-staging.yaml, staging.
std::vector<std::string> Registry::shown_by_names(const std::string& service, const std::string& directory) const {
  std::set<std::string> names;
  for (const auto& entry : repository_.list(commit_, directory))
    for (const auto& rule : layout_.layers_of(service))
      if (const auto name = rule.name.match(entry.name, "env", {.service = service})) names.insert(*name);
  return {names.begin(), names.end()};
}

std::vector<std::string> Registry::environments(std::string_view service) const {
  const std::string one(service);
  const auto directory = one.empty() ? std::string() : directory_of(one, commit_);
  if (!layout_.environments.empty()) {
    std::vector<std::string> names;
    names.reserve(layout_.environments.size());
    for (const auto& rule : layout_.environments) names.push_back(rule.name);
    return names;
  }
  if (!one.empty()) return shown_by_names(one, directory);
  std::set<std::string> names;
  for (const auto& each : services())
    names.merge([&] {
      const auto shown = shown_by_names(each, directory_of(each, commit_));
      return std::set<std::string>(shown.begin(), shown.end());
    }());
  return {names.begin(), names.end()};
}

void Registry::check_environment(const std::string& service, const std::string& environment) const {
  if (layout_.environment(environment) != nullptr) return;
  if (layout_.environments.empty()) {
    // A service need not say anything of its own about an environment that others know.
    const auto known = [&](const std::vector<std::string>& names) {
      return std::ranges::find(names, environment) != names.end();
    };
    if (known(environments(service)) || known(environments())) return;
  }
  const auto all = environments();
  throw Error(failure::not_found,
              fmt::format("there is no environment '{}' for '{}'{}", environment, service, instead(environment, all)),
              "config-get list environments")
      .add_place(place(commit_, repository_));
}

const Registry::Document& Registry::document(const std::string& path, const std::string& id,
                                             const std::string& content) {
  const auto [entry, is_new] = documents_.try_emplace({path, id});
  auto& document = entry->second;
  if (!is_new) return document;
  auto parsed = data::parse_yaml_stream(content, path);
  const auto finding = [&](const data::Mark& mark, std::string message) {
    Diagnostic out;
    out.file = path;
    out.line = mark.line;
    out.column = mark.column;
    out.message = std::move(message);
    out.source_line = data::source_line(content, mark.line);
    return out;
  };
  if (parsed.empty()) return document;
  document.values = std::move(parsed.front().root);
  document.warnings = std::move(parsed.front().warnings);
  if (!document.values.is(data::Kind::mapping) && !document.values.is(data::Kind::null)) {
    auto fault = finding(document.values.mark(),
                         fmt::format("a values file holds a map, this is {}", name_of(document.values.kind())));
    documents_.erase(entry);
    throw Error(failure::bad_input, fmt::format("{} is no values file", path), {std::move(fault)});
  }
  if (parsed.size() > 1 && !parsed[1].root.is(data::Kind::null)) {
    auto warning =
        finding(parsed[1].root.mark(), "a second document: helm 3 ignores it, helm 4 merges it; here it is ignored");
    warning.severity = Diagnostic::Severity::warning;
    warning.code = "W013";
    document.warnings.push_back(std::move(warning));
  }
  return document;
}

Layer Registry::read_layer(const LayerRule& rule, const Variables& variables, const git::ObjectId& commit,
                           const ReadOptions& options, Bundle& bundle) {
  Layer layer{.origin = rule.origin, .path = {}, .real_path = {}, .present = false, .id = {}, .values = {}};
  if (rule.origin == Origin::inline_map) {
    layer.path = layer.real_path = layout_.file;
    layer.values = *filled_in(rule.values, variables);
    layer.present = true;
    return layer;
  }
  const auto name = *rule.name.expand(variables);
  std::string content;
  if (rule.origin == Origin::file) {
    layer.path = name.starts_with('/') ? name.substr(1) : joined(bundle.directory, name);
    layer.real_path = layer.path;
    if (auto blob = repository_.read(commit, layer.path)) {
      layer.present = true;
      layer.real_path = std::move(blob->path);
      layer.id = blob->id.hex();
      content = std::move(blob->content);
    }
  } else {
    layer.path = layer.real_path = options.external ? (*options.external / name).string() : name;
    std::error_code unused;
    if (options.external && std::filesystem::exists(layer.path, unused)) {
      layer.present = true;
      content = fs::read_file(layer.path);
      layer.id = "sha256:" + sha256_hex(content);
    }
  }
  if (layer.present) {
    const auto& read = document(layer.real_path, layer.id, content);
    layer.values = read.values;
    const auto is_first = std::ranges::find(bundle.layers, layer.real_path, &Layer::real_path) == bundle.layers.end();
    if (is_first) bundle.warnings.insert(bundle.warnings.end(), read.warnings.begin(), read.warnings.end());
  } else if (rule.required) {
    throw Error(failure::bad_input, fmt::format("the layer {} is required and is not there", layer.path),
                rule.origin == Origin::external && !options.external
                    ? fmt::format("--external DIR, where {} lies", name)
                    : std::string());
  }
  return layer;
}

Bundle Registry::read(const Selection& selection, const ReadOptions& options) {
  const auto& service = selection.service;
  Bundle bundle;
  bundle.registry = repository_.location();
  bundle.service = service;
  bundle.environment = selection.environment;
  bundle.release = selection.release.empty() ? layout_.default_release : selection.release;
  const auto commit = commit_of(selection.environment);
  bundle.commit = commit.hex();
  bundle.directory = directory_of(service, commit);
  check_environment(service, selection.environment);

  Variables variables{.service = service, .environment = bundle.environment, .release = bundle.release, .vars = {}};
  if (const auto* rule = layout_.environment(bundle.environment)) {
    variables.vars = rule->vars;
    bundle.kind = rule->kind;
  }
  bundle.values = data::Value::mapping();
  with_context(place(commit, repository_), [&] {
    for (const auto& rule : layout_.layers_of(service)) {
      const bool applies = rule.origin == Origin::inline_map ? filled_in(rule.values, variables).has_value()
                                                             : rule.name.expand(variables).has_value();
      if (!applies) continue;
      auto layer = read_layer(rule, variables, commit, options, bundle);
      data::merge_layer(bundle.values, layer.values);
      bundle.layers.push_back(std::move(layer));
    }
  });
  bundle.values_sha256 = values_digest(bundle.values);
  return bundle;
}

Registry open(const Source& source, std::string_view at, std::string_view environment, std::optional<Layout> layout) {
  const auto filled = [&](std::string text) {
    constexpr std::string_view placeholder = "{env}";
    for (auto where = text.find(placeholder); where != std::string::npos; where = text.find(placeholder, where)) {
      if (environment.empty())
        throw Error(failure::bad_usage, fmt::format("the registry '{}' differs by environment: say which", text),
                    "-e ENVIRONMENT");
      text.replace(where, placeholder.size(), environment);
      where += environment.size();
    }
    return text;
  };
  auto repository = git::Repository::open(filled(source.location));
  auto commit = repository.resolve(at.empty() ? filled(source.ref) : std::string(at));
  Registry registry(std::move(repository), std::move(commit), std::move(layout));
  if (!at.empty()) registry.pin();
  return registry;
}

}  // namespace slipway::config
