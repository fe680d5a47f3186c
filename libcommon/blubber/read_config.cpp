// SPDX-License-Identifier: Apache-2.0
#include "blubber/config.hpp"
#include "blubber/grammar.hpp"
#include "blubber/map_reader.hpp"
#include "blubber/read_apt.hpp"
#include "blubber/read_builders.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace slipway::blubber {

using data::Kind;
using data::Value;

namespace {

/// The number 0 counts at the top level; in a variant both upstream programs take it for "not given".
void warn_of_root(Report& report, const Field<std::int64_t>& id, const std::string& path) {
  if (!id || id->value != 0) return;
  if (path.starts_with("variants."))
    report.warning(id->mark, fmt::format("'{}: 0' has no effect: a variant cannot set it", path), path);
  else report.warning(id->mark, fmt::format("'{}: 0' is root", path), path);
}

void warn_of_newlines(Report& report, const Pairs& pairs, const std::string& path) {
  for (const auto& [name, text] : pairs) {
    if (text.value.find_first_of("\n\r") != std::string::npos)
      report.warning(text.mark,
                     fmt::format("a line break in '{}.{}' cannot be written in a Dockerfile; it becomes a "
                                 "backslash and an n",
                                 path, name),
                     fmt::format("{}.{}", path, name));
  }
}

Lives read_lives(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"in", "as", "uid", "gid"});
  Lives lives;
  lives.in = map.text("in", &rules::absolute_path);
  lives.as = map.text("as", &rules::user_name);
  lives.uid = map.id("uid");
  lives.gid = map.id("gid");
  warn_of_root(report, lives.uid, map.path("uid"));
  warn_of_root(report, lives.gid, map.path("gid"));
  return lives;
}

Runs read_runs(Report& report, const Value& value, const std::string& path) {
  const MapReader map(report, value, path, {"as", "uid", "gid", "environment", "in", "insecurely"});
  Runs runs;
  runs.as = map.text("as", &rules::user_name);
  runs.uid = map.id("uid");
  runs.gid = map.id("gid");
  runs.environment = map.pairs("environment", rules::environment_name);
  runs.in = map.text("in", &rules::absolute_path);
  runs.insecurely = map.flag("insecurely");
  warn_of_root(report, runs.uid, map.path("uid"));
  warn_of_root(report, runs.gid, map.path("gid"));
  warn_of_newlines(report, runs.environment, map.path("environment"));
  for (const auto& [name, text] : runs.environment)
    warn_of_odd_dollar(report, text.value, text.mark, fmt::format("{}.{}", map.path("environment"), name),
                       Variables::with_defaults);
  return runs;
}

Common read_common(Report& report, const MapReader& map) {
  Common out;
  out.base = map.text("base");
  if (out.base && out.base->value.empty()) out.base.reset();
  if (out.base && out.base->value != "scratch" && !rules::image.holds(out.base->value)) {
    report.error(out.base->mark,
                 fmt::format("{}: '{}' {}", map.path("base"), text::printable(out.base->value), rules::image.complaint),
                 map.path("base"));
  }
  out.arguments = map.pairs("arguments", rules::environment_name);
  warn_of_newlines(report, out.arguments, map.path("arguments"));
  if (const auto* value = map.find("apt")) out.apt = read_apt(report, *value, map.path("apt"));
  if (const auto* value = map.find("node")) out.node = read_node(report, *value, map.path("node"));
  if (const auto* value = map.find("php")) out.php = read_php(report, *value, map.path("php"));
  if (const auto* value = map.find("python")) out.python = read_python(report, *value, map.path("python"));
  if (const auto* value = map.find("builder")) out.builder = read_custom(report, *value, map.path("builder"));
  if (const auto* value = map.find("builders")) out.builders = read_builders(report, *value, map.path("builders"));
  if (const auto* value = map.find("lives")) out.lives = read_lives(report, *value, map.path("lives"));
  if (const auto* value = map.find("runs")) out.runs = read_runs(report, *value, map.path("runs"));
  if (const auto words = map.texts("entrypoint")) {
    out.entrypoint.emplace();
    out.entrypoint->mark = words->mark;
    for (const auto& word : words->value) out.entrypoint->value.push_back(word.value);
  }
  return out;
}

