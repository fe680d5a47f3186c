// SPDX-License-Identifier: Apache-2.0
#include "blubber/read_builders.hpp"

#include "blubber/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::blubber {

using data::Kind;
using data::Value;

namespace {

const Rule specifier{grammar::is_python_specifier, "is no Python version specifier such as ==1.2 or >=1.2,<2"};
const Rule version_or_specifier{
    [](std::string_view s) { return grammar::is_python_version(s) || grammar::is_python_specifier(s); },
    "is neither a version such as 1.2 nor a specifier such as >=1.2,<2"};

std::optional<std::string> value_of(Field<std::string> field) {
  if (!field) return std::nullopt;
  return std::move(field->value);
}

std::vector<std::string> values_of(const Field<Texts>& field) {
  std::vector<std::string> out;
  if (!field) return out;
  for (const auto& text : field->value) out.push_back(text.value);
  return out;
}

bool is_filled(const Field<std::string>& field) { return field && !field->value.empty(); }

bool needs_inside(Report& report, const Artifact& artifact, const data::Mark& mark, const std::string& path) {
  if (!artifact.is_local() || !artifact.source || grammar::stays_inside(*artifact.source)) return true;
  report.error(mark,
               fmt::format("{}: '{}' leaves the build context; a local source is relative and stays inside", path,
                           *artifact.source),
               path);
  return false;
}

Field<Artifacts> read_requirements(const MapReader& map) {
  const auto* value = map.find("requirements");
  if (value == nullptr) return {};
  Placed<Artifacts> out{{}, value->mark()};
  read_list(map.report(), *value, map.path("requirements"), [&](const Value& item, const std::string& path) {
    if (auto artifact = read_artifact(map.report(), item, path, true)) out.value.push_back(std::move(*artifact));
  });
  return out;
}

Field<Command> read_command(const MapReader& map) {
  const auto* value = map.find("command");
  if (value == nullptr) return {};
  Placed<Command> out{{}, value->mark()};
  if (value->is_scalar()) {
    out.value.is_text = true;
    if (auto text = map.text("command")) out.value.words.push_back(std::move(text->value));
    return out;
  }
  for (auto& word : values_of(map.texts("command"))) out.value.words.push_back(std::move(word));
  return out;
}

Field<std::vector<Mount>> read_mounts(const MapReader& map) {
  const auto* value = map.find("mounts");
  if (value == nullptr) return {};
  Placed<std::vector<Mount>> out{{}, value->mark()};
  auto& report = map.report();
  read_list(report, *value, map.path("mounts"), [&](const Value& item, const std::string& path) {
    Mount mount;
    mount.mark = item.mark();
    if (item.is_scalar()) {
      mount.from = read_text(report, item, path).value_or("");
    } else {
      const MapReader m(report, item, path, {"from", "destination", "source"}, MapReader::Unknown::is_warning);
      mount.from = value_of(m.text("from")).value_or("");
      mount.destination = value_of(m.text("destination", &rules::clean_text)).value_or("");
      mount.source = value_of(m.text("source", &rules::clean_text)).value_or("");
      warn_of_odd_dollar(report, mount.destination, item.mark(), m.path("destination"), Variables::plain);
      warn_of_odd_dollar(report, mount.source, item.mark(), m.path("source"), Variables::plain);
    }
    if (mount.from.empty()) report.error(item.mark(), fmt::format("'{}' lacks 'from'", path), path);
    out.value.push_back(std::move(mount));
  });
  return out;
}

Field<std::vector<Cache>> read_caches(const MapReader& map) {
  const auto* value = map.find("caches");
  if (value == nullptr) return {};
  Placed<std::vector<Cache>> out{{}, value->mark()};
  auto& report = map.report();
  read_list(report, *value, map.path("caches"), [&](const Value& item, const std::string& path) {
    Cache cache;
    if (item.is_scalar()) {
      cache.destination = read_text(report, item, path, &rules::clean_text).value_or("");
    } else {
      const MapReader m(report, item, path, {"destination", "id", "access"}, MapReader::Unknown::is_warning);
      cache.destination = value_of(m.text("destination", &rules::clean_text)).value_or("");
      cache.id = value_of(m.text("id", &rules::clean_text)).value_or("");
      const auto access = m.text("access");
      constexpr std::array<std::string_view, 3> modes{"shared", "private", "locked"};
      if (is_filled(access) && std::ranges::find(modes, access->value) == modes.end())
        report.error(access->mark,
                     fmt::format("{}: '{}' is none of shared, private, locked", m.path("access"), access->value),
                     m.path("access"));
      if (access) cache.access = access->value;
    }
    // An empty one would later be `rm -rf /*`.
    if (cache.destination.empty()) report.error(item.mark(), fmt::format("'{}' lacks 'destination'", path), path);
    else if (grammar::clean_path(cache.destination) == "/")
      report.error(item.mark(), fmt::format("'{}' is the root of the image, which is no cache", path), path);
    warn_of_odd_dollar(report, cache.destination, item.mark(), path, Variables::plain);
    cache.mark = item.mark();
    if (cache.id.empty()) cache.id = cache.destination;
    if (cache.access.empty()) cache.access = "shared";
    out.value.push_back(std::move(cache));
  });
  return out;
}

Installer read_installer(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"version", "devel", "only", "without"});
  Installer out;
  out.version = map.text("version", &version_or_specifier);
  out.devel = map.flag("devel");
  out.only = map.text("only", &rules::clean_text);
  out.without = map.text("without", &rules::clean_text);
  if (is_filled(out.only) && is_filled(out.without))
    report.warning(out.without->mark, fmt::format("'{}' has no effect beside 'only'", map.path("without")),
                   map.path("without"));
  return out;
}

}  // namespace

