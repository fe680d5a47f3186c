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

/// The generic `builders` and the four keys of old cannot be told an order between them.
void check_builders(const Variant& variant, Report& report) {
  const auto& c = variant.common;
  if (!c.builders) return;
  const auto beside = [&](std::string_view key, bool present) {
    if (present)
      report.error(c.builders->mark,
                   fmt::format("'builders' is not allowed beside '{}' in variant '{}'; move it into "
                               "'builders'",
                               key, variant.name),
                   fmt::format("variants.{}.builders", variant.name));
  };
  beside("node", c.node.has_value());
  beside("php", c.php.has_value());
  beside("python", c.python.has_value());
  beside("builder", c.builder.has_value());
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

bool Resolver::layers(const Variant& variant, std::vector<std::string>& open, std::vector<const Variant*>& out) {
  if (std::ranges::find(out, &variant) != out.end()) return true;
  open.push_back(variant.name);
  for (const auto& include : variant.includes) {
    if (std::ranges::find(open, include.value) != open.end()) {
      report_circle("includes", open, include, variant.name);
      return false;
    }
    // An unknown one is in the report already.
    const auto* included = config_.find(include.value);
    if (included == nullptr || !layers(*included, open, out)) return false;
  }
  open.pop_back();
  out.push_back(&variant);
  return true;
}

const Variant* Resolver::expanded(const std::string& name) {
  if (const auto known = expanded_.find(name); known != expanded_.end()) return &known->second;
  const auto* variant = config_.find(name);
  std::vector<std::string> open;
  std::vector<const Variant*> chain;
  if (variant == nullptr || !layers(*variant, open, chain)) return nullptr;

  Variant out;
  merge_common(out.common, config_.common, true);
  for (const auto* layer : chain) {
    merge_common(out.common, layer->common, false);
    merge_copies(out.copies, layer->copies);
    out.keys.insert(out.keys.end(), layer->keys.begin(), layer->keys.end());
  }
  out.name = variant->name;
  out.mark = variant->mark;
  if (config_.is_v3) {
    // Version 3 copied the build context unless told otherwise; `artifacts` came after.
    Artifact first;
    first.is_name = true;
    first.from = variant->copies_of_v3 ? variant->copies_of_v3->value : "local";
    first.mark = variant->copies_of_v3 ? variant->copies_of_v3->mark : variant->mark;
    out.copies.insert(out.copies.begin(), std::move(first));
  }
  check_builders(out, report_);
  return &expanded_.emplace(name, std::move(out)).first->second;
}

bool Resolver::visit(const std::string& name, std::vector<std::string>& open, std::vector<const Variant*>& out) {
  if (std::ranges::any_of(out, [&](const Variant* done) { return done->name == name; })) return true;
  const auto* variant = expanded(name);
  if (variant == nullptr) return false;
  open.push_back(name);
  for (const auto& origin : origins(*variant)) {
    if (origin.value == "local" || config_.find(origin.value) == nullptr) continue;  // the context or an image
    if (std::ranges::find(open, origin.value) != open.end()) {
      report_circle("copies", open, origin, name);
      return false;
    }
    if (!visit(origin.value, open, out)) return false;
  }
  open.pop_back();
  out.push_back(variant);
  return true;
}

std::vector<const Variant*> Resolver::stages(const std::string& target) {
  std::vector<const Variant*> out;
  std::vector<std::string> open;
  if (!visit(target, open, out)) return {};
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t j = i + 1; j < out.size(); ++j) {
      if (text::lower(out[i]->name) != text::lower(out[j]->name)) continue;
      report_.error(out[j]->mark,
                    fmt::format("'{}' and '{}' differ only in case, which builders do not see in the names of stages",
                                out[i]->name, out[j]->name),
                    fmt::format("variants.{}", out[j]->name));
    }
  }
  return out;
}

}  // namespace slipway::blubber
