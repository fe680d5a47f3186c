// SPDX-License-Identifier: Apache-2.0
#include "dockerfile.hpp"

#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace slipway::pipeline_build {

namespace {

constexpr std::string_view default_file = ".pipeline/blubber.yaml";
constexpr std::size_t largest_file = 8U << 20U;

bool is_yaml(std::string_view file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

Source from_variant(const Options& options, const io::Input& in, const io::Run& run) {
  const auto file = options.file.value_or(std::string(default_file));
  std::string yaml;
  if (file == "-") {
    yaml = in.read_all(run, largest_file);
    if (text::trim(yaml).empty())
      throw Error(failure::empty_input, "no configuration on stdin: the step before failed");
  } else if (!options.file && !std::filesystem::exists(file)) {
    throw Error(failure::not_found, fmt::format("there is no {} here to take variant '{}' from", file, options.variant),
                "change to the service's folder, or name the file with -f FILE");
  } else {
    yaml = fs::read_file(file, largest_file);
  }
  const auto name = file == "-" ? std::string("<stdin>") : file;
  auto dockerfile = blubber::dockerfile(yaml, name, options.variant);
  return {std::move(dockerfile.text), options.variant, fmt::format("variant {} of {}", options.variant, name),
          std::move(dockerfile.warnings), Source::Configuration{std::move(yaml), name}};
}

struct Stage {
  std::string name;
  std::string from;
};

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : line) {
    if (c != ' ' && c != '\t' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::vector<Stage> stages_of(std::string_view dockerfile) {
  std::vector<Stage> stages;
  for (const auto& line : text::split(dockerfile, '\n')) {
    auto parts = words(line);
    if (parts.empty() || text::lower(parts[0]) != "from") continue;
    std::erase_if(parts, [](const std::string& word) { return word.starts_with("--"); });
    if (parts.size() < 2) continue;
    const bool named = parts.size() >= 4 && text::lower(parts[2]) == "as";
    stages.push_back({named ? text::lower(parts[3]) : std::to_string(stages.size()), parts[1]});
  }
  return stages;
}

}  // namespace

Source load_source(const Options& options, const io::Input& in, const io::Run& run) {
  if (!options.variant.empty()) {
    if (options.file && *options.file != "-" && !is_yaml(*options.file))
      throw Error(
          failure::bad_usage,
          fmt::format("VARIANT '{}' wants a configuration, but {} is no .yaml file", options.variant, *options.file),
          fmt::format("leave out {}, or name the configuration", options.variant));
    return from_variant(options, in, run);
  }
  if (options.file && is_yaml(*options.file))
    throw Error(failure::bad_usage, fmt::format("{} is a configuration: which variant of it?", *options.file),
                fmt::format("pipeline-build VARIANT -f {}", *options.file));
  if (options.file && *options.file != "-") return {fs::read_file(*options.file, largest_file), {}, *options.file, {}};
  if (in.is_terminal())
    throw Error(failure::bad_usage, "nothing to build: no VARIANT, and stdin is a terminal",
                "pipeline-build test, or pipe a Dockerfile in");
  auto text = in.read_all(run, largest_file);
  if (text::trim(text).empty()) throw Error(failure::empty_input, "no Dockerfile on stdin: the step before failed");
  return {std::move(text), {}, "the Dockerfile on stdin", {}};
}

std::string with_labels(const Source& source, docker::Labels& labels) {
  if (!source.configuration) return source.text;
  // A line break has no escape in a Dockerfile, and a name of other characters no place in its grammar.
  const auto is_plain = [](const auto& label) {
    constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    constexpr auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    return label.first.find_first_not_of(of_names) == std::string::npos &&
           std::ranges::none_of(label.second, is_control);
  };
  blubber::Options options;
  for (const auto& label : labels)
    if (is_plain(label)) options.labels.emplace_back(label);
  std::erase_if(labels, is_plain);
  const auto& from = *source.configuration;
  return blubber::dockerfile(from.yaml, from.name, source.variant, options).text;
}

std::optional<std::string> base_image(std::string_view dockerfile, std::string_view target) {
  const auto stages = stages_of(dockerfile);
  const auto find = [&](std::string_view name, std::size_t before) -> std::optional<std::size_t> {
    for (std::size_t i = before; i-- > 0;)
      if (stages[i].name == text::lower(name)) return i;
    return std::nullopt;
  };
  if (stages.empty()) return std::nullopt;
  auto at = target.empty() ? std::optional(stages.size() - 1) : find(target, stages.size());
  while (at) {
    const auto& from = stages[*at].from;
    const auto earlier = find(from, *at);
    if (!earlier) {
      if (from == "scratch" || from.find('$') != std::string::npos) return std::nullopt;
      return from;
    }
    at = earlier;
  }
  return std::nullopt;
}

}  // namespace slipway::pipeline_build
