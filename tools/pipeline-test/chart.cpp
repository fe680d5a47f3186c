// SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>

namespace slipway::pipeline_test {

namespace {

constexpr std::size_t largest_file = 8U << 20U;

struct Free {
  void operator()(archive* a) const { archive_read_free(a); }
};

/// A file at the top of the chart; subcharts have files of the same names below charts/.
std::optional<std::string> file_of(const std::filesystem::path& chart, std::string_view name) {
  if (std::filesystem::is_directory(chart)) {
    const auto file = chart / name;
    if (!std::filesystem::exists(file)) return std::nullopt;
    return fs::read_file(file, largest_file);
  }
  const std::unique_ptr<archive, Free> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_filename(reader.get(), chart.c_str(), 64U << 10U) != ARCHIVE_OK)
    throw Error(failure::bad_input,
                fmt::format("{} is no packed chart: {}", chart.string(), archive_error_string(reader.get())));
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    const std::string path = archive_entry_pathname(entry);
    const auto slash = path.find('/');
    if (slash == std::string::npos || std::string_view(path).substr(slash + 1) != name) continue;
    const auto size = static_cast<std::size_t>(archive_entry_size(entry));
    if (size > largest_file)
      throw Error(failure::bad_input, fmt::format("{} in {} is too large", name, chart.string()));
    std::string content(size, '\0');
    const auto got = archive_read_data(reader.get(), content.data(), content.size());
    if (got != static_cast<la_ssize_t>(size)) break;
    return content;
  }
  return std::nullopt;
}

std::string member(const data::Value& map, std::string_view key) {
  const auto* found = map.find(key);
  return found != nullptr && found->is_scalar() ? found->text() : std::string{};
}

void set_path(data::Value& values, const std::string& given) {
  const auto equals = given.find('=');
  const auto parts = text::split(given.substr(0, equals), '.');
  for (const auto& part : parts)
    if (equals == std::string::npos || part.empty() || part.find_first_of("[]{},") != std::string::npos)
      throw Error(failure::bad_usage, fmt::format("--set '{}' is not KEY.KEY=VALUE", given.substr(0, equals)),
                  "lists and more go into a file: --values FILE");
  auto value = data::parse_yaml(given.substr(equals + 1), "--set " + given.substr(0, equals)).root;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    auto map = data::Value::mapping();
    map.set(*part, std::move(value));
    value = std::move(map);
  }
  data::merge_layer(values, std::move(value));
}

}  // namespace

Chart read_chart(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path))
    throw Error(failure::not_found, fmt::format("there is no chart at {}", path.string()));
  const auto about = file_of(path, "Chart.yaml");
  if (!about) throw Error(failure::not_found, fmt::format("{} is no chart: it has no Chart.yaml", path.string()));
  Chart chart{path, {}, {}, {}};
  const auto meta = data::parse_yaml(*about, (path / "Chart.yaml").string()).root;
  chart.name = member(meta, "name");
  chart.version = member(meta, "version");
  if (chart.name.empty())
    throw Error(failure::bad_input, fmt::format("Chart.yaml of {} gives the chart no name", path.string()));
  if (const auto values = file_of(path, "values.yaml"))
    chart.defaults = data::parse_yaml(*values, (path / "values.yaml").string()).root;
  return chart;
}

data::Value read_values(const std::vector<std::string>& files, const std::vector<std::string>& set) {
  auto values = data::Value::mapping();
  for (const auto& file : files) {
    auto root = data::parse_yaml(fs::read_file(file, largest_file), file).root;
    if (!root.is(data::Kind::mapping) && !root.is(data::Kind::null))
      throw Error(failure::bad_input,
                  fmt::format("{} holds {}, and values are a map", file, data::name_of(root.kind())));
    data::merge_layer(values, std::move(root));
  }
  for (const auto& one : set) set_path(values, one);
  return values;
}

data::Value with_image(data::Value values, const Chart& chart, const std::optional<std::string>& key,
                       const helm::Image& image) {
  std::optional<helm::ImageKeys> keys;
  if (key) {
    keys.emplace();
    keys->reference = *key;
  } else {
    keys = helm::find_image_keys(data::over_defaults(values, chart.defaults, data::HelmSemantics::v3_19));
  }
  if (!keys)
    throw Error(failure::bad_input, fmt::format("no value of chart {} is known to take the image", chart.name),
                "name the key that takes NAME@DIGEST: --image-key PATH");
  helm::put_image(values, *keys, image);
  return values;
}

std::string dns_label(std::string_view text, std::size_t longest) {
  std::string out;
  for (const char c : text::lower(text)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) out += c;
    else if (!out.empty() && out.back() != '-') out += '-';
  }
  out.resize(std::min(out.size(), longest));
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "x" : out;
}

}  // namespace slipway::pipeline_test
