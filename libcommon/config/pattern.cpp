// SPDX-License-Identifier: Apache-2.0
#include "config/pattern.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::config {

namespace {

constexpr std::string_view vars_prefix = "vars.";

/// The length of a `{word}` at the front of the text, braces included; 0 when it is none. Other braces stand
/// for themselves, so that an inline map may hold JSON or a template.
std::size_t placeholder_length(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%";
  const auto end = text.find('}');
  if (!text.starts_with('{') || end == std::string_view::npos || end == 1) return 0;
  return text.substr(1, end - 1).find_first_not_of(allowed) == std::string_view::npos ? end + 1 : 0;
}

bool is_known(std::string_view name) {
  return name == "service" || name == "env" || name == "release" || name == "namespace" || name == "chart" ||
         (name.starts_with(vars_prefix) && name.size() > vars_prefix.size());
}

std::optional<std::string> value_of(std::string_view name, const Variables& variables) {
  if (name == "service") return variables.service;
  if (name == "env") return variables.environment;
  if (name == "release") return variables.release;
  if (name == "namespace") return variables.name_space;
  if (name == "chart") return variables.chart;
  const auto found =
      std::ranges::find(variables.vars, name.substr(vars_prefix.size()), &std::pair<std::string, std::string>::first);
  return found == variables.vars.end() ? std::nullopt : std::optional(found->second);
}

void set(std::string_view name, std::string value, Variables& variables) {
  if (name == "service") variables.service = std::move(value);
  else if (name == "env") variables.environment = std::move(value);
  else if (name == "release") variables.release = std::move(value);
}

}  // namespace

std::optional<Pattern> Pattern::parse(std::string_view text, std::string& problem) {
  Pattern pattern;
  pattern.text_ = text;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) pattern.parts_.push_back({true, std::exchange(literal, {}), {}});
  };
  while (!text.empty()) {
    const auto length = placeholder_length(text);
    if (length == 0) {
      literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    flush();
    const auto inside = text.substr(1, length - 2);
    const auto cut = inside.find('%');
    Part part{false, std::string(inside.substr(0, cut)), {}};
    if (cut != std::string_view::npos) part.suffix = inside.substr(cut + 1);
    if (!is_known(part.text)) {
      const std::array<std::string, 5> known{"service", "env", "release", "namespace", "chart"};
      const auto meant = part.text == "environment" ? "; did you mean 'env'?" : text::did_you_mean(part.text, known);
      problem = fmt::format("unknown placeholder '{{{}}}'{}", part.text, meant);
      return std::nullopt;
    }
    if (cut != std::string_view::npos && part.suffix.empty()) {
      problem = fmt::format("'{{{}}}' does not say which suffix to cut off", inside);
      return std::nullopt;
    }
    pattern.parts_.push_back(std::move(part));
    text.remove_prefix(length);
  }
  flush();
  return pattern;
}

std::optional<std::string> Pattern::expand(const Variables& variables) const {
  std::string out;
  for (const auto& part : parts_) {
    if (part.literal) {
      out += part.text;
      continue;
    }
    auto value = value_of(part.text, variables);
    if (!value) return std::nullopt;
    if (!part.suffix.empty()) {
      if (!value->ends_with(part.suffix) || value->size() == part.suffix.size()) return std::nullopt;
      value->resize(value->size() - part.suffix.size());
    }
    out += *value;
  }
  return out;
}

std::optional<std::string> Pattern::match(std::string_view name, std::string_view placeholder,
                                          Variables variables) const {
  const auto is_it = [&](const Part& part) { return !part.literal && part.text == placeholder; };
  const auto first = std::ranges::find_if(parts_, is_it);
  if (first == parts_.end()) return std::nullopt;
  Pattern before;
  before.parts_.assign(parts_.begin(), first);
  const auto prefix = before.expand(variables);
  if (!prefix || !name.starts_with(*prefix)) return std::nullopt;
  // What follows may hold the placeholder again, so every cut is tried and proved by expanding.
  for (auto end = name.size(); end > prefix->size(); --end) {
    const auto candidate = name.substr(prefix->size(), end - prefix->size());
    if (candidate.find('/') != std::string_view::npos) continue;
    auto value = std::string(candidate) + first->suffix;
    set(placeholder, value, variables);
    if (expand(variables) == name) return value;
  }
  return std::nullopt;
}

bool Pattern::holds(std::string_view placeholder) const {
  return std::ranges::any_of(parts_, [&](const Part& part) { return !part.literal && part.text == placeholder; });
}

std::vector<std::string> Pattern::variables() const {
  std::vector<std::string> names;
  for (const auto& part : parts_)
    if (!part.literal && part.text.starts_with(vars_prefix)) names.push_back(part.text.substr(vars_prefix.size()));
  return names;
}

bool glob_matches(std::string_view glob, std::string_view name) {
  const auto star = glob.find('*');
  if (star == std::string_view::npos) return glob == name;
  if (!name.starts_with(glob.substr(0, star))) return false;
  const auto rest = glob.substr(star + 1);
  name.remove_prefix(star);
  for (std::size_t taken = 0; taken <= name.size(); ++taken) {
    if (taken > 0 && name[taken - 1] == '/') return false;
    if (glob_matches(rest, name.substr(taken))) return true;
  }
  return false;
}

}  // namespace slipway::config
