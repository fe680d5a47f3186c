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
             ExitCode::permission, ExitCode::timeout});
  app.exit_meaning(ExitCode::ok, "the entrypoint returned 0; stdout has the image");
  app.exit_meaning(ExitCode::no, "it returned non-zero, was killed or ran out of memory");
  app.exit_meaning(ExitCode::data, "stdin was empty, or a file is malformed");
  app.exit_meaning(ExitCode::no_input, "no such image or file");
  app.exit_meaning(ExitCode::unavailable, "no container engine answers");
}

}  // namespace

void describe(cli::App& app, Options& options) {
  app = cli::App("pipeline-test", "Tests an image and hands its name on only if it passed.");
  describe_run(app.command("run", "run the image's entrypoint in a container", options.command), options);
  app.example("Step 1 and 2 of a pipeline", "pipeline-build test | pipeline-test run");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::permission, ExitCode::timeout});
}

std::string named_image(const Options& options) {
  const auto& option = options.image_option;
  if (option && !options.image.empty() && *option != options.image)
    throw Error(failure::bad_usage, "two images are named: one as an argument, one with --image");
  return option.value_or(options.image);
}

}  // namespace slipway::pipeline_test
