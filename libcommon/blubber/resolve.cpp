// SPDX-License-Identifier: Apache-2.0
#include "blubber/resolve.hpp"

#include "blubber/merge_layers.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

void add_origins(Texts& out, const Artifacts& artifacts) {
  for (const auto& artifact : artifacts) out.push_back({artifact.is_local() ? "local" : artifact.from, artifact.mark});
}

template <typename T>
void add_origins(Texts& out, const T& builder) {
  if (builder.requirements) add_origins(out, builder.requirements->value);
  if constexpr (std::is_same_v<T, Custom>) {
    if (!builder.mounts) return;
    for (const auto& mount : builder.mounts->value) out.push_back({mount.from, mount.mark});
  }
}

template <typename T>
bool says_anything(const Field<T>& value) {
  return value.has_value();
}

template <typename T>
bool says_anything(const T& builder) {
  return std::apply([&](auto... value) { return (says_anything(builder.*value) || ...); }, T::values());
}

/// The generic `builders` and the four keys of old cannot be told an order between them. As upstream
/// (config/validation.go, notAllowedWith), an empty list or an empty map is none.
void check_builders(const Variant& variant, Report& report) {
  const auto& c = variant.common;
  if (!c.builders || c.builders->value.empty()) return;
  const auto beside = [&](std::string_view key, bool present) {
    if (present)
      report.error(c.builders->mark,
                   fmt::format("'builders' is not allowed beside '{}' in variant '{}'; move it into "
                               "'builders'",
                               key, variant.name),
                   fmt::format("variants.{}.builders", variant.name));
  };
  beside("node", c.node && says_anything(*c.node));
  beside("php", c.php && says_anything(*c.php));
  beside("python", c.python && says_anything(*c.python));
  beside("builder", c.builder && says_anything(*c.builder));
}

/// How many values a variant holds, about.
std::size_t size_of(const Variant& v) {
  const auto& c = v.common;
  std::size_t out = 10 + v.copies.size() + v.keys.size() + c.arguments.size() + c.runs.environment.size() +
                    c.apt.sources.size() + c.apt.proxies.size();
  for (const auto& [release, packages] : c.apt.packages) out += 1 + packages.size();
  if (c.entrypoint) out += c.entrypoint->value.size();
  const auto size_of_builder = [](const auto& builder) {
    std::size_t size = 4 + (builder.requirements ? builder.requirements->value.size() : 0);
    if constexpr (std::is_same_v<std::decay_t<decltype(builder)>, Custom>) {
      if (builder.command) size += builder.command->value.words.size();
      if (builder.mounts) size += builder.mounts->value.size();
      if (builder.caches) size += builder.caches->value.size();
      // A long script counts for what it weighs.
      if (builder.script) size += builder.script->value.size() / 64;
    }
    return size;
  };
  if (c.node) out += size_of_builder(*c.node);
  if (c.php) out += size_of_builder(*c.php);
  if (c.python) out += size_of_builder(*c.python);
  if (c.builder) out += size_of_builder(*c.builder);
  if (c.builders) {
    for (const auto& builder : c.builders->value) out += std::visit(size_of_builder, builder);
  }
  return out;
}

}  // namespace

Texts origins(const Variant& expanded) {
  Texts out;
  add_origins(out, expanded.copies);
  const auto& c = expanded.common;
  if (c.node) add_origins(out, *c.node);
  if (c.php) add_origins(out, *c.php);
  if (c.python) add_origins(out, *c.python);
  if (c.builder) add_origins(out, *c.builder);
  if (c.builders) {
    for (const auto& builder : c.builders->value) std::visit([&](const auto& b) { add_origins(out, b); }, builder);
  }
  return out;
}

bool is_scratch(const Variant& expanded) { return !expanded.common.base || expanded.common.base->value == "scratch"; }

void Resolver::report_circle(std::string_view what, const std::vector<std::string>& open, const Text& again,
                             const std::string& in) {
  const std::vector<std::string> members(std::ranges::find(open, again.value), open.end());
  auto sorted = members;
  std::ranges::sort(sorted);
  sorted.emplace_back(what);
  if (!circles_.insert(std::move(sorted)).second) return;
  report_.error(again.mark,
                fmt::format("the {} go in a circle: {} -> {}", what, text::join(members, " -> "), again.value),
                fmt::format("variants.{}.{}", in, what));
}

bool Resolver::too_deep(const std::vector<std::string>& open, std::string_view what) {
  if (open.size() < limits_.depth) return false;
  const auto* variant = config_.find(open.front());
  report_.error(variant->mark,
                fmt::format("the {} of '{}' go deeper than {} levels", what, open.front(), limits_.depth),
                fmt::format("variants.{}.{}", open.front(), what));
  return true;
}

