// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::blubber_tool {

void describe(cli::App& app, Options& options) {
  app = cli::App("blubber", "Prints the Dockerfile of a variant of a build configuration, blubber.yaml(5).");
  app.group("Input");
  app.positional("FILE", options.file, "the configuration; - for stdin").required = true;
  app.positional("VARIANT", options.variant, "the variant to build");
  app.group("Output");
  app.choice("-f,--format", options.format, {"dockerfile", "json", "deps"},
             "a Dockerfile, the variant with all that it inherits as JSON, or the variants it is built from");
  app.flag("--variants", options.variants, "list the variants, one a line");
  app.flag("--check", options.check, "check every variant and print nothing");
  app.group("Behaviour");
  app.flag("--strict", options.strict, "take every warning as an error");
  app.flag("--platform-args", options.platform_args, "declare TARGETARCH and its like, mentioned or not");
  app.example("Build a variant with plain docker", "blubber .pipeline/blubber.yaml test | docker build -f - .");
  app.example("Check a configuration before it is committed", "blubber --check --strict .pipeline/blubber.yaml");
  app.example("See what a variant inherits", "blubber -f json .pipeline/blubber.yaml production");
  app.exits({ExitCode::ok, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::io});
  app.exit_meaning(ExitCode::ok, "what was asked for is on stdout, whole");
  app.exit_meaning(ExitCode::data, "the configuration is malformed or not valid");
  app.exit_meaning(ExitCode::no_input, "no such file or variant");
}

}  // namespace slipway::blubber_tool
