// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "core/error.hpp"

namespace slipway::pipeline_test {

namespace {

void describe_image(cli::App& app, Options& options) {
  app.group("Input");
  app.positional("IMAGE", options.image, "the image; - or nothing for the line on stdin");
  app.option("--image", options.image_option, "IMAGE", "the same as an option");
}

void describe_run(cli::App& app, Options& all) {
  auto& options = all.run;
  describe_image(app, all);
  app.rest("ARG", options.arguments, "arguments for the entrypoint, instead of the image's own");
  app.group("Container");
  app.option("-e,--env", options.env, "NAME[=VALUE]", "set a variable; its value from ours without =");
  app.option("--env-file", options.env_files, "FILE", "set variables, one NAME=VALUE a line");
  app.option("--secret-env", options.secret_env, "NAME=FILE", "set a variable to a file's content, masked in output");
  app.option("--entrypoint", options.entrypoint, "PROGRAM", "run this instead of the image's entrypoint");
  app.option("-u,--user", options.user, "USER", "run as this user");
  app.option("-w,--workdir", options.workdir, "DIR", "run in this directory");
  app.option("--network", options.network, "NAME", "attach to this network; none for no network");
  app.flag("--read-only", options.read_only, "nothing but /tmp can be written");
  app.flag("--no-ci", options.no_ci, "do not set CI=true");
  app.group("Limits");
  app.size("--memory", options.memory, "SIZE", "memory, swap included (default 2g)");
  app.option("--cpus", options.cpus, "N", "processors (default 2)");
  app.option("--pids", options.pids, "N", "processes and threads (default 1024)");
  app.option("--stop-grace", options.stop_grace, "DURATION", "from SIGTERM to SIGKILL (default 10s)");
  app.group("Output");
  app.option("--copy", options.copy, "SRC[:DIR]", "copy files out afterwards, also of a failed test");
  app.option("-o,--output-file", all.output_file, "FILE", "write the result as JSON, also of a failed test");
  app.option("--tail", options.tail, "N", "last lines in that result (default 30)");
  app.flag("--keep", options.keep, "leave the container for a look");
  app.flag("--pass-exit", options.pass_exit, "end with the entrypoint's own status; 125 for ours");
  app.example("Build and test in one line", "pipeline-build test | pipeline-test run");
  app.example("Keep the reports", "pipeline-test run IMAGE --copy reports/:out");
  app.example("Hand over arguments", "pipeline-test run IMAGE --memory 4g -- --verbose tests/");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::permission, ExitCode::timeout});
  app.exit_meaning(ExitCode::ok, "it returned 0");
  app.exit_meaning(ExitCode::no, "it returned non-zero or was killed");
  app.exit_meaning(ExitCode::data, "stdin empty, or a file malformed");
  app.exit_meaning(ExitCode::no_input, "no such image or file");
  app.exit_meaning(ExitCode::unavailable, "no container engine answers");
}

void describe_cluster(cli::App& app, std::optional<std::string>& kubeconfig, std::optional<std::string>& context) {
  app.option("--kubeconfig", kubeconfig, "FILE", "instead of $KUBECONFIG or ~/.kube/config");
  app.option("--context", context, "NAME", "instead of the current context");
}

void describe_e2e(cli::App& app, Options& all) {
  auto& options = all.e2e;
  app.group("Image, deployment, checks");
  app.positional("IMAGE", all.image, "the image; - or nothing for the line on stdin");
  app.option("--image", all.image_option, "IMAGE", "the same as an option");
  app.option("--chart", options.chart, "DIR", "chart to install, a directory or a .tgz").required = true;
  app.option("--values", options.values, "FILE", "values for it, later files win");
  app.option("--set", options.set, "KEY=VALUE", "one value");
  app.option("--image-key", options.image_key, "KEY", "value that takes NAME@DIGEST, where it is not found");
  app.option("--scratch", options.scratch, "HOST[/PREFIX]", "registry that brings the image to the cluster");
  describe_cluster(app, options.kubeconfig, options.kube_context);
  app.option("--ready-timeout", options.ready_timeout, "TIME", "until it is ready (default 5m)");
  app.option("--stable", options.stable, "TIME", "stay ready for so long, tests included (5s)");
  app.option("--checks", options.checks, "FILE", "checks.yaml: questions and answers");
  app.option("--spec", options.spec, "PATH|FILE", "OpenAPI with x-amples (default /?spec), or none");
  app.option("--url", options.urls, "PATH", "a page that must answer 200");
  app.choice("--helm-test", options.helm_test, {"auto", "yes", "no"}, "run the chart's own tests");
  app.option("--evidence", options.evidence, "DIR", "what to look at after a failure (default evidence)");
  app.option("-o,--output-file", all.output_file, "FILE", "write the result as JSON, also of a failed test");
  app.flag("--keep-on-failure", options.keep_on_failure, "leave the namespace for a look, until it expires");
  app.brief_group("Seldom needed");
  app.option("--pod-security", options.pod_security, "LEVEL", "restricted (default), baseline, privileged");
  app.option("--allow-egress", options.allow_egress, "NET[:PORT]", "what pods may reach outside, as 10.0.0.0/8");
  app.option("--cleanup-timeout", options.cleanup_timeout, "TIME", "until the namespace is gone (2m); 0s: do not wait");
  app.example("In a pipe, before the push",
              "pipeline-build prod | pipeline-test e2e --chart chart --scratch localhost:5000");
  app.example("With checks of your own", "pipeline-test e2e IMAGE --chart chart --checks checks.yaml");
  app.example("An image that the cluster can pull", "pipeline-test e2e r.example.org/svc@sha256:... --chart chart");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::permission, ExitCode::setup, ExitCode::timeout});
}

void describe_gc(cli::App& app, Options& all) {
  auto& options = all.gc;
  app.group("Selection");
  app.flag("--mine", options.mine, "also what this job or user made and has not expired");
  app.option("--older-than", options.older_than, "DURATION", "only what expired so long ago");
  describe_cluster(app, options.kubeconfig, options.kube_context);
  app.example("At the end of a job", "pipeline-test gc --mine");
  app.example("What would go?", "pipeline-test gc --dry-run");
  app.example("From cron, generously", "pipeline-test gc --older-than 2h");
  app.exits({ExitCode::ok, ExitCode::partial, ExitCode::usage, ExitCode::timeout});
  app.exit_meaning(ExitCode::partial, "something could not be looked at or removed");
}

}  // namespace

void describe(cli::App& app, Options& options) {
  app = cli::App("pipeline-test", "Tests an image and hands its name on only if it passed.");
  describe_run(app.command("run", "run the image's entrypoint in a container", options.command), options);
  describe_e2e(app.command("e2e", "deploy it to a namespace of its own and ask it", options.command), options);
  describe_gc(app.command("gc", "remove what earlier runs left behind", options.command), options);
  app.example("Run the tests in an image", "pipeline-build test | pipeline-test run");
  app.example("Try it in a cluster", "pipeline-build prod | pipeline-test e2e --chart chart --scratch localhost:5000");
  app.example("Clean up after a job", "pipeline-test gc --mine");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::permission, ExitCode::setup, ExitCode::timeout});
}

std::string named_image(const Options& options) {
  const auto& option = options.image_option;
  if (option && !options.image.empty() && *option != options.image)
    throw Error(failure::bad_usage, "two images are named: one as an argument, one with --image");
  return option.value_or(options.image);
}

}  // namespace slipway::pipeline_test