bool Resolver::add_layers(const Variant& variant, std::vector<std::string>& open, Chain& out,
                          std::unordered_set<const Variant*>& done) {
  if (done.contains(&variant)) return true;
  if (too_deep(open, "includes")) return false;
  open.push_back(variant.name);
  for (const auto& include : variant.includes) {
    if (std::ranges::find(open, include.value) != open.end()) {
      report_circle("includes", open, include, variant.name);
      return false;
    }
    // An unknown one is in the report already.
    const auto* included = config_.find(include.value);
    if (included == nullptr || !add_layers(*included, open, out, done)) return false;
  }
  open.pop_back();
  out.push_back(&variant);
  done.insert(&variant);
  return true;
}

Resolver::Chain Resolver::layers(const Variant& variant) {
  Chain out;
  std::vector<std::string> open;
  std::unordered_set<const Variant*> done;
  if (!add_layers(variant, open, out, done)) return {};
  return out;
}

const Variant* Resolver::merged(const Variant& variant) {
  const auto chain = layers(variant);
  if (chain.empty()) return nullptr;
  // The layers of what is included first are the first ones of this chain, and what they come to may be known.
  Variant out;
  std::size_t next = 0;
  // (Not in version 3: there a variant's first copy is nobody else's.)
  for (const auto* first = &variant; next == 0 && !config_.is_v3 && !first->includes.empty();) {
    first = config_.find(first->includes.front().value);
    const auto known = merged_.find(first->name);
    if (known == merged_.end()) continue;
    out = known->second;
    next = static_cast<std::size_t>(std::ranges::find(chain, first) - chain.begin()) + 1;
  }
  if (next == 0) merge_common(out.common, config_.common, true);
  for (; next < chain.size(); ++next) {
    const auto& layer = *chain[next];
    merge_common(out.common, layer.common, false);
    merge_copies(out.copies, layer.copies);
    out.keys.insert(out.keys.end(), layer.keys.begin(), layer.keys.end());
  }
  out.name = variant.name;
  out.mark = variant.mark;
  if (config_.is_v3) {
    // Version 3 copied the build context unless told otherwise; `artifacts` came after.
    Artifact first;
    first.is_name = true;
    first.from = variant.copies_of_v3 ? variant.copies_of_v3->value : "local";
    first.mark = variant.copies_of_v3 ? variant.copies_of_v3->mark : variant.mark;
    out.copies.insert(out.copies.begin(), std::move(first));
  }
  values_ += size_of(out);
  if (values_ > limits_.values) {
    if (!is_too_large_)
      report_.error(variant.mark,
                    fmt::format("what the variants inherit comes to more than {} values in all", limits_.values),
                    fmt::format("variants.{}", variant.name));
    is_too_large_ = true;
    return nullptr;
  }
  return &merged_.insert_or_assign(variant.name, std::move(out)).first->second;
}

const Variant* Resolver::expanded(const std::string& name) {
  const auto* variant = config_.find(name);
  if (variant == nullptr || is_too_large_) return nullptr;
  const auto known = merged_.find(name);
  if (known != merged_.end()) return &known->second;
  const auto* out = merged(*variant);
  if (out != nullptr) check_builders(*out, report_);
  return out;
}

bool Resolver::visit(const std::string& name, std::vector<std::string>& open, Chain& out, std::set<std::string>& done) {
  if (done.contains(name)) return true;
  if (too_deep(open, "copies")) return false;
  const auto* variant = expanded(name);
  if (variant == nullptr) return false;
  open.push_back(name);
  for (const auto& origin : origins(*variant)) {
    if (origin.value == "local" || config_.find(origin.value) == nullptr) continue;  // the context or an image
    if (std::ranges::find(open, origin.value) != open.end()) {
      report_circle("copies", open, origin, name);
      return false;
    }
    if (!visit(origin.value, open, out, done)) return false;
  }
  open.pop_back();
  out.push_back(variant);
  done.insert(name);
  return true;
}

void Resolver::check_letters(const Chain& stages) {
  std::map<std::string, const Variant*> seen;
  for (const auto* stage : stages) {
    const auto [there, is_new] = seen.emplace(text::lower(stage->name), stage);
    if (is_new) continue;
    report_.error(stage->mark,
                  fmt::format("'{}' and '{}' differ only in case, which builders do not see in the names of stages",
                              there->second->name, stage->name),
                  fmt::format("variants.{}", stage->name));
  }
}

std::vector<const Variant*> Resolver::stages(const std::string& target) {
  Chain out;
  std::vector<std::string> open;
  std::set<std::string> done;
  if (!visit(target, open, out, done)) return {};
  check_letters(out);
  return out;
}

std::vector<const Variant*> Resolver::all() {
  Chain out;
  std::set<std::string> done;
  std::set<std::string> letters;
  bool may_collide = false;
  for (const auto& variant : config_.variants) {
    std::vector<std::string> open;
    (void)visit(variant.name, open, out, done);
    may_collide = !letters.insert(text::lower(variant.name)).second || may_collide;
  }
  // Two names that differ in case alone harm nobody unless one Dockerfile needs both.
  if (may_collide) {
    for (const auto& variant : config_.variants) (void)stages(variant.name);
  }
  return out;
}

}  // namespace slipway::blubber
