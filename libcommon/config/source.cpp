// SPDX-License-Identifier: Apache-2.0
#include "config/lookup.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::config {

namespace {

/// The user's own settings file; it knows one key so far.
std::optional<Source> from_settings(const std::filesystem::path& file) {
  std::error_code unused;
  if (!std::filesystem::exists(file, unused)) return std::nullopt;
  const auto document = data::parse_yaml(fs::read_file(file), file.string());
  std::optional<Source> source;
  std::vector<Diagnostic> findings;
  const auto fault = [&](const data::Mark& mark, std::string message, std::string suggestion = {}) {
    Diagnostic finding;
    finding.file = file.string();
    finding.line = mark.line;
    finding.column = mark.column;
    finding.message = std::move(message);
    finding.suggestion = std::move(suggestion);
    finding.source_line = data::source_line(document.source, mark.line);
    findings.push_back(std::move(finding));
  };
  if (!document.root.is(data::Kind::mapping) && !document.root.is(data::Kind::null))
    fault(document.root.mark(), fmt::format("the settings are a map, this is {}", name_of(document.root.kind())));
  const std::vector<std::string> known{"registry"};
  for (const auto& member : document.root.members()) {
    if (member.key != "registry")
      fault(member.key_mark, fmt::format("unknown key '{}'", member.key),
            text::nearest(member.key, known).value_or(""));
    else if (!member.value.is(data::Kind::string) || member.value.text().empty())
      fault(member.value.mark(), "registry is a string");
    else source = parse_source(member.value.text(), file.string());
  }
  if (!findings.empty())
    throw Error(failure::bad_input, fmt::format("{} cannot be used", file.string()), std::move(findings));
  return source;
}

}  // namespace

Source parse_source(std::string_view text, std::string from) {
  const auto hash = text.rfind('#');
  std::error_code unused;
  // A directory may have a '#' in its name; what is there is meant.
  if (hash == std::string_view::npos || std::filesystem::exists(std::filesystem::path(text), unused))
    return {std::string(text), {}, std::move(from)};
  return {std::string(text.substr(0, hash)), std::string(text.substr(hash + 1)), std::move(from)};
}

Source choose_source(const std::optional<std::string>& option, const Environment& env,
                     const std::filesystem::path& current) {
  if (option) return parse_source(*option, "--registry");
  if (const auto set = env("CONFIG_REGISTRY"); set && !set->empty()) return parse_source(*set, "CONFIG_REGISTRY");
  auto home = env("XDG_CONFIG_HOME");
  if (!home || home->empty()) {
    home = env("HOME");
    if (home && !home->empty()) *home += "/.config";
  }
  if (home && !home->empty())
    if (auto source = from_settings(std::filesystem::path(*home) / "config-get" / "config.yaml")) return *source;
  if (const auto repository = git::Repository::discover(current))
    return {repository->location(), {}, "the current directory"};
  throw Error(failure::bad_setup, "no configuration registry is named, and this directory is in no git repository",
              "--registry PATH, or set CONFIG_REGISTRY");
}

}  // namespace slipway::config
