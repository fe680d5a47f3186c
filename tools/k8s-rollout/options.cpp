// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::rollout {

namespace {

constexpr const char* which = "deploy/NAME ..., deploy (all of them), or - to read them from stdin";

cli::App& add(cli::App& app, Options& options, const char* name, const char* purpose, const char* help = which) {
  auto& command = app.command(name, purpose, options.command);
  command.positional("WORKLOAD", options.workloads, help);
  return command;
}

void describe_judging(cli::App& command, Options& options) {
  command.option("--stable", options.stable, "DURATION", "done only when it stays so for that long");
  command.option("--fail-fast", options.fail_fast, "on|off|CLASS=fail|warn|off,..",
                 "what may fail it before the deadline");
  command.option("--patience", options.patience, "DURATION", "upper limit to the wait for trouble to heal");
  command.option("--max-restarts", options.max_restarts, "N", "restarts of one pod that make a crash loop (3)");
  command.option("--no-progress", options.no_progress, "DURATION", "fail when nothing gets better for so long");
  command.option("--fail-unready-after", options.fail_unready_after, "DURATION",
                 "running and unready for so long fails");
  command.flag("--wait-terminated", options.wait_terminated, "old pods have to be gone, too");
  command.flag("--require-full", options.require_full, "a partition counts as held");
  command.flag("--ignore-unready-nodes", options.ignore_unready_nodes, "of a DaemonSet");
  command.flag("--follow-superseded", options.follow_superseded, "go on when another template takes over");
  command.option("--ready-when", options.ready_when, "RULE", "when a custom resource is ready");
  command.option("--failed-when", options.failed_when, "RULE", "when it has failed");
  command.option("--follow-logs", options.follow_logs, "N", "tell the new pods' logs, N lines a second");
  command.option("--logs", options.logs, "N", "last lines of the failing container's log (25)");
}

/// Of the commands that can wait for what they did.
void describe_waiting(cli::App& command, Options& options) {
  command.flag("--wait", options.wait, "wait for the outcome, as status does");
  command.brief_group("Waiting");
  describe_judging(command, options);
}

/// Of the commands that write, on several clusters one after the other.
void describe_plan_options(cli::App& command, Options& options) {
  command.brief_group("Several clusters");
  command.choice("--on-failure", options.on_failure, {"stop", "undo-failed", "undo-all"}, "what to do with the others");
  command.option("--bake", options.bake, "DURATION", "watch a done cluster for so long before the next");
  command.option("--check", options.checks, "COMMAND", "has to succeed every 10 s while baking");
  command.option("--check-url", options.check_urls, "URL", "has to answer 2xx meanwhile");
  command.option("--clusters-at-once", options.clusters_at_once, "N", "side by side (1)");
  command.flag("--confirm-each", options.confirm_each, "ask before the next cluster");
  command.flag("-y,--yes", options.yes, "do not ask");
}

void describe_status(cli::App& app, Options& options) {
  auto& status = add(app, options, "status", "wait until it is rolled out, or say why it will not be");
  status.choice("-w,--watch", options.watch, {"true", "false"}, "false: one look, 3 when it is unfinished").bare =
      "true";
  status.choice("--progress", options.progress, {"stderr", "stdout"}, "stdout: there, too, as kubectl does");
  status.option("--revision", options.revision, "N", "another one than this counts as overtaken");
  status.option("--evidence", options.evidence, "DIR", "save objects, events and logs of a failure");
  status.flag("--mark", options.mark, "when done, remember this revision as good");
  status.group("Going back");
  status
      .option("--undo-on-failure", options.undo_on_failure, "TO",
              "undo what failed, to last-good, previous or a revision: 5 done, 6 that failed, too")
      .bare = "last-good";
  status.flag("--undo-on-timeout", options.undo_on_timeout, "undo what ran out of time, too");
  status.brief_group("Judging");
  describe_judging(status, options);
  status.example("wait, and go back by itself", "k8s-rollout status deploy/web --undo-on-failure");
  status.example("both data centres", "k8s-rollout status deploy/web -n web --contexts dc1,dc2");
}

void describe_reading(cli::App& app, Options& options) {
  auto& explain = add(app, options, "explain", "one look, no wait: why is it not ready?");
  explain.option("--logs", options.logs, "N", "last lines of the failing container's log (25)");
  explain.option("--ready-when", options.ready_when, "RULE", "when a custom resource is ready");
  explain.option("--failed-when", options.failed_when, "RULE", "when it has failed");
  explain.option("--max-restarts", options.max_restarts, "N", "restarts of one pod that make a crash loop (3)");
  explain.flag("--ignore-unready-nodes", options.ignore_unready_nodes, "of a DaemonSet");
  explain.example("what is wrong", "k8s-rollout explain deploy/web");
  auto& history = add(app, options, "history", "list the revisions with images, age and who serves");
  history.option("--revision", options.revision, "N", "this one in full");
  history.option("--diff", options.diff, "A..B", "what differs between two revisions");
  history.flag("--show-env", options.show_env, "with the values of environment variables");
  history.example("what changed", "k8s-rollout history deploy/web --diff 12..14");
  auto& drift = add(app, options, "drift", "compare image, revision and replicas over clusters");
  drift.example("do the data centres agree?", "k8s-rollout drift deploy/web --contexts dc1,dc2");
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
  undo.flag("--unstick", options.unstick, "evict pods that keep a StatefulSet from going on");
  undo.flag("--diff", options.with_diff, "say what differs; with --dry-run it always does");
  undo.flag("--show-env", options.show_env, "in that: values of environment variables, too");
  undo.choice("--last-applied", options.last_applied, {"sync", "keep"}, "kubectl apply's annotation");
  describe_plan_options(undo, options);
  describe_waiting(undo, options);
  undo.example("back to what served", "k8s-rollout undo deploy/web --reason 'breaks login' --wait");
}

void describe_actions(cli::App& app, Options& options) {
  auto& pause = add(app, options, "pause", "stop the rollout where it is, or at a share of the pods");
  pause.option("--at", options.at, "PERCENT%|COUNT", "let it go on until so many new pods serve");
  pause.option("--reason", options.reason, "TEXT", "kept as the change's cause");
  pause.flag("--force", options.force, "although the base is not healthy");
  describe_waiting(pause, options);
  pause.example("hold it at a quarter", "k8s-rollout pause deploy/web --at 25%");
  auto& resume = add(app, options, "resume", "let a paused one go on");
  describe_plan_options(resume, options);
  describe_waiting(resume, options);
  resume.example("go on, and wait", "k8s-rollout resume deploy/web --wait");
  auto& restart = add(app, options, "restart", "new pods from the same template");
  restart.option("--if-older", options.if_older, "DURATION", "only when a pod is older than that");
  restart.option("--batch", options.batch, "N", "pods evicted at once, of OnDelete sets (1)");
  restart.option("--reason", options.reason, "TEXT", "kept as the change's cause");
  describe_plan_options(restart, options);
  describe_waiting(restart, options);
  restart.example("everything of a service", "k8s-rollout restart deploy -l app=web --wait");
  auto& scale = add(app, options, "scale", "change the number of replicas");
  scale.option("--replicas", options.replicas, "N", "how many");
  scale.option("--current-replicas", options.current_replicas, "N", "only if there are so many now");
  scale.flag("--all", options.all, "all of the type, as TYPE alone says, too");
  scale.option("--resource-version", options.resource_version, "V", "only if it is at this version");
  scale.flag("--restore", options.restore, "back to the number before it was scaled to 0");
  scale.flag("--force", options.force, "outside the limits of its autoscaler, too");
  describe_plan_options(scale, options);
  describe_waiting(scale, options);
  scale.example("back on after it was scaled to 0", "k8s-rollout scale deploy/web --restore");
  auto& autoscale = add(app, options, "autoscale", "make or change its autoscaler");
  autoscale.option("--min", options.min, "N", "fewest pods");
  autoscale.option("--max", options.max, "N", "most pods");
  autoscale.option("--cpu", options.cpu, "PERCENT", "of the requested CPU, on average");
  autoscale.option("--memory", options.memory, "PERCENT", "of the requested memory, on average");
  autoscale.option("--name", options.name, "NAME", "of the autoscaler (default: the workload's)");
  autoscale.flag("--off", options.off, "switch it off, keep it");
  autoscale.flag("--on", options.on, "switch it on again");
  autoscale.example("between 2 and 10", "k8s-rollout autoscale deploy/web --min 2 --max 10 --cpu 70");
}

void describe_steps(cli::App& app, Options& options) {
  auto& canary = add(app, options, "canary", "a share of the pods first: start, promote, abort, status",
                     "start, promote, abort or status; then deploy/NAME (or svc/NAME for status)");
  canary.option("--image", options.images, "[CONTAINER=]REF", "start: the image to try");
  canary.option("--percent", options.percent, "N", "start: share of the pods; further steps repeat it");
  canary.option("--via", options.via, "deploy/NAME", "a canary Deployment behind the same Service");
  canary.flag("--undo-on-failure", options.abort_on_failure, "abort it when it fails");
  canary.flag("--force", options.force, "although the base is not healthy");
  canary.option("--reason", options.reason, "TEXT", "kept as the change's cause");
  canary.option("--bake", options.bake, "DURATION", "watch it for so long");
  canary.option("--check", options.checks, "COMMAND", "has to succeed every 10 s while baking");
  canary.option("--check-url", options.check_urls, "URL", "has to answer 2xx meanwhile");
  canary.brief_group("Waiting");
  describe_judging(canary, options);
  canary.example("a tenth of the pods", "k8s-rollout canary start deploy/web --image web=r/web:2 --percent 10");
  auto& plan = app.command("plan", "runs over several clusters: list, show, continue, abort", options.command);
  plan.positional("STEP", options.workloads, "list, or show, continue or abort and the run's id");
  plan.flag("-y,--yes", options.yes, "do not ask");
  plan.example("after a crash", "k8s-rollout plan continue 20261124-101500-1a2b");
  auto& completion =
      app.command("completion", "the script that completes commands, options and names", options.command);
  completion.positional("SHELL", options.workloads, "bash, zsh or fish");
  completion.rest("WORD", options.workloads, "what is typed so far");
  completion.example("for this shell", "source <(k8s-rollout completion bash)");
}

}  // namespace

