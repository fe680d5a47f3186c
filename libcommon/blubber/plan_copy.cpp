// SPDX-License-Identifier: Apache-2.0
#include "blubber/exclude.hpp"
#include "blubber/grammar.hpp"
#include "blubber/plan.hpp"
#include "blubber/resolve.hpp"
#include "blubber/stage_plan.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace slipway::blubber {

namespace {

/// Where a helper stage keeps what it filters.
constexpr std::string_view filtered_folder = "/blubber-files/";

/// As Go's path.Clean, but a slash at the end, which says "a folder" to COPY, stays.
std::string clean(std::string_view path) {
  auto out = grammar::clean_path(path);
  if (path.ends_with('/') && !out.ends_with('/')) out += '/';
  return out;
}

/// "a/b" -> "a/", "b" -> "./".
std::string parent(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? "./" : std::string(path.substr(0, slash + 1));
}

/// A relative path in a variant means one in the directory that its image works in; in an image and
/// in the build context it stays as it is.
std::string source_in(const StagePlan& plan, const std::string& from, const std::string& source) {
  if (from.empty() || source.starts_with('/')) return source;
  const auto* variant = plan.stages.find(from);
  return variant == nullptr ? source : clean(final_directory(*variant) + "/" + source);
}

/// @source the builders' behaviour, measured: see blubber.yaml(5)
void warn_of_odd_names(StagePlan& plan, const std::string& from, const std::string& source, const data::Mark& mark) {
  const auto warn = [&](std::string_view who) {
    plan.report.warning(mark, fmt::format("{} cannot copy a file named '{}'", who, text::printable(source)),
                        "variants." + plan.variant.name);
  };
  if (source.find('\\') != std::string::npos) warn("some builders (BuildKit from the context, buildah)");
  if (source.find("[[]") != std::string::npos) warn("buildah");
  if (from.empty() && (source.starts_with('!') || source.starts_with(' ') || source.ends_with(' '))) warn("BuildKit");
}

std::string helper_name(StagePlan& plan) {
  for (;;) {
    auto name = fmt::format("{}-files-{}", plan.variant.name, ++plan.helpers);
    if (plan.stages.find(name) == nullptr) return name;
  }
}

/// A stage before this one that holds `source` without what the patterns exclude.
std::string filtered(StagePlan& plan, const std::string& from, const std::string& source, const Artifact& artifact) {
  Stage helper;
  helper.name = helper_name(plan);
  helper.mark = plan.variant.mark;
  helper.image = plan.stage.image;
  if (is_scratch(plan.variant)) {
    const auto* origin = plan.stages.find(artifact.from);
    if (origin == nullptr || is_scratch(*origin)) {
      plan.report.error(artifact.mark,
                        fmt::format("'exclude' needs a base image with a shell, and '{}' has none", plan.variant.name),
                        plan.path("copies"));
      return helper.name;
    }
    helper.image = origin->common.base->value;
  }
  std::vector<std::string> expressions;
  for (const auto& pattern : artifact.exclude) {
    if (auto expression = exclude_expression(pattern)) expressions.push_back(std::move(*expression));
  }
  auto text = exclude_script(filtered_folder, expressions);
  expressions.insert(expressions.begin(), "exclude");
  helper.instructions.emplace_back(User{"0"});
  helper.instructions.emplace_back(Copy{false, from, {source}, std::string(filtered_folder), false, {}});
  helper.instructions.emplace_back(Run{std::move(text), std::move(expressions), artifact.mark, {}});
  auto name = helper.name;
  plan.before.push_back(std::move(helper));
  return name;
}

/// Whether BuildKit's COPY --exclude can be given the patterns: one that takes back in, or has a character that means
/// something in a flag, goes through a helper stage there, too.
bool has_plain_patterns(const Artifact& artifact) {
  return std::ranges::all_of(artifact.exclude, [](std::string_view pattern) {
    return pattern.find_first_not_of('/') != std::string_view::npos && std::ranges::all_of(pattern, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("_-./+@%~*?").find(c) != std::string_view::npos;
    });
  });
}