std::string identity_of(const Artifact& artifact) {
  // NUL is in none of the parts.
  std::string out{artifact.is_name ? 'n' : 'm', artifact.source ? 's' : '-', artifact.destination ? 'd' : '-'};
  out += artifact.from;
  out += '\0' + artifact.source.value_or("");
  out += '\0' + artifact.destination.value_or("");
  for (const auto& pattern : artifact.exclude) out += '\0' + pattern;
  return out;
}

std::optional<Artifact> read_artifact(Report& report, const Value& value, const std::string& path,
                                      bool is_requirement) {
  Artifact artifact;
  artifact.mark = value.mark();
  if (value.is_scalar()) {
    auto text = read_text(report, value, path, &rules::clean_text);
    if (!text) return std::nullopt;
    if (text->empty()) {
      report.error(value.mark(), fmt::format("'{}' is empty", path), path);
      return std::nullopt;
    }
    if (is_requirement) {
      artifact.from = "local";
      artifact.source = std::move(*text);
      needs_inside(report, artifact, value.mark(), path);
    } else {
      artifact.is_name = true;
      artifact.from = std::move(*text);
    }
    return artifact;
  }
  const MapReader map(report, value, path, {"from", "source", "destination", "exclude"},
                      MapReader::Unknown::is_warning);
  if (!value.is(Kind::mapping)) return std::nullopt;
  artifact.from = value_of(map.text("from", &rules::clean_text)).value_or("");
  artifact.source = value_of(map.text("source", &rules::clean_text));
  artifact.destination = value_of(map.text("destination", &rules::clean_text));
  artifact.exclude = values_of(map.texts("exclude", &rules::clean_text));
  if (artifact.source && artifact.source->empty()) artifact.source.reset();
  if (artifact.destination && artifact.destination->empty()) artifact.destination.reset();
  if (artifact.from.empty()) {
    const auto message = fmt::format("'{}' lacks 'from'", path);
    // Upstream 0.23 did not look inside of `builders`, and real files rely on it.
    if (is_requirement) report.warning(value.mark(), message + "; taken as local", path);
    else report.error(value.mark(), message, path);
  }
  if (artifact.destination && !artifact.source)
    report.error(value.mark(), fmt::format("'{}' has a destination and therefore needs a source", path), path);
  if (is_requirement && !artifact.source && !artifact.is_local())
    report.error(value.mark(), fmt::format("'{}' lacks 'source'", path), path);
  if (const auto* source = map.find("source")) needs_inside(report, artifact, source->mark(), map.path("source"));
  return artifact;
}

Node read_node(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"requirements", "env", "use-npm-ci", "allow-dedupe-failure"});
  Node node;
  node.mark = value.mark();
  node.requirements = read_requirements(map);
  node.env = map.text("env", &rules::node_environment);
  node.use_npm_ci = map.flag("use-npm-ci");
  node.allow_dedupe_failure = map.flag("allow-dedupe-failure");
  return node;
}

Php read_php(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"requirements", "production"});
  Php php;
  php.mark = value.mark();
  php.requirements = read_requirements(map);
  php.production = map.flag("production");
  return php;
}

