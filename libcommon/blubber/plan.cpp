// SPDX-License-Identifier: Apache-2.0
#include "blubber/plan.hpp"

#include "blubber/resolve.hpp"
#include "blubber/shell.hpp"
#include "blubber/stage_plan.hpp"
#include "core/text.hpp"
#include "core/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_set>

namespace slipway::blubber {

namespace {

/// The names that a builder fills in for the platform it runs on and builds for.
constexpr std::array<std::string_view, 8> platform_names{"BUILDPLATFORM",  "BUILDOS",  "BUILDARCH",  "BUILDVARIANT",
                                                         "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"};

/// A user and its number, as they are called in the Dockerfile: names, so that --build-arg can
/// change them.
struct Account {
  std::string_view prefix;
  std::string name;
  std::int64_t uid;
  std::int64_t gid;
};

Account lives_account(const Lives& lives) {
  return {"LIVES", lives.as ? lives.as->value : "somebody", lives.uid ? lives.uid->value : 65533,
          lives.gid ? lives.gid->value : 65533};
}

Account runs_account(const Runs& runs) {
  return {"RUNS", runs.as ? runs.as->value : "runuser", runs.uid ? runs.uid->value : 900,
          runs.gid ? runs.gid->value : 900};
}

bool mentions(std::string_view text, std::string_view name) {
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (text.substr(0, at).ends_with('$') || text.substr(0, at).ends_with("${")) return true;
  }
  return false;
}

/// The texts of a variant and its builders that a shell or the builder expands, those that speak of a variable at all.
std::vector<std::string_view> expanded_texts(const Variant& variant, const std::vector<Builder>& builders) {
  std::vector<std::string_view> out;
  const auto take = [&out](std::string_view text) {
    if (text.find('$') != std::string_view::npos) out.push_back(text);
  };
  for (const auto& [name, text] : variant.common.runs.environment) take(text.value);
  for (const auto& builder : builders) {
    const auto* custom = std::get_if<Custom>(&builder);
    if (custom == nullptr) continue;
    if (custom->script) take(custom->script->value);
    if (custom->command) std::ranges::for_each(custom->command->value.words, take);
    if (custom->mounts)
      for (const auto& mount : custom->mounts->value) {
        take(mount.destination);
        take(mount.source);
      }
    if (custom->caches)
      for (const auto& cache : custom->caches->value) take(cache.destination);
  }
  return out;
}

void plan_arguments(StagePlan& plan, bool all_platform_names) {
  auto arguments = plan.variant.common.arguments;
  std::ranges::sort(arguments, {}, [](const auto& argument) { return argument.first; });
  for (const auto& [name, text] : arguments) plan.add(Arg{name, text.value});
  const auto builders = builders_of(plan.variant.common);
  const auto texts = expanded_texts(plan.variant, builders);
  for (const auto name : platform_names) {
    const bool taken = std::ranges::any_of(arguments, [&](const auto& argument) { return argument.first == name; });
    // Without a default, which would hide the builder's own value.
    if (!taken && (all_platform_names || std::ranges::any_of(texts, [&](auto text) { return mentions(text, name); })))
      plan.add(Arg{std::string(name), {}});
  }
}

/// Makes the user and its group unless the numbers are taken, in which case those are used.
std::string create_account(std::string_view prefix) {
  return fmt::format(
      "(getent group \"${0}_GID\" || groupadd -o -g \"${0}_GID\" -r \"${0}_AS\") && "
      "(getent passwd \"${0}_UID\" || useradd -l -o -m -d \"/home/${0}_AS\" -r -g \"${0}_GID\" -u \"${0}_UID\" "
      "\"${0}_AS\")",
      prefix);
}

void plan_account(StagePlan& plan, const Account& account, const std::vector<std::string>& owned_folders,
                  const data::Mark& mark) {
  const auto prefix = std::string(account.prefix);
  plan.add(Arg{prefix + "_AS", account.name});
  plan.add(Arg{prefix + "_UID", std::to_string(account.uid), true});
  plan.add(Arg{prefix + "_GID", std::to_string(account.gid), true});
  auto text = create_account(prefix);
  for (const auto& folder : owned_folders)
    text += fmt::format(" && mkdir -p {0} && chown \"${1}_UID\":\"${1}_GID\" {0}", shell::quote(folder), prefix);
  plan.run(std::move(text), mark);
}

void plan_environment(StagePlan& plan) {
  auto environment = plan.variant.common.runs.environment;
  if (environment.empty()) return;
  std::ranges::sort(environment, {}, [](const auto& entry) { return entry.first; });
  Env env;
  for (auto& [name, text] : environment) env.entries.push_back({name, std::move(text.value)});
  plan.add(std::move(env));
}

void plan_entrypoint(StagePlan& plan) {
  const auto& entrypoint = plan.variant.common.entrypoint;
  if (entrypoint && !entrypoint->value.empty()) plan.add(Entrypoint{entrypoint->value});
}

/// On an empty image there is nothing that could run or be somebody. (What the top level says is for others, too.)
void plan_scratch(StagePlan& plan) {
  constexpr std::array<std::string_view, 8> dropped{"apt",  "arguments", "builder", "builders",
                                                    "node", "php",       "python",  "runs"};
  const auto warn = [&](const std::string& key, const data::Mark& mark) {
    plan.report.warning(
        mark, fmt::format("'{}' has no effect in variant '{}', which has no base image", key, plan.variant.name),
        plan.path(key));
  };
  for (const auto& [key, mark] : plan.variant.keys) {
    if (std::ranges::find(dropped, key) != dropped.end()) warn(key, mark);
    if (key != "lives") continue;
    // Where they live counts for what is copied; who they are does not.
    const auto& lives = plan.variant.common.lives;
    if (lives.as) warn("lives.as", lives.as->mark);
    if (lives.uid) warn("lives.uid", lives.uid->mark);
    if (lives.gid) warn("lives.gid", lives.gid->mark);
  }
  copy_artifacts(plan);
  plan_entrypoint(plan);
}

void plan_based(StagePlan& plan, const Options& options) {
  const auto& c = plan.variant.common;
  const auto lives = lives_account(c.lives);
  const bool insecurely = c.runs.insecurely && c.runs.insecurely->value;

  plan.add(User{"0"});
  plan.add(Env{{{"HOME", "/root"}}});
  plan_arguments(plan, options.platform_args);
  plan_apt(plan);
  plan_account(plan, lives, {lives_in(plan.variant), "/opt/lib"}, c.lives.in ? c.lives.in->mark : data::Mark());
  plan_account(plan, runs_account(c.runs), {}, {});

  plan.add(User{"$LIVES_UID"});
  plan.add(Env{{{"HOME", "/home/" + lives.name}}});
  plan.add(Workdir{lives_in(plan.variant)});
  plan_environment(plan);
  plan_builders(plan);
  copy_artifacts(plan);

  if (!insecurely) {
    plan.add(User{"$RUNS_UID"});
    plan.add(Env{{{"HOME", "/home/$RUNS_AS"}}});
  }
  plan_after_install(plan);
  if (c.runs.in) plan.add(Workdir{c.runs.in->value});
  plan_entrypoint(plan);
}

/// What only the image that is asked for gets.
void plan_target(StagePlan& plan) {
  const auto& options = plan.options;
  Label label{{{"blubber.variant", plan.variant.name},
               {"blubber.version", options.version.empty() ? std::string(version()) : options.version}}};
  label.entries.insert(label.entries.end(), options.labels.begin(), options.labels.end());
  plan.add(std::move(label));
  if (!options.run_entrypoint) return;
  const auto& entrypoint = plan.variant.common.entrypoint;
  if (!entrypoint || entrypoint->value.empty()) {
    plan.report.error(plan.variant.mark,
                      fmt::format("there is nothing to run: variant '{}' has no entrypoint", plan.variant.name),
                      plan.path("entrypoint"));
    return;
  }
  Exec exec;
  const auto& run = *options.run_entrypoint;
  if (!run.environment.empty()) exec.words.emplace_back("env");
  for (const auto& [name, value] : run.environment) exec.words.push_back(fmt::format("{}={}", name, value));
  exec.words.insert(exec.words.end(), entrypoint->value.begin(), entrypoint->value.end());
  exec.words.insert(exec.words.end(), run.arguments.begin(), run.arguments.end());
  plan.add(std::move(exec));
}

/// Where builders look for a stage first, an image with the name of one would never be found: it gets its tag. So
/// does an image whose name is a number, which is the place of a stage to them.
/// @source moby, Dockerfile frontend: stage names are compared without case, and before images
void name_images_apart(std::vector<Stage>& stages, const Variant& target, Report& report) {
  std::unordered_set<std::string> names;
  std::unordered_set<std::string> letters;
  for (const auto& stage : stages) {
    names.insert(stage.name);
    letters.insert(text::lower(stage.name));
  }
  const auto name_apart = [&](std::string& image) {
    const bool is_number = std::ranges::all_of(image, [](char c) { return c >= '0' && c <= '9'; });
    if (!image.empty() && (is_number || letters.contains(image))) image += ":latest";
  };
  const auto name_origin_apart = [&](std::string& from) {
    if (!names.contains(from)) name_apart(from);
  };
  for (auto& stage : stages) {
    if (stage.image != "scratch") name_apart(stage.image);
    else if (letters.contains("scratch"))
      report.error(target.mark, "a variant called 'scratch' hides the empty image from the other variants",
                   "variants.scratch");
    for (auto& instruction : stage.instructions) {
      if (auto* copy = std::get_if<Copy>(&instruction)) name_origin_apart(copy->from);
      if (auto* run = std::get_if<Run>(&instruction)) {
        for (auto& mount : run->mounts) name_origin_apart(mount.from);
      }
    }
  }
}

}  // namespace