/// The copy of one source, without what the artifact excludes.
void add_copy(StagePlan& plan, Copy copy, const Artifact& artifact) {
  if (!artifact.exclude.empty()) {
    if (plan.is_for_buildkit() && has_plain_patterns(artifact)) {
      // BuildKit's own flag takes a leading slash for part of a name, which no name has.
      for (const auto& pattern : artifact.exclude) copy.exclude.push_back(pattern.substr(pattern.find_first_not_of('/')));
    } else {
      copy.from = filtered(plan, copy.from, copy.sources.front(), artifact);
      copy.sources = {std::string(filtered_folder)};
    }
  }
  plan.add(std::move(copy));
}

void copy_one(StagePlan& plan, const Artifact& artifact, const std::string& source, const std::string& destination) {
  const auto from = artifact.is_local() ? std::string() : artifact.from;
  const auto path = source_in(plan, from, source);
  const bool owned = !is_scratch(plan.variant);
  warn_of_odd_names(plan, from, path, artifact.mark);
  add_copy(plan, Copy{owned, from, {path}, destination, false, {}}, artifact);
}

struct Group {
  std::size_t origin = 0;
  std::string from;
  std::string destination;
  std::vector<std::string> sources;
  const Artifact* excluding = nullptr;  ///< one with `exclude` has a group of its own
};

struct Paths {
  std::string source;
  std::string destination;
};

/// A folder ends with a slash in both places; a file without a destination goes to its own folder.
Paths paths_of_requirement(const Artifact& artifact) {
  auto source = clean(artifact.source.value_or("./"));
  if (source == ".") source = "./";
  const bool is_folder = source.ends_with('/');
  if (!artifact.destination) return {source, source == "./" ? "." : is_folder ? source : parent(source)};
  auto destination = clean(*artifact.destination);
  if (is_folder && !destination.ends_with('/')) destination += '/';
  return {source, destination};
}

}  // namespace

std::string path_of_requirement(const Artifact& requirement) {
  const auto [source, destination] = paths_of_requirement(requirement);
  if (!destination.ends_with('/') && destination != ".") return destination;
  if (source.ends_with('/') || source == ".") return destination;
  return grammar::clean_path(destination + "/" + source.substr(source.rfind('/') + 1));
}

void copy_requirements(StagePlan& plan, const Field<Artifacts>& requirements) {
  if (!requirements) return;
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  std::map<std::string, std::size_t> origins;  // in the order in which they come
  for (const auto& artifact : requirements->value) {
    const auto from = artifact.is_local() ? std::string() : artifact.from;
    auto [source, destination] = paths_of_requirement(artifact);
    source = source_in(plan, from, source);
    warn_of_odd_names(plan, from, source, artifact.mark);
    const auto origin = origins.emplace(from, origins.size()).first->second;
    if (!artifact.exclude.empty()) {
      groups.push_back({origin, from, std::move(destination), {std::move(source)}, &artifact});
      continue;
    }
    const auto [place, is_new] = places.emplace(std::pair(from, destination), groups.size());
    if (is_new) groups.push_back({origin, from, std::move(destination), {std::move(source)}, nullptr});
    else groups[place->second].sources.push_back(std::move(source));
  }
  // By origin, then by destination, each in the order in which they come.
  std::ranges::stable_sort(groups, {}, &Group::origin);
  for (auto& group : groups) {
    if (group.sources.size() > 1 && !group.destination.ends_with('/')) group.destination += '/';
    Copy copy{true, group.from, std::move(group.sources), std::move(group.destination), false, {}};
    if (group.excluding == nullptr) plan.add(std::move(copy));
    else add_copy(plan, std::move(copy), *group.excluding);
  }
}

void copy_artifacts(StagePlan& plan) {
  const auto home = lives_in(plan.variant);
  for (const auto& artifact : plan.variant.copies) {
    if (artifact.source) {
      copy_one(plan, artifact, *artifact.source, artifact.destination.value_or(*artifact.source));
    } else if (artifact.is_local()) {
      copy_one(plan, artifact, ".", ".");
    } else {
      copy_one(plan, artifact, home, home);
      copy_one(plan, artifact, "/opt/lib", "/opt/lib");
    }
  }
}

}  // namespace slipway::blubber
