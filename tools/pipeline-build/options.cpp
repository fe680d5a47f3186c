// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::pipeline_build {

void describe(cli::App& app, Options& options) {
  app = cli::App("pipeline-build",
                 "Builds the image of a variant and prints its name: one line that the next tool takes.");
  app.group("Input");
  app.positional("VARIANT", options.variant, "variant of .pipeline/blubber.yaml; without it a Dockerfile is read");
  app.option("-f,--file", options.file, "FILE", "configuration or Dockerfile; - for a Dockerfile on stdin");
  app.option("-C,--context", options.context, "DIR", "files that the build may copy (default .); none for no file");
  app.option("--exclude", options.exclude, "PATTERN", "leave out more than .dockerignore does");
  app.group("Build");
  app.option("-t,--tag", options.tags, "NAME", "name the image; otherwise it is localhost/pipeline-build:ID");
  app.option("--build-arg", options.build_args, "NAME[=VALUE]", "set an ARG; its value from the environment without =");
  app.option("--label", options.labels, "NAME=VALUE", "add a label");
  app.option("--target", options.target, "STAGE", "stop at this stage");
  app.option("--network", options.network, "NAME", "network of RUN steps, such as host or none");
  app.choice("--pull", options.pull, {"missing", "always"}, "when to fetch base images");
  app.flag("--no-cache", options.no_cache, "run every step anew");
  app.group("Output");
  app.option("-o,--output-file", options.output_file, "FILE", "write what stdout gets into FILE as well");
  app.flag("--print-dockerfile", options.print_dockerfile, "print the Dockerfile and build nothing");
  app.example("Build the test variant and run its tests", "pipeline-build test | pipeline-test run");
  app.example("Build a Dockerfile from stdin", "blubber .pipeline/blubber.yaml test | pipeline-build");
  app.example("Build with a name of your own", "pipeline-build production -t registry.example.org/svc:dev");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::permission, ExitCode::setup, ExitCode::timeout});
  app.exit_meaning(ExitCode::ok, "built; the image's name is on stdout");
  app.exit_meaning(ExitCode::no, "a build step failed");
  app.exit_meaning(ExitCode::data, "configuration or Dockerfile wrong, or stdin empty");
  app.exit_meaning(ExitCode::no_input, "no such variant, file or context");
  app.exit_meaning(ExitCode::unavailable, "no container engine answers");
}

}  // namespace slipway::pipeline_build
