// SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace slipway::config_get {

namespace {

using data::HelmSemantics;
using data::Kind;
using data::Value;

constexpr int deepest = 20;  // charts within charts

Value map_of(const std::string& text, const std::string& file) {
  auto root = data::parse_yaml(text, file).root;
  if (root.is(Kind::null)) return Value::mapping();
  if (!root.is(Kind::mapping))
    throw Error(failure::bad_input, fmt::format("{} is a map, this is {}", file, name_of(root.kind())));
  return root;
}

std::string word(const Value& value, std::string_view key) {
  const auto* found = value.find(key);
  return found != nullptr && found->is_scalar() && !found->is(Kind::null) ? found->text() : std::string();
}

ChartFiles below(const ChartFiles& files, const std::string& directory) {
  return {files.name + "/" + directory,
          [read = files.read, directory](const std::string& path) { return read(directory + "/" + path); },
          [list = files.list, directory](const std::string& path) { return list(directory + "/" + path); }};
}

Chart read_at(const ChartFiles& files, int depth) {
  if (depth > deepest) throw Error(failure::bad_input, fmt::format("{}: charts are nested too deep", files.name));
  const auto about = files.read("Chart.yaml");
  if (!about) throw Error(failure::not_found, fmt::format("there is no chart in {}: no Chart.yaml", files.name));
  const auto meta = map_of(*about, files.name + "/Chart.yaml");
  Chart chart;
  chart.name = word(meta, "name");
  chart.file = files.name + "/values.yaml";
  chart.defaults = map_of(files.read("values.yaml").value_or(""), chart.file);
  chart.schema_file = files.name + "/values.schema.json";
  chart.schema = files.read("values.schema.json");
  auto dependencies = meta.find("dependencies");
  Value older;
  if (dependencies == nullptr)
    if (const auto text = files.read("requirements.yaml")) {  // charts of helm 2
      older = map_of(*text, files.name + "/requirements.yaml");
      dependencies = older.find("dependencies");
    }
  if (dependencies != nullptr)
    for (const auto& one : dependencies->items()) {
      Chart::Rule rule{word(one, "name"), word(one, "alias"), word(one, "condition"), {}};
      if (const auto* tags = one.find("tags"))
        for (const auto& tag : tags->items()) rule.tags.push_back(tag.text());
      if (const auto* import = one.find("import-values"); import != nullptr && !import->items().empty())
        throw Error(failure::bad_input,
                    fmt::format("the chart {} imports values of '{}', which is not understood", chart.name, rule.name),
                    "helm template, with -f - for the values");
      chart.rules.push_back(std::move(rule));
    }
  for (const auto& name : files.list("charts")) {
    if (name.front() == '.' || name.front() == '_') continue;
    if (name.ends_with(".tgz"))
      throw Error(failure::bad_input, fmt::format("the subchart {}/charts/{} is packed", files.name, name),
                  fmt::format("tar -xzf {0} -C {1}/charts", name, files.name));
    const auto inner = below(files, "charts/" + name);
    if (inner.read("Chart.yaml")) chart.subcharts.push_back(read_at(inner, depth + 1));
  }
  return chart;
}

}  // namespace

ChartFiles ChartFiles::in(const config::Tree& tree, std::string directory) {
  const auto path = [directory](const std::string& name) { return directory + "/" + name; };
  return {directory,
          [&tree, path](const std::string& name) -> std::optional<std::string> {
            auto blob = tree.read(path(name));
            return blob ? std::optional(std::move(blob->content)) : std::nullopt;
          },
          [&tree, path](const std::string& name) {
            std::vector<std::string> names;
            for (auto& entry : tree.list(path(name))) names.push_back(std::move(entry.name));
            return names;
          }};
}

ChartFiles ChartFiles::in(const std::filesystem::path& directory) {
  return {directory.string(),
          [directory](const std::string& name) -> std::optional<std::string> {
            std::error_code unused;
            if (!std::filesystem::is_regular_file(directory / name, unused)) return std::nullopt;
            return fs::read_file(directory / name);
          },
          [directory](const std::string& name) {
            std::vector<std::string> names;
            std::error_code unused;
            for (const auto& entry : std::filesystem::directory_iterator(directory / name, unused))
              names.push_back(entry.path().filename().string());
            std::ranges::sort(names);
            return names;
          }};
}

Chart read_chart(const ChartFiles& files) { return read_at(files, 0); }

std::optional<HelmSemantics> semantics_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  std::array<int, 2> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [end, fault] = std::from_chars(version.data(), version.data() + version.size(), parts[i]);
    if (fault != std::errc{}) return std::nullopt;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (i == 0 && version.empty()) break;
    if (i == 0 && version.front() != '.') return std::nullopt;
    if (i == 0) version.remove_prefix(1);
  }
  if (parts[0] < 3) return std::nullopt;
  if (parts[0] == 3) return HelmSemantics::v3_19;
  return parts[0] == 4 && parts[1] < 3 ? HelmSemantics::v4_1 : HelmSemantics::v4_3;
}

std::string_view name_of(HelmSemantics semantics) {
  switch (semantics) {
  case HelmSemantics::v3_19: return "3.19";
  case HelmSemantics::v4_1: return "4.1";
  case HelmSemantics::v4_3: return "4.3";
  }
  return "3.19";
}

}  // namespace slipway::config_get
