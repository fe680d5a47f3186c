// SPDX-License-Identifier: Apache-2.0
#include "variables.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace slipway::pipeline_test {

namespace {

/// What is wrong with the variable, or nothing; then `into` has it.
std::string take(const std::string& given, const cli::Environment& env, Variables& into) {
  const auto equals = given.find('=');
  auto name = given.substr(0, equals);
  if (name.empty()) return "has no name";
  if (equals != std::string::npos) {
    into.emplace_back(std::move(name), given.substr(equals + 1));
    return {};
  }
  auto value = env(name);
  if (!value) return "has no value, and none is in the environment";
  into.emplace_back(std::move(name), std::move(*value));
  return {};
}

}  // namespace

Variables parse_variables(const std::vector<std::string>& given, const cli::Environment& env) {
  Variables variables;
  for (const auto& one : given)
    if (const auto fault = take(one, env, variables); !fault.empty())
      throw Error(failure::bad_usage, fmt::format("-e '{}' {}", one.substr(0, one.find('=')), fault));
  return variables;
}

Variables parse_env_file(std::string_view text, const std::string& file, const cli::Environment& env) {
  Variables variables;
  std::vector<Diagnostic> findings;
  int number = 0;
  for (const auto& line : text::split(text, '\n')) {
    ++number;
    const auto trimmed = std::string(text::trim(line));
    if (trimmed.empty() || trimmed.front() == '#') continue;
    if (const auto fault = take(trimmed, env, variables); !fault.empty())
      findings.push_back({.file = file,
                          .line = number,
                          .column = 1,
                          .message = fmt::format("variable '{}' {}", trimmed.substr(0, trimmed.find('=')), fault),
                          .suggestion = {},
                          .path = {},
                          .source_line = {}});
  }
  if (!findings.empty())
    throw Error(failure::bad_input,
                fmt::format("{} wrong in {}", findings.size() == 1 ? "a line is" : "lines are", file),
                std::move(findings));
  return variables;
}

Variables read_secrets(const std::vector<std::string>& given) {
  Variables secrets;
  for (const auto& one : given) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == one.size())
      throw Error(failure::bad_usage, fmt::format("--secret-env '{}' is not NAME=FILE", one.substr(0, equals)));
    auto value = fs::read_file(one.substr(equals + 1), 1U << 20U);
    if (value.ends_with('\n')) value.pop_back();
    secrets.emplace_back(one.substr(0, equals), std::move(value));
  }
  return secrets;
}

std::string masked(std::string_view line, const Variables& secrets) {
  std::string out(line);
  for (const auto& [name, value] : secrets) {
    if (value.size() < 4) continue;
    for (auto at = out.find(value); at != std::string::npos; at = out.find(value, at + 3))
      out.replace(at, value.size(), "***");
  }
  return out;
}

}  // namespace slipway::pipeline_test
