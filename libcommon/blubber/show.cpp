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
  for (const auto& artifact : artifacts) out.items().push_back(value(artifact));
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
  if (field) map.set(key, value(field->value));
}

/// A map that is only shown when something is in it.
void set_filled(Value& map, const char* key, Value inner) {
  if (!inner.members().empty()) map.set(key, std::move(inner));
}

Value value(const Pairs& pairs) {
  auto out = Value::mapping();
  for (const auto& [name, text] : pairs) out.set(name, Value::of(text.value));
  return out;
}

Value value(const Apt& apt) {
  auto out = Value::mapping();
  auto packages = Value::mapping();
  for (const auto& [release, names] : apt.packages) {
    auto list = Value::sequence();
    for (const auto& name : names) list.items().push_back(Value::of(name.value));
    packages.set(release, std::move(list));
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

Value value(const Python& python) {
  auto out = Value::mapping();
  set(out, "version", python.version);
  set(out, "requirements", python.requirements);
  set(out, "use-system-site-packages", python.use_system_site_packages);
  set(out, "no-deps", python.no_deps);
  auto poetry = Value::mapping();
  set(poetry, "version", python.poetry.version);
  set(poetry, "devel", python.poetry.devel);
  set(poetry, "only", python.poetry.only);
  set(poetry, "without", python.poetry.without);
  set_filled(out, "poetry", std::move(poetry));
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

}  // namespace

Value show(const Variant& expanded) {
  const auto& c = expanded.common;
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
  if (!expanded.copies.empty()) out.set("copies", value(expanded.copies));
  return out;
}

}  // namespace slipway::blubber
