// SPDX-License-Identifier: Apache-2.0
#include "blubber/shell.hpp"
#include "blubber/stage_plan.hpp"

namespace slipway::blubber {

namespace {

bool is_set(const Field<bool>& field) { return field && field->value; }
bool is_filled(const Field<Artifacts>& field) { return field && !field->value.empty(); }
std::string text_of(const Field<std::string>& field) { return field ? field->value : std::string(); }

void plan_builder(StagePlan& plan, const Node& node) {
  if (!is_filled(node.requirements)) return;
  copy_requirements(plan, node.requirements);
  const std::string install = is_set(node.use_npm_ci) ? "npm ci" : "npm install";
  if (text_of(node.env) != "production") {
    plan.run(install, node.mark);
    return;
  }
  plan.run(shell::command(install, {"--only=production"}), node.mark);
  // Since npm 7 a plain dedupe installs what is for development after all.
  const auto dedupe = shell::command("npm dedupe", {"--only=production"});
  plan.run(is_set(node.allow_dedupe_failure) ? dedupe + " || echo \"WARNING: npm dedupe failed; going on without it\""
                                             : dedupe,
           node.mark);
}

void plan_builder(StagePlan& plan, const Php& php) {
  if (!is_filled(php.requirements)) return;
  copy_requirements(plan, php.requirements);
  std::vector<std::string> arguments{"--no-scripts"};
  if (is_set(php.production)) arguments.emplace_back("--no-dev");
  plan.run(shell::command("composer install", arguments), php.mark);
}

void plan_builder(StagePlan& plan, const Python& python) { plan_python(plan, python); }
void plan_builder(StagePlan& plan, const Custom& custom) { plan_custom(plan, custom); }

void plan_after(StagePlan& plan, const Node& node) {
  if (text_of(node.env).empty() && !is_filled(node.requirements)) return;
  plan.add(Env{{{"NODE_ENV", text_of(node.env)}}});
}
void plan_after(StagePlan& plan, const Python& python) { plan_after_python(plan, python); }
void plan_after(StagePlan& /*plan*/, const Php& /*php*/) {}
void plan_after(StagePlan& /*plan*/, const Custom& /*custom*/) {}

}  // namespace

std::vector<Builder> builders_of(const Common& common) {
  if (common.builders) return common.builders->value;
  std::vector<Builder> out;
  if (common.node) out.emplace_back(*common.node);
  if (common.php) out.emplace_back(*common.php);
  if (common.python) out.emplace_back(*common.python);
  if (common.builder) out.emplace_back(*common.builder);
  return out;
}

void plan_builders(StagePlan& plan) {
  for (const auto& builder : builders_of(plan.variant.common))
    std::visit([&](const auto& b) { plan_builder(plan, b); }, builder);
}

void plan_after_install(StagePlan& plan) {
  for (const auto& builder : builders_of(plan.variant.common))
    std::visit([&](const auto& b) { plan_after(plan, b); }, builder);
}

}  // namespace slipway::blubber
