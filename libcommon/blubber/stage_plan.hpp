// SPDX-License-Identifier: Apache-2.0
// One stage while it is being planned, and the parts that add to it. Used by plan.cpp only.
#pragma once

#include "blubber/blubber.hpp"
#include "blubber/config.hpp"
#include "blubber/instruction.hpp"
#include "blubber/plan.hpp"
#include "blubber/report.hpp"

#include <string>
#include <vector>

namespace slipway::blubber {

struct StagePlan {
  const Variant& variant;
  const StageIndex& stages;  ///< all variants that are built
  Report& report;
  const Options& options;
  std::vector<Stage> before;  ///< helper stages, which have to stand before this one
  Stage stage;
  int helpers = 0;  ///< how many names of helper stages and directories are taken

  void add(Instruction instruction) { stage.instructions.push_back(std::move(instruction)); }
  void run(std::string text, data::Mark mark = {}, std::vector<std::string> arguments = {}) {
    add(Run{std::move(text), std::move(arguments), std::move(mark), {}});
  }
  /// "variants.NAME.KEY", for findings about what may be inherited.
  [[nodiscard]] std::string path(std::string_view key) const;
  [[nodiscard]] bool is_for_buildkit() const { return options.target == Target::buildkit; }
};

/// Packages: sources, proxies and keys are set up, used and, but for the sources, gone in one RUN.
void plan_apt(StagePlan& plan);

/// The builders in their order: each copies what it requires, then runs.
void plan_builders(StagePlan& plan);
void plan_python(StagePlan& plan, const Python& python);
void plan_custom(StagePlan& plan, const Custom& custom);
/// What the builders leave to be done after everything is copied.
void plan_after_install(StagePlan& plan);
void plan_after_python(StagePlan& plan, const Python& python);
/// `builders`, or the four keys of old in their fixed order.
[[nodiscard]] std::vector<Builder> builders_of(const Common& common);

/// COPY for the requirements of a builder: one for each origin and destination.
void copy_requirements(StagePlan& plan, const Field<Artifacts>& requirements);
/// COPY for `copies`.
void copy_artifacts(StagePlan& plan);
/// Where a requirement ends up, as a path that a command may be given.
[[nodiscard]] std::string path_of_requirement(const Artifact& requirement);

}  // namespace slipway::blubber