void read_copies(Report& report, const MapReader& map, bool is_v3, Variant& variant) {
  const auto* value = map.find("copies");
  if (is_v3) {
    if (const auto* artifacts = map.find("artifacts")) {
      read_list(report, *artifacts, map.path("artifacts"), [&](const Value& item, const std::string& path) {
        if (auto artifact = read_artifact(report, item, path, false)) variant.copies.push_back(std::move(*artifact));
      });
    }
    if (auto name = map.text("copies", &rules::clean_text)) variant.copies_of_v3 = std::move(*name);
    return;
  }
  if (value == nullptr) return;
  std::set<std::string> seen;
  read_list(report, *value, map.path("copies"), [&](const Value& item, const std::string& path) {
    auto artifact = read_artifact(report, item, path, false);
    if (!artifact) return;
    if (!seen.insert(identity_of(*artifact)).second)
      report.error(item.mark(), fmt::format("'{}' stands in '{}' already", path, map.path("copies")), path);
    else variant.copies.push_back(std::move(*artifact));
  });
}

Variant read_variant(Report& report, const Value::Member& member, bool is_v3) {
  const auto path = "variants." + member.key;
  Variant variant;
  variant.name = member.key;
  variant.mark = member.key_mark;
  if (!grammar::is_variant_name(member.key))
    report.error(member.key_mark,
                 fmt::format("'{}' is no name for a variant (a letter, then letters, digits, '-', '.' or '_')",
                             text::printable(member.key)),
                 path);
  if (member.key == "local")
    report.warning(member.key_mark, "nothing can copy from a variant called 'local': the word means the build context",
                   path);
  if (member.value.is(Kind::null)) return variant;
  // `artifacts` is a word of version 3; elsewhere it is unknown like any other.
  const std::string_view extra = is_v3 ? "artifacts" : "copies";
  const MapReader map(report, member.value, path,
                      {"includes", "copies", "base", "arguments", "apt", "node", "php", "python", "builder", "builders",
                       "lives", "runs", "entrypoint", extra});
  if (!member.value.is(Kind::mapping)) return variant;
  for (const auto& key : member.value.members()) {
    if (!key.value.is(Kind::null)) variant.keys.emplace_back(key.key, key.key_mark);
  }
  variant.common = read_common(report, map);
  if (auto includes = map.texts("includes")) variant.includes = std::move(includes->value);
  read_copies(report, map, is_v3, variant);
  return variant;
}

/// What a version before 3 called things, told with the error.
constexpr std::string_view renames_since_v2 =
    "is no longer read: write v4, 'copies: [NAME]' for 'copies: NAME', 'copies: [local]' where there is none, "
    "'node: {requirements: [package.json]}' for 'node: {dependencies: true}', 'builder: {command: [...]}' for "
    "'builder: [...]', items of 'copies' for those of 'artifacts', and drop 'sharedvolume'";

void read_version(Report& report, const MapReader& map, Config& config) {
  const auto version = map.text("version");
  if (!version) {
    if (map.find("version") == nullptr)
      report.error(map.mark(), "the key 'version' is missing; write 'version: v4'", "version");
    return;
  }
  if (version->value == "v4") return;
  if (version->value == "v3") {
    config.is_v3 = true;
    report.deprecated(version->mark, "version v3 is read as it was meant then; write v4 with 'copies' as a list",
                      "version");
  } else if (version->value == "v1" || version->value == "v2") {
    report.error(version->mark, fmt::format("version '{}' {}", version->value, renames_since_v2), "version");
  } else {
    report.error(version->mark,
                 fmt::format("version '{}' is not supported; this program reads v4", text::printable(version->value)),
                 "version");
  }
}

void check_includes(Report& report, const Config& config) {
  const auto names = config.names();
  for (const auto& variant : config.variants) {
    for (std::size_t i = 0; i < variant.includes.size(); ++i) {
      const auto& include = variant.includes[i];
      if (config.find(include.value) != nullptr) continue;
      report.error(include.mark,
                   fmt::format("'{}' includes '{}', which is no variant", variant.name, text::printable(include.value)),
                   fmt::format("variants.{}.includes[{}]", variant.name, i),
                   report.is_full() ? "" : text::nearest(include.value, names).value_or(""));
    }
  }
}

