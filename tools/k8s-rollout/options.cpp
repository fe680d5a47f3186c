// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::rollout {

namespace {

constexpr const char* which = "deploy/NAME ..., deploy (all of them), or - to read them from stdin";

cli::App& add(cli::App& app, Options& options, const char* name, const char* purpose) {
  auto& command = app.command(name, purpose, options.command);
  command.positional("WORKLOAD", options.workloads, which);
  return command;
}

void describe_waiting(cli::App& command, Options& options) {
  command.group("Waiting");
  command.option("--stable", options.stable, "DURATION", "done only when it stays so for that long");
  command.option("--fail-fast", options.fail_fast, "on|off|CLASS=fail|warn|off,..",
                 "what may fail it before the deadline");
  command.option("--patience", options.patience, "DURATION", "upper limit to the wait for trouble to heal");
  command.option("--max-restarts", options.max_restarts, "N", "restarts of one pod that make a crash loop (3)");
  command.option("--no-progress", options.no_progress, "DURATION", "fail when nothing gets better for so long");
  command.flag("--wait-terminated", options.wait_terminated, "old pods have to be gone, too");
  command.option("--logs", options.logs, "N", "last lines of the failing container's log (25)");
}

void describe_status(cli::App& app, Options& options) {
  auto& status = add(app, options, "status", "wait until it is rolled out, or say why it will not be");
  status.choice("--watch", options.watch, {"true", "false"}, "false: one look, 3 when it is unfinished");
  describe_waiting(status, options);
  status.flag("--follow-superseded", options.follow_superseded, "go on when another template takes over");
  status.option("--evidence", options.evidence, "DIR", "save objects, events and logs of a failure");
  status.flag("--mark", options.mark, "when done, remember this revision as good");
  status.group("Going back");
  status.flag("--undo-on-failure", options.undo_on_failure, "undo what failed: 5 done, 6 that failed, too");
  status.flag("--undo-on-timeout", options.undo_on_timeout, "undo what ran out of time, too");
  status.option("--undo-to", options.undo_to, "WHAT", "last-good (default), previous or a revision");
  status.example("wait, and go back by itself", "k8s-rollout status deploy/web --undo-on-failure");
  status.example("both data centres", "k8s-rollout status deploy/web -n web --contexts dc1,dc2");
}

void describe_history(cli::App& app, Options& options) {
  auto& history = add(app, options, "history", "list the revisions with images, age and who serves");
  history.option("--revision", options.revision, "N", "this one in full");
  history.option("--diff", options.diff, "A..B", "what differs between two revisions");
  history.example("what changed", "k8s-rollout history deploy/web --diff 12..14");
}

void describe_undo(cli::App& app, Options& options) {
  auto& undo = add(app, options, "undo", "go back to the last good revision, or to one that is named");
  undo.group("Where to");
  undo.option("--to-revision", options.to_revision, "N", "this revision");
  undo.option("--to-image", options.to_image, "REF", "the newest revision with this image");
  undo.flag("--previous", options.previous, "the one before, as kubectl does");
  undo.group("Undo");
  undo.option("--reason", options.reason, "TEXT", "kept as the change's cause");
  undo.flag("--resume", options.resume, "resume a paused one in the same step");
  undo.flag("--force", options.force, "although a ConfigMap or Secret of then is gone");
  undo.choice("--last-applied", options.last_applied, {"sync", "keep"}, "kubectl apply's annotation: sync or keep");
  undo.flag("--wait", options.wait, "wait for the outcome, as status does");
  describe_waiting(undo, options);
  undo.example("back to what served", "k8s-rollout undo deploy/web --reason 'breaks login' --wait");
}

void describe_actions(cli::App& app, Options& options) {
  auto& pause = add(app, options, "pause", "stop the rollout where it is");
  pause.example("hold it", "k8s-rollout pause deploy/web");
  auto& resume = add(app, options, "resume", "let a paused one go on");
  resume.flag("--wait", options.wait, "wait for the outcome, as status does");
  describe_waiting(resume, options);
  auto& restart = add(app, options, "restart", "new pods from the same template");
  restart.flag("--wait", options.wait, "wait for the outcome, as status does");
  describe_waiting(restart, options);
  restart.example("everything of a service", "k8s-rollout restart -l app=web --wait");
  auto& scale = add(app, options, "scale", "change the number of replicas");
  scale.group("Scale");
  scale.option("--replicas", options.replicas, "N", "how many");
  scale.option("--current-replicas", options.current_replicas, "N", "only if there are so many now");
  scale.flag("--restore", options.restore, "back to the number before it was scaled to 0");
  scale.flag("--force", options.force, "outside the limits of its autoscaler, too");
  scale.flag("--wait", options.wait, "wait for the outcome, as status does");
  describe_waiting(scale, options);
  scale.example("back on after it was scaled to 0", "k8s-rollout scale deploy/web --restore");
}

}  // namespace

void describe(cli::App& app, Options& options) {
  app.about("k8s-rollout", "Watches, explains, undoes, pauses, restarts and scales rollouts.");
  describe_status(app, options);
  describe_history(app, options);
  describe_undo(app, options);
  describe_actions(app, options);
  app.group("Which");
  app.option("-l,--selector", options.selector, "LABELS", "workloads with these labels");
  app.option("-n,--namespace", options.name_space, "NAME", "default: the context's or the target's");
  app.option("--context,--contexts", options.contexts, "A,B", "kubeconfig contexts, in the order of action");
  app.option("-t,--target", options.targets, "NAME", "targets or groups of deploy-targets.yaml");
  app.option("--targets", options.targets_file, "FILE", "that file (default: of the registry)");
  app.option("--registry", options.registry, "PATH[#REF]", "configuration registry, as in config-get");
  app.option("--service", options.service, "NAME", "what {service} stands for in it");
  app.group("Connection");
  app.option("--kubeconfig", options.kubeconfig, "FILE", "instead of $KUBECONFIG");
  app.option("--token-file", options.token_file, "FILE", "bearer token, instead of the user's own");
  app.option("--server", options.server, "URL", "instead of the cluster's own");
  app.option("--as", options.as, "USER", "impersonate");
  app.option("--api-grace", options.api_grace, "DURATION", "how long the API may be away (5m)");
  app.example("is it out?", "k8s-rollout status deploy/web -n web");
  app.example("go back", "k8s-rollout undo deploy/web --wait");
  app.example("two data centres", "k8s-rollout history deploy/web -t production");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::pending, ExitCode::partial, ExitCode::undone, ExitCode::not_undone,
             ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable, ExitCode::io,
             ExitCode::try_again, ExitCode::protocol, ExitCode::permission, ExitCode::setup, ExitCode::timeout});
  app.exit_meaning(ExitCode::no, "failed");
  app.exit_meaning(ExitCode::pending, "unfinished or held");
  app.exit_meaning(ExitCode::partial, "some clusters only");
  app.exit_meaning(ExitCode::undone, "failed, undone");
  app.exit_meaning(ExitCode::not_undone, "failed, undo failed");
  app.exit_meaning(ExitCode::unavailable, "API away");
  app.exit_meaning(ExitCode::try_again, "changed by others");
}

}  // namespace slipway::rollout
