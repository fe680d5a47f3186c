// SPDX-License-Identifier: Apache-2.0
#include "blubber/blubber.hpp"

#include "blubber/config.hpp"
#include "blubber/dockerfile.hpp"
#include "blubber/plan.hpp"
#include "blubber/policy.hpp"
#include "blubber/report.hpp"
#include "blubber/resolve.hpp"
#include "blubber/show.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace slipway::blubber {

namespace {

/// A configuration that was read, with all that its parts point into.
class Session {
 public:
  Session(std::string_view yaml, std::string file, const Options& options)
      : options_(options), document_(data::parse_yaml(yaml, file, limits)), report(std::move(file), document_.source),
        config(read_config(document_, report)), resolver(config, report) {
    document_.root = {};  // all that counts is in `config`
    // A policy that cannot be read is told before anything is looked at with it.
    if (options.policy) policy_ = read_policy(options.policy->text, options.policy->name);
    // What is only a warning waits: there may be errors in what follows, and all are told at once.
    report.throw_if_bad(false);
  }

  /// @throws Error not_found for an unknown one
  const Variant& wanted(std::string_view name) const {
    if (const auto* variant = config.find(name)) return *variant;
    const auto names = config.names();
    auto what = fmt::format("{} has no variant '{}'", report.file(), text::printable(name));
    what += names.empty() ? "; it has none at all" : fmt::format("; it has {}", text::join(names, ", "));
    const auto near = text::nearest(name, names);
    throw Error(failure::not_found, std::move(what), near ? fmt::format("blubber {} {}", report.file(), *near) : "");
  }

  std::vector<const Variant*> stages(std::string_view target) {
    auto out = resolver.stages(wanted(target).name);
    report.throw_if_bad(false);
    return out;
  }

  /// The last word: with --strict a warning is an error; what is right may still be against the policy.
  /// @param built the variants that were expanded, which is how a policy sees them
  std::vector<Diagnostic> finish(std::vector<const Variant*> built) {
    report.throw_if_bad(false);
    if (policy_) {
      if (options_.policy->all_variants) built = resolver.all();
      report.throw_if_bad(false);
      enforce(*policy_, policy_view(config, built), config, report);
      report.throw_errors(failure::against_policy, "against the policy");
      for (auto& warning : policy_->warnings) report.add(warning);
    }
    report.throw_if_bad(options_.strict);
    return report.take();
  }

 private:
  static constexpr data::YamlLimits limits{
      .nodes = most_values, .bytes = largest_text, .keys = data::YamlKeys::as_written};

  const Options& options_;
  data::YamlDocument document_;
  std::optional<Policy> policy_;

 public:
  Report report;
  Config config;
  Resolver resolver;
};

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(item);
}

/// What the stages take from outside: images, and whether the build context.
void find_inputs(const std::vector<Stage>& stages, Dockerfile& out) {
  std::unordered_set<std::string_view> names;
  for (const auto& stage : stages) names.insert(stage.name);
  const auto add = [&](const std::string& from) {
    if (from.empty()) out.needs_context = true;
    else if (!names.contains(from)) add_once(out.images, from);
  };
  for (const auto& stage : stages) {
    if (stage.image != "scratch") add_once(out.images, stage.image);
    for (const auto& instruction : stage.instructions) {
      if (const auto* copy = std::get_if<Copy>(&instruction)) add(copy->from);
      if (const auto* run = std::get_if<Run>(&instruction)) {
        for (const auto& mount : run->mounts) {
          if (!mount.is_cache) add(mount.from);
        }
      }
    }
  }
}

/// kaniko takes such a Dockerfile and builds something else from it without a word. (No directive: there is no `=`.)
constexpr std::string_view for_buildkit =
    "# For BuildKit only. Other builders refuse this file or, as kaniko does, ignore its mounts and excludes.\n";

}  // namespace

Dockerfile dockerfile(std::string_view yaml, std::string file, std::string_view variant, const Options& options) {
  Session session(yaml, std::move(file), options);
  const auto variants = session.stages(variant);
  Dockerfile out;
  out.planned = plan(variants, session.report, options);
  out.text = print(out.planned, session.report);
  if (options.target == Target::buildkit) out.text.insert(0, for_buildkit);
  out.variant = variants.back()->name;
  for (const auto* v : variants) out.stages.push_back(v->name);
  find_inputs(out.planned, out);
  out.warnings = session.finish(variants);
  return out;
}

Expanded expanded_json(std::string_view yaml, std::string file, std::string_view variant, const Options& options) {
  Session session(yaml, std::move(file), options);
  const auto variants = session.stages(variant);
  Expanded out{data::to_json(show(*variants.back()), 2) + "\n", {}};
  out.warnings = session.finish(variants);
  return out;
}

Variants variants(std::string_view yaml, std::string file, const Options& options) {
  Session session(yaml, std::move(file), options);
  return {session.config.names(), session.finish({})};
}

Variants check(std::string_view yaml, std::string file, const Options& options) {
  Session session(yaml, std::move(file), options);
  const auto variants = session.resolver.all();
  // Each variant is planned once, and forgotten: a variant is the same stage in every Dockerfile.
  const StageIndex index(variants);
  for (const auto* variant : variants)
    (void)print(plan_one(*variant, false, index, session.report, options), session.report);
  return {session.config.names(), session.finish(variants)};
}

}  // namespace slipway::blubber