/// Where files come from, told once all variants are known.
class Origins {
 public:
  Origins(Report& report, const Config& config) : report_(report), config_(config), names_(config.names()) {}

  void check(const Config& config) {
    check(config.common, "");
    for (const auto& variant : config.variants) {
      const auto path = fmt::format("variants.{}.", variant.name);
      check(variant.common, path);
      check(variant.copies, path + "copies");
      if (variant.copies_of_v3) check(variant.copies_of_v3->value, variant.copies_of_v3->mark, path + "copies");
    }
  }

 private:
  void check(const std::string& from, const data::Mark& mark, const std::string& path) {
    if (from.empty() || from == "local" || config_.find(from) != nullptr) return;
    const bool is_image = grammar::is_image_reference(from);
    if (is_image && from.find_first_of("/:.@") != std::string::npos) return;
    const auto near = nearest(from);
    if (!is_image)
      report_.error(mark, fmt::format("'{}' is neither a variant nor an image", text::printable(from)), path, near);
    else if (!near.empty())
      report_.warning(mark, fmt::format("'{}' is no variant and is taken as an image", from), path, near);
  }

  void check(const Artifacts& list, const std::string& path) {
    for (std::size_t i = 0; i < list.size(); ++i) check(list[i].from, list[i].mark, fmt::format("{}[{}]", path, i));
  }

  template <typename T>
  void check_builder(const T& builder, const std::string& path) {
    if (builder.requirements) check(builder.requirements->value, path + ".requirements");
    if constexpr (std::is_same_v<T, Custom>) {
      if (!builder.mounts) return;
      const auto& mounts = builder.mounts->value;
      for (std::size_t i = 0; i < mounts.size(); ++i)
        check(mounts[i].from, mounts[i].mark, fmt::format("{}.mounts[{}]", path, i));
    }
  }

  void check(const Common& c, const std::string& path) {
    if (c.node) check_builder(*c.node, path + "node");
    if (c.php) check_builder(*c.php, path + "php");
    if (c.python) check_builder(*c.python, path + "python");
    if (c.builder) check_builder(*c.builder, path + "builder");
    if (!c.builders) return;
    for (std::size_t i = 0; i < c.builders->value.size(); ++i) {
      std::visit([&](const auto& b) { check_builder(b, fmt::format("{}builders[{}]", path, i)); },
                 c.builders->value[i]);
    }
  }

  /// The same few images are asked for again and again, and each look goes over all variants.
  const std::string& nearest(const std::string& from) {
    const auto [known, is_new] = nearest_.try_emplace(from);
    if (is_new && !report_.is_full() && from.size() <= 100) known->second = text::nearest(from, names_).value_or("");
    return known->second;
  }

  Report& report_;
  const Config& config_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> nearest_;
};

}  // namespace

const Variant* Config::find(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &variants[found->second];
}

std::vector<std::string> Config::names() const {
  std::vector<std::string> out;
  out.reserve(variants.size());
  for (const auto& variant : variants) out.push_back(variant.name);
  return out;
}

Config read_config(const data::YamlDocument& document, Report& report) {
  // The reader's other warnings are about values, which are taken here as they are written.
  for (const auto& warning : document.warnings) {
    if (warning.code == "W002" || warning.code == "W006" || warning.code == "W007" || warning.code == "W008")
      report.add(warning);
  }
  Config config;
  if (document.root.is(Kind::null)) {
    report.error({nullptr, 1, 1}, "the configuration is empty", {});
    return config;
  }
  const MapReader map(report, document.root, "",
                      {"version", "variants", "base", "arguments", "apt", "node", "php", "python", "builder",
                       "builders", "lives", "runs", "entrypoint"});
  if (!document.root.is(Kind::mapping)) return config;
  read_version(report, map, config);
  config.common = read_common(report, map);
  const auto* variants = document.root.find("variants");
  if (variants == nullptr) return config;
  if (!variants->is(Kind::mapping)) {
    report.error(variants->mark(), fmt::format("'variants' wants a map, not {}", name_of(variants->kind())),
                 "variants");
    return config;
  }
  for (const auto& member : variants->members()) {
    config.by_name.emplace(member.key, config.variants.size());
    config.variants.push_back(read_variant(report, member, config.is_v3));
  }
  check_includes(report, config);
  Origins(report, config).check(config);
  return config;
}

}  // namespace slipway::blubber
