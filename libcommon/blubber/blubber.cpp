// SPDX-License-Identifier: Apache-2.0
#include "blubber/blubber.hpp"

#include "blubber/config.hpp"
#include "blubber/dockerfile.hpp"
#include "blubber/plan.hpp"
#include "blubber/report.hpp"
#include "blubber/resolve.hpp"
#include "blubber/show.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

/// A configuration that was read, with all that its parts point into.
class Session {
 public:
  Session(std::string_view yaml, std::string file, const Options& options)
      : options_(options), document_(data::parse_yaml(yaml, file)), report(std::move(file), document_.source),
        config(read_config(document_, report)), resolver(config, report) {
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

  /// The last word: with --strict a warning is an error.
  std::vector<Diagnostic> finish() {
    report.throw_if_bad(options_.strict);
    return report.take();
  }

 private:
  const Options& options_;
  data::YamlDocument document_;

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
  const auto is_stage = [&](const std::string& name) {
    return std::ranges::find(stages, name, &Stage::name) != stages.end();
  };
  for (const auto& stage : stages) {
    if (stage.image != "scratch") add_once(out.images, stage.image);
    for (const auto& instruction : stage.instructions) {
      const auto* copy = std::get_if<Copy>(&instruction);
      if (copy == nullptr) continue;
      if (copy->from.empty()) out.needs_context = true;
      else if (!is_stage(copy->from)) add_once(out.images, copy->from);
    }
  }
}

}  // namespace

Dockerfile dockerfile(std::string_view yaml, std::string file, std::string_view variant, const Options& options) {
  Session session(yaml, std::move(file), options);
  const auto variants = session.stages(variant);
  Dockerfile out;
  out.planned = plan(variants, session.report, options);
  out.text = print(out.planned, session.report);
  out.variant = variants.back()->name;
  for (const auto* v : variants) out.stages.push_back(v->name);
  find_inputs(out.planned, out);
  out.warnings = session.finish();
  return out;
}

std::string expanded_json(std::string_view yaml, std::string file, std::string_view variant, const Options& options) {
  Session session(yaml, std::move(file), options);
  const auto* expanded = session.resolver.expanded(session.wanted(variant).name);
  session.finish();
  return data::to_json(show(*expanded), 2) + "\n";
}

Variants variants(std::string_view yaml, std::string file, const Options& options) {
  Session session(yaml, std::move(file), options);
  return {session.config.names(), session.finish()};
}

Variants check(std::string_view yaml, std::string file, const Options& options) {
  Session session(yaml, std::move(file), options);
  for (const auto& variant : session.config.variants) {
    const auto stages = session.resolver.stages(variant.name);
    if (!stages.empty()) (void)print(plan(stages, session.report, options), session.report);
  }
  return {session.config.names(), session.finish()};
}

}  // namespace slipway::blubber
