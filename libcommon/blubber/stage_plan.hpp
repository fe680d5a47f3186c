// SPDX-License-Identifier: Apache-2.0
// One stage while it is being planned, and the parts that add to it. Used by plan.cpp only.
#pragma once

#include "blubber/config.hpp"
#include "blubber/instruction.hpp"
#include "blubber/report.hpp"

#include <string>
#include <vector>

namespace slipway::blubber {

struct StagePlan {
  const Variant& variant;
  const std::vector<const Variant*>& variants;  ///< all that are built
  Report& report;
  std::vector<Stage>& done;  ///< stages before this one; helper stages are added here
  Stage stage;
  int helpers = 0;  ///< how many names of helper stages and directories are taken

  void add(Instruction instruction) { stage.instructions.push_back(std::move(instruction)); }
  void run(std::string text, data::Mark mark = {}, std::vector<std::string> arguments = {}) {
    add(Run{std::move(text), std::move(arguments), std::move(mark)});
  }
};

/// Packages: sources, proxies and keys are set up, used and, but for the sources, gone in one RUN.
void plan_apt(StagePlan& plan);

/// The builders in their order: each copies what it requires, then runs.
void plan_builders(StagePlan& plan);
/// What the builders leave to be done after everything is copied.
void plan_after_install(StagePlan& plan);
/// `builders`, or the four keys of old in their fixed order.
[[nodiscard]] std::vector<Builder> builders_of(const Common& common);

/// COPY for the requirements of a builder: one for each origin and destination.
void copy_requirements(StagePlan& plan, const Field<Artifacts>& requirements);
/// COPY for `copies`.
void copy_artifacts(StagePlan& plan);
/// Where a requirement ends up, as a path that a command may be given.
[[nodiscard]] std::string path_of_requirement(const Artifact& requirement);

}  // namespace slipway::blubber
