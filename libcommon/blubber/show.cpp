// SPDX-License-Identifier: Apache-2.0
#include "blubber/show.hpp"

#include <optional>

namespace slipway::blubber {

using data::Value;

namespace {

Value value(const std::string& text) { return Value::of(text); }
Value value(bool b) { return Value::of(b); }
Value value(std::int64_t i) { return Value::of(i); }

Value value(const std::vector<std::string>& texts) {
  auto out = Value::sequence();
  for (const auto& text : texts) out.items().push_back(Value::of(text));
  return out;
}

Value value(const Artifact& artifact) {
  if (artifact.is_name) return Value::of(artifact.from);
  auto out = Value::mapping();
  out.set("from", Value::of(artifact.from.empty() ? std::string("local") : artifact.from));
  if (artifact.source) out.set("source", Value::of(*artifact.source));
  if (artifact.destination) out.set("destination", Value::of(*artifact.destination));
  if (!artifact.exclude.empty()) out.set("exclude", value(artifact.exclude));
  return out;
}

Value value(const Artifacts& artifacts) {
  auto out = Value::sequence();
  for (const auto& artifact : artifacts) {
    out.items().push_back(value(artifact));
    out.items().back().set_mark(artifact.mark);
  }
  return out;
}

Value value(const Command& command) {
  if (command.is_text) return Value::of(command.words.empty() ? std::string() : command.words.front());
  return value(command.words);
}

Value value(const std::vector<Mount>& mounts) {
  auto out = Value::sequence();
  for (const auto& mount : mounts) {
    auto item = Value::mapping();
    item.set("from", Value::of(mount.from));
    item.set("destination", Value::of(mount.destination.empty() ? std::string(".") : mount.destination));
    if (!mount.source.empty()) item.set("source", Value::of(mount.source));
    out.items().push_back(std::move(item));
  }
  return out;
}

Value value(const std::vector<Cache>& caches) {
  auto out = Value::sequence();
  for (const auto& cache : caches) {
    auto item = Value::mapping();
    item.set("destination", Value::of(cache.destination));
    item.set("id", Value::of(cache.id));
    item.set("access", Value::of(cache.access));
    out.items().push_back(std::move(item));
  }
  return out;
}

template <typename T>
void set(Value& map, const char* key, const Field<T>& field) {
  if (field) map.set(key, value(field->value)).set_mark(field->mark);
}

/// A map that is only shown when something is in it.
void set_filled(Value& map, const char* key, Value inner) {
  if (!inner.members().empty()) map.set(key, std::move(inner));
}

Value value(const Pairs& pairs) {
  auto out = Value::mapping();
  for (const auto& [name, text] : pairs) {
    auto shown = Value::of(text.value);
    shown.set_mark(text.mark);
    // The names differ from each other: no need to look for each.
    out.members().push_back({name, std::move(shown), {}});
  }
  return out;
}

Value value(const Apt& apt) {
  auto out = Value::mapping();
  auto packages = Value::mapping();
  for (const auto& [release, names] : apt.packages) {
    auto list = Value::sequence();
    for (const auto& name : names) {
      list.items().push_back(Value::of(name.value));
      list.items().back().set_mark(name.mark);
    }
    packages.members().push_back({release, std::move(list), {}});
  }
  set_filled(out, "packages", std::move(packages));
  if (!apt.sources.empty()) {
    auto sources = Value::sequence();
    for (const auto& source : apt.sources) {
      auto item = Value::mapping();
      item.set("url", Value::of(source.url));
      item.set("distribution", Value::of(source.distribution));
      item.set("components", value(source.components));
      if (!source.signed_by.empty()) item.set("signed-by", Value::of(source.signed_by));
      item.set_mark(source.mark);
      sources.items().push_back(std::move(item));
    }
    out.set("sources", std::move(sources));
  }
  if (!apt.proxies.empty()) {
    auto proxies = Value::sequence();
    for (const auto& proxy : apt.proxies) {
      auto item = Value::mapping();
      item.set("url", Value::of(proxy.url));
      if (!proxy.source.empty()) item.set("source", Value::of(proxy.source));
      item.set_mark(proxy.mark);
      proxies.items().push_back(std::move(item));
    }
    out.set("proxies", std::move(proxies));
  }
  return out;
}

Value value(const Node& node) {
  auto out = Value::mapping();
  set(out, "requirements", node.requirements);
  set(out, "env", node.env);
  set(out, "use-npm-ci", node.use_npm_ci);
  set(out, "allow-dedupe-failure", node.allow_dedupe_failure);
  return out;
}

Value value(const Php& php) {
  auto out = Value::mapping();
  set(out, "requirements", php.requirements);
  set(out, "production", php.production);
  return out;
}

Value value(const Installer& installer) {
  auto out = Value::mapping();
  set(out, "version", installer.version);
  set(out, "devel", installer.devel);
  set(out, "only", installer.only);
  set(out, "without", installer.without);
  return out;
}

Value value(const Python& python) {
  auto out = Value::mapping();
  set(out, "version", python.version);
  set(out, "requirements", python.requirements);
  set(out, "use-system-site-packages", python.use_system_site_packages);
  set(out, "no-deps", python.no_deps);
  set_filled(out, "poetry", value(python.poetry));
  set_filled(out, "uv", value(python.uv));
  set(out, "pip-version", python.pip_version);
  set(out, "setuptools-version", python.setuptools_version);
  set(out, "wheel-version", python.wheel_version);
  set(out, "tox-version", python.tox_version);
  set(out, "venv", python.venv);
  return out;
}

Value value(const Custom& custom) {
  auto out = Value::mapping();
  set(out, "command", custom.command);
  set(out, "script", custom.script);
  set(out, "requirements", custom.requirements);
  set(out, "mounts", custom.mounts);
  set(out, "caches", custom.caches);
  return out;
}

constexpr const char* kind_of(const Custom& /*b*/) { return "custom"; }
constexpr const char* kind_of(const Node& /*b*/) { return "node"; }
constexpr const char* kind_of(const Php& /*b*/) { return "php"; }
constexpr const char* kind_of(const Python& /*b*/) { return "python"; }

template <typename T>
void set(Value& map, const char* key, const std::optional<T>& part) {
  if (part) map.set(key, value(*part));
}

/// What a key means when it is not given.
Value defaults() {
  const auto text = [](const char* s) { return Value::of(std::string(s)); };
  const auto number = [](std::int64_t i) { return Value::of(i); };
  const auto no = Value::of(false);
  const auto list = Value::sequence();
  const auto map = Value::mapping();
  const auto installer =
      Value::mapping({{"version", text(""), {}}, {"devel", no, {}}, {"only", text(""), {}}, {"without", text(""), {}}});
  return Value::mapping({
      {"base", text(""), {}},
      {"arguments", map, {}},
      {"apt", Value::mapping({{"packages", map, {}}, {"sources", list, {}}, {"proxies", list, {}}}), {}},
      {"node",
       Value::mapping({{"requirements", list, {}},
                       {"env", text(""), {}},
                       {"use-npm-ci", no, {}},
                       {"allow-dedupe-failure", no, {}}}),
       {}},
      {"php", Value::mapping({{"requirements", list, {}}, {"production", no, {}}}), {}},
      {"python",
       Value::mapping({{"version", text(""), {}},
                       {"requirements", list, {}},
                       {"use-system-site-packages", no, {}},
                       {"no-deps", no, {}},
                       {"poetry", installer, {}},
                       {"uv", installer, {}},
                       {"pip-version", text(""), {}},
                       {"setuptools-version", text(""), {}},
                       {"wheel-version", text(""), {}},
                       {"tox-version", text(""), {}},
                       {"venv", text("/opt/lib/venv"), {}}}),
       {}},
      {"builder",
       Value::mapping({{"command", list, {}},
                       {"script", text(""), {}},
                       {"requirements", list, {}},
                       {"mounts", list, {}},
                       {"caches", list, {}}}),
       {}},
      {"builders", list, {}},
      {"lives",
       Value::mapping({{"in", text("/srv/app"), {}},
                       {"as", text("somebody"), {}},
                       {"uid", number(65533), {}},
                       {"gid", number(65533), {}}}),
       {}},
      {"runs",
       Value::mapping({{"as", text("runuser"), {}},
                       {"uid", number(900), {}},
                       {"gid", number(900), {}},
                       {"environment", map, {}},
                       {"in", text(""), {}},
                       {"insecurely", no, {}}}),
       {}},
      {"entrypoint", list, {}},
      {"includes", list, {}},
      {"copies", list, {}},
  });
}

void fill(Value& value, const Value& from) {
  for (const auto& member : from.members()) {
    auto* there = value.find(member.key);
    if (there == nullptr) value.members().push_back(member);
    else if (there->is(data::Kind::mapping)) fill(*there, member.value);
  }
}

Value show_common(const Common& c) {
  auto out = Value::mapping();
  set(out, "base", c.base);
  set_filled(out, "arguments", value(c.arguments));
  set_filled(out, "apt", value(c.apt));
  set(out, "node", c.node);
  set(out, "php", c.php);
  set(out, "python", c.python);
  set(out, "builder", c.builder);
  if (c.builders) {
    auto list = Value::sequence();
    for (const auto& builder : c.builders->value) {
      std::visit([&](const auto& b) { list.items().push_back(Value::mapping({{kind_of(b), value(b), {}}})); }, builder);
    }
    out.set("builders", std::move(list));
  }
  auto lives = Value::mapping();
  set(lives, "in", c.lives.in);
  set(lives, "as", c.lives.as);
  set(lives, "uid", c.lives.uid);
  set(lives, "gid", c.lives.gid);
  set_filled(out, "lives", std::move(lives));
  auto runs = Value::mapping();
  set(runs, "as", c.runs.as);
  set(runs, "uid", c.runs.uid);
  set(runs, "gid", c.runs.gid);
  set_filled(runs, "environment", value(c.runs.environment));
  set(runs, "in", c.runs.in);
  set(runs, "insecurely", c.runs.insecurely);
  set_filled(out, "runs", std::move(runs));
  set(out, "entrypoint", c.entrypoint);
  return out;
}

}  // namespace

Value show(const Variant& expanded) {
  auto out = show_common(expanded.common);
  if (!expanded.copies.empty()) out.set("copies", value(expanded.copies));
  return out;
}

const Value& every_key() {
  static const Value keys = defaults();
  return keys;
}

Value show_whole(const Variant& variant) {
  auto out = show(variant);
  if (!variant.includes.empty()) {
    auto list = Value::sequence();
    for (const auto& include : variant.includes) list.items().push_back(Value::of(include.value));
    out.set("includes", std::move(list)).set_mark(variant.includes.front().mark);
  }
  fill(out, every_key());
  out.set_mark(variant.mark);
  return out;
}

Value show_whole(const Common& top_level) {
  auto out = show_common(top_level);
  fill(out, every_key());
  out.erase("includes");
  out.erase("copies");
  return out;
}

}  // namespace slipway::blubber
