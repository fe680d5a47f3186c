// SPDX-License-Identifier: Apache-2.0
#include "ignore.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace slipway::pipeline_build {

namespace {

/// `[a-c]`, `[^x]`: takes the class off `pattern`. Nothing when it has no end or a broken range.
std::optional<bool> match_class(std::string_view& pattern, char c) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  const auto next = [&]() -> std::optional<char> {
    if (pattern.starts_with('\\')) pattern.remove_prefix(1);
    if (pattern.empty()) return std::nullopt;
    const char one = pattern.front();
    pattern.remove_prefix(1);
    return one;
  };
  bool found = false;
  for (bool first = true; first || !pattern.starts_with(']'); first = false) {
    const auto low = next();
    if (!low) return std::nullopt;
    auto high = low;
    if (pattern.starts_with('-') && !pattern.starts_with("-]")) {
      pattern.remove_prefix(1);
      high = next();
      if (!high) return std::nullopt;
    }
    found = found || (*low <= c && c <= *high);
  }
  pattern.remove_prefix(1);
  return found != negated;
}

/// What is wrong with a pattern, or nothing.
std::string_view fault_of(std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern.front() == '\\') {
      if (pattern.size() == 1) return "ends in a backslash";
      pattern.remove_prefix(2);
    } else if (pattern.front() == '[') {
      if (!match_class(pattern, 'x')) return "has a '[' without its ']'";
    } else {
      pattern.remove_prefix(1);
    }
  }
  return {};
}

/// The leading components without any special character: where a pattern can match at all.
std::string_view literal_prefix(std::string_view glob) {
  const auto special = glob.find_first_of("*?[\\");
  if (special == std::string_view::npos) return glob;
  const auto slash = glob.substr(0, special).rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : glob.substr(0, slash);
}

bool at_or_below(std::string_view path, std::string_view directory) {
  return directory.empty() || path == directory ||
         (path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/');
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern.starts_with("**")) {
      pattern.remove_prefix(2);
      if (pattern.starts_with('/')) pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      // docker's reading: nothing, or anything that ends in a slash
      if (glob_match(pattern, path)) return true;
      for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1))
        if (glob_match(pattern, path.substr(slash + 1))) return true;
      return false;
    }
    if (pattern.front() == '*') {
      pattern.remove_prefix(1);
      for (std::size_t i = 0;; ++i) {
        if (glob_match(pattern, path.substr(i))) return true;
        if (i == path.size() || path[i] == '/') return false;
      }
    }
    if (path.empty()) return false;
    const char c = path.front();
    if (pattern.front() == '[') {
      if (c == '/' || !match_class(pattern, c).value_or(false)) return false;
    } else if (pattern.front() == '?') {
      if (c == '/') return false;
      pattern.remove_prefix(1);
    } else {
      if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      if (pattern.front() != c) return false;
      pattern.remove_prefix(1);
    }
    path.remove_prefix(1);
  }
  return path.empty();
}

Ignore Ignore::parse(std::string_view text, std::string_view file) {
  Ignore ignore;
  std::vector<Diagnostic> findings;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  for (const auto& line : text::split(text, '\n')) {
    ++number;
    if (line.starts_with('#')) continue;
    auto glob = std::string(text::trim(line));
    if (glob.empty()) continue;
    Pattern pattern;
    if (glob.starts_with('!')) {
      pattern.negated = true;
      glob = text::trim(std::string_view(glob).substr(1));
    }
    std::string_view fault = fault_of(glob);
    if (glob.empty()) fault = "is a '!' with nothing behind it";
    if (!fault.empty()) {
      findings.push_back({.file = std::string(file),
                          .line = number,
                          .column = static_cast<int>(line.find_first_not_of(" \t")) + 1,
                          .width = static_cast<int>(text::trim(line).size()),
                          .message = fmt::format("pattern '{}' {}", text::trim(line), fault),
                          .suggestion = {},
                          .path = {},
                          .source_line = line});
      continue;
    }
    pattern.glob = std::filesystem::path(glob).lexically_normal().generic_string();
    while (pattern.glob.size() > 1 && pattern.glob.ends_with('/')) pattern.glob.pop_back();
    while (pattern.glob.size() > 1 && pattern.glob.starts_with('/')) pattern.glob.erase(0, 1);
    ignore.patterns_.push_back(std::move(pattern));
  }
  if (!findings.empty()) {
    const auto what =
        fmt::format("{} malformed pattern{} in {}", findings.size(), findings.size() == 1 ? "" : "s", file);
    throw Error(failure::bad_input, what, std::move(findings));
  }
  return ignore;
}

void Ignore::append(Ignore more) {
  for (auto& pattern : more.patterns_) patterns_.push_back(std::move(pattern));
}

bool Ignore::excludes(std::string_view path) const {
  bool excluded = false;
  for (const auto& pattern : patterns_) {
    if (pattern.negated != excluded) continue;  // it would change nothing
    bool match = glob_match(pattern.glob, path);
    for (auto slash = path.find('/'); !match && slash != std::string_view::npos; slash = path.find('/', slash + 1))
      match = glob_match(pattern.glob, path.substr(0, slash));
    if (match) excluded = !excluded;
  }
  return excluded;
}

bool Ignore::prunes(std::string_view path) const {
  return std::ranges::none_of(patterns_, [&](const Pattern& pattern) {
    if (!pattern.negated) return false;
    const auto prefix = literal_prefix(pattern.glob);
    return at_or_below(prefix, path) || at_or_below(path, prefix);
  });
}

}  // namespace slipway::pipeline_build
