// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::deploy_helm {

void describe(cli::App& app, Options& options) {
  app = cli::App("deploy-helm", "Deploys a service by plan, to production only by an approved one.");
  const auto command = [&](const char* name, const char* purpose) -> cli::App& {
    auto& made = app.command(name, purpose, options.command);
    made.positional("SERVICE", options.service, "service of deploy-targets.yaml");
    return made;
  };
  command("plan", "print what would change, as JSON that can be approved");
  command("diff", "show a plan to a person; 1 if it changes anything");
  command("apply", "deploy, wait until it is ready, undo what fails");
  command("status", "what is deployed where, and is it well?");
  command("history", "revisions: when, who, which image and configuration");
  command("rollback", "go back to the revision before, or to --to");
  command("recover", "end an operation that was killed half way");

  app.group("Input");
  app.option("-i,--image", options.image, "IMAGE", "image by digest; else the line on stdin");
  app.option("-t,--target", options.targets, "TARGET", "target or group; repeatable");
  app.option("-p,--plan", options.plan, "FILE", "diff, apply: a plan; - for stdin");
  app.option("-r,--registry", options.registry, "DIR", "configuration registry (default $CONFIG_REGISTRY)");
  app.option("--config-commit", options.commit, "REV", "commit of the registry (default its HEAD)");
  app.option("--targets", options.targets_file, "FILE", "targets file not in the registry");
  app.group("Behaviour");
  app.option("--approve", options.approve, "DIGEST", "12 or more digits of the plan that was read");
  app.option("--to", options.to, "REVISION", "rollback: to this revision");
  app.option("--settle", options.settle, "DURATION", "stay ready for so long (default 2s)");
  app.flag("--leave-failed", options.leave_failed, "leave what failed as it is, to be looked at");
  app.option("--skip-staging", options.skip_staging, "REASON", "why staging need not run it first");
  app.option("--helm", options.helm, "FILE", "helm program (default $HELM_BIN, else on PATH)");

  app.example("To staging", "registry-push NAME | deploy-helm apply svc -t staging");
  app.example("For production", "deploy-helm plan svc -t production < image > plan.json");
  app.example("That very plan", "deploy-helm apply --plan plan.json --approve 3f9c1e2b4d5a");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::pending, ExitCode::partial, ExitCode::undone, ExitCode::not_undone,
             ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable, ExitCode::cannot_create,
             ExitCode::io, ExitCode::try_again, ExitCode::permission, ExitCode::setup, ExitCode::timeout});
}

}  // namespace slipway::deploy_helm