Python read_python(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path,
                      {"version", "requirements", "use-system-site-packages", "use-system-flag", "no-deps", "poetry",
                       "uv", "pip-version", "setuptools-version", "wheel-version", "tox-version", "venv"});
  Python python;
  python.mark = value.mark();
  python.version = map.text("version", &rules::clean_text);
  python.requirements = read_requirements(map);
  python.use_system_site_packages = map.flag("use-system-site-packages");
  python.no_deps = map.flag("no-deps");
  python.pip_version = map.text("pip-version", &version_or_specifier);
  python.setuptools_version = map.text("setuptools-version", &version_or_specifier);
  python.wheel_version = map.text("wheel-version", &version_or_specifier);
  python.tox_version = map.text("tox-version", &version_or_specifier);
  python.venv = map.text("venv", &rules::clean_text);
  if (is_filled(python.venv) && !python.venv->value.starts_with('/'))
    report.warning(python.venv->mark, fmt::format("'{}' is relative and taken as below 'lives.in'", map.path("venv")),
                   map.path("venv"));
  else if (is_filled(python.venv) && !grammar::is_absolute_path(python.venv->value))
    report.error(python.venv->mark, fmt::format("{}: '{}' is the root itself", map.path("venv"), python.venv->value),
                 map.path("venv"));
  if (const auto* poetry = map.find("poetry")) python.poetry = read_installer(report, *poetry, map.path("poetry"));
  if (const auto* uv = map.find("uv")) python.uv = read_installer(report, *uv, map.path("uv"));
  if (is_filled(python.poetry.version) && is_filled(python.uv.version))
    report.error(python.uv.version->mark,
                 fmt::format("'{}' is not allowed beside 'poetry': one of them installs", map.path("uv")),
                 map.path("uv"));
  if (map.flag("use-system-flag"))
    report.deprecated(map.find("use-system-flag")->mark(),
                      fmt::format("'{}' means nothing since there is a virtual environment; it is ignored",
                                  map.path("use-system-flag")),
                      map.path("use-system-flag"));
  return python;
}

Custom read_custom(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"command", "script", "requirements", "mounts", "caches"});
  Custom custom;
  custom.mark = value.mark();
  custom.command = read_command(map);
  // It goes in as several arguments; the kernel's limit for all of them together is about 2 MiB.
  custom.script = map.text("script", nullptr, 1U << 20U);
  custom.requirements = read_requirements(map);
  custom.mounts = read_mounts(map);
  custom.caches = read_caches(map);
  const bool has_command = custom.command && std::ranges::any_of(custom.command->value.words, [](const auto& word) {
                             return !word.empty();
                           });
  if (has_command && is_filled(custom.script))
    report.error(custom.script->mark, fmt::format("'{}' is not allowed beside 'command'", map.path("script")),
                 map.path("script"));
  return custom;
}

Field<std::vector<Builder>> read_builders(Report& report, const Value& value, const std::string& path) {
  Placed<std::vector<Builder>> out{{}, value.mark()};
  std::array<bool, 4> seen{};
  const bool is_list = read_list(report, value, path, [&](const Value& item, const std::string& at) {
    const MapReader map(report, item, at, {"custom", "php", "node", "python"});
    if (!item.is(Kind::mapping)) return;
    // Of several kinds in one item both oracles keep one, in this order.
    std::string chosen;
    for (const std::string_view kind : {"custom", "php", "node", "python"}) {
      const auto* body = map.find(kind);
      if (body == nullptr) continue;
      if (!chosen.empty()) {
        report.warning(body->mark(),
                       fmt::format("'{}' holds '{}' beside '{}' and is taken as '{}' only", at, kind, chosen, chosen),
                       at);
        continue;
      }
      chosen = kind;
      if (kind == "custom") out.value.emplace_back(read_custom(report, *body, map.path(kind)));
      else if (kind == "php") out.value.emplace_back(read_php(report, *body, map.path(kind)));
      else if (kind == "node") out.value.emplace_back(read_node(report, *body, map.path(kind)));
      else out.value.emplace_back(read_python(report, *body, map.path(kind)));
    }
    if (chosen.empty()) {
      if (std::ranges::all_of(item.members(), [](const auto& m) { return m.value.is(Kind::null); }))
        report.warning(item.mark(), fmt::format("'{}' is empty", at), at);
      return;
    }
    auto& repeated = seen.at(out.value.back().index());
    if (repeated && chosen != "custom")
      report.error(item.mark(), fmt::format("a second '{}' in '{}': each kind but custom may stand once", chosen, path),
                   at);
    repeated = true;
  });
  if (!is_list) return {};
  return out;
}

}  // namespace slipway::blubber