void describe(cli::App& app, Options& options) {
  app.about("k8s-rollout", "Watches, explains, undoes, pauses, restarts and scales rollouts.");
  app.offer_server_dry_run();
  describe_status(app, options);
  describe_reading(app, options);
  describe_undo(app, options);
  describe_actions(app, options);
  describe_steps(app, options);
  app.group("Which");
  app.option("-n,--namespace", options.name_space, "NAME", "default: the context's or the target's");
  app.option("--context,--contexts", options.contexts, "C", "contexts C,D of the kubeconfig, in that order");
  app.option("-t,--target", options.targets, "NAME", "targets or groups of deploy-targets.yaml");
  app.brief_group("Also, in the manual");
  app.option("-l,--selector", options.selector, "LABELS", "workloads with these labels");
  app.option("-f,--filename", options.files, "FILE", "those of a manifest, or of a folder's");
  app.flag("-R,--recursive", options.recursive, "with -f: folders in folders, too");
  app.flag("--ignore-not-found", options.ignore_not_found, "nothing to be found is fine");
  app.choice("-o,--output", options.output, {"text", "wide", "json", "name"}, "form of the answer");
  app.option("--field-manager", options.field_manager, "NAME", "in whose name is written (k8s-rollout)");
  app.option("--clusters", options.clusters, "NAME=KUBECONFIG[#CONTEXT],..", "clusters by their files");
  app.option("--targets", options.targets_file, "FILE", "that file (default: of the registry)");
  app.option("--registry", options.registry, "PATH[#REF]", "configuration registry, as in config-get");
  app.option("--service", options.service, "NAME", "what {service} stands for in it");
  app.option("--kubeconfig", options.kubeconfig, "FILE", "instead of $KUBECONFIG");
  app.option("--cluster", options.cluster, "NAME", "that cluster of the kubeconfig");
  app.option("--user", options.user, "NAME", "that user of the kubeconfig");
  app.option("--token-file", options.token_file, "FILE", "bearer token, instead of the user's own");
  app.option("--server", options.server, "URL", "instead of the cluster's own");
  app.option("--certificate-authority", options.certificate_authority, "FILE", "that the server's certificate is of");
  app.option("--client-certificate", options.client_certificate, "FILE", "instead of the user's own");
  app.option("--client-key", options.client_key, "FILE", "of it");
  app.option("--tls-server-name", options.tls_server_name, "NAME", "that the server's certificate has to bear");
  app.flag("--insecure-skip-tls-verify", options.insecure, "do not verify it");
  app.option("--as", options.as, "USER", "impersonate");
  app.option("--as-group", options.as_groups, "GROUP", "impersonate");
  app.option("--as-uid", options.as_uid, "UID", "impersonate");
  app.option("--request-timeout", options.request_timeout, "DURATION", "of one request (30s)");
  app.option("--api-grace", options.api_grace, "DURATION", "how long the API may be away (5m)");
  app.example("is it out?", "k8s-rollout status deploy/web -n web");
  app.example("why is it not?", "k8s-rollout explain deploy/web -t production");
  app.example("back to what served", "k8s-rollout undo deploy/web -t production");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::pending, ExitCode::partial, ExitCode::undone, ExitCode::not_undone,
             ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable, ExitCode::cannot_create,
             ExitCode::io, ExitCode::try_again, ExitCode::protocol, ExitCode::permission, ExitCode::setup,
             ExitCode::timeout});
  app.exit_meaning(ExitCode::no, "failed");
  app.exit_meaning(ExitCode::pending, "unfinished");
  app.exit_meaning(ExitCode::partial, "partly");
  app.exit_meaning(ExitCode::undone, "undone");
  app.exit_meaning(ExitCode::not_undone, "undo failed");
  app.exit_meaning(ExitCode::unavailable, "API away");
  app.exit_meaning(ExitCode::try_again, "changed by others");
}

}  // namespace slipway::rollout