std::string lives_in(const Variant& variant) {
  const auto& in = variant.common.lives.in;
  return in ? in->value : "/srv/app";
}

std::string final_directory(const Variant& variant) {
  if (is_scratch(variant)) return "/";
  const auto& in = variant.common.runs.in;
  return in ? in->value : lives_in(variant);
}

StageIndex::StageIndex(const std::vector<const Variant*>& variants) {
  for (const auto* variant : variants) by_name_.emplace(variant->name, variant);
}

const Variant* StageIndex::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::string StagePlan::path(std::string_view key) const { return fmt::format("variants.{}.{}", variant.name, key); }

std::vector<Stage> plan_one(const Variant& variant, bool is_target, const StageIndex& stages, Report& report,
                            const Options& options) {
  const bool empty = is_scratch(variant);
  StagePlan plan{variant, stages,
                 report,  options,
                 {},      Stage{variant.name, empty ? "scratch" : variant.common.base->value, {}, variant.mark}};
  if (empty) plan_scratch(plan);
  else plan_based(plan, options);
  if (is_target) plan_target(plan);
  plan.before.push_back(std::move(plan.stage));
  return std::move(plan.before);
}

std::vector<Stage> plan(const std::vector<const Variant*>& variants, Report& report, const Options& options) {
  const StageIndex index(variants);
  std::vector<Stage> out;
  for (const auto* variant : variants) {
    auto stages = plan_one(*variant, variant == variants.back(), index, report, options);
    std::ranges::move(stages, std::back_inserter(out));
  }
  name_images_apart(out, *variants.back(), report);
  return out;
}

}  // namespace slipway::blubber
