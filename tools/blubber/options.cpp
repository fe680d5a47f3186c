// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::blubber_tool {

void describe(cli::App& app, Options& options) {
  app = cli::App("blubber", "Prints the Dockerfile of a variant of a build configuration, blubber.yaml(5).");
  app.group("Input");
  app.positional("FILE", options.file, "the configuration; - for stdin");
  app.positional("VARIANT", options.variant, "the variant to build");
  app.option("-p,--policy", options.policy, "URI", "rules it has to obey: a file, - or a URL");
  app.flag("--policy-variant-all", options.policy_all, "show the policy every variant expanded");
  app.group("Output");
  app.choice("-f,--format", options.format, {"dockerfile", "json", "deps"},
             "the Dockerfile, all it inherits, or its stages");
  app.choice("--target-builder", options.target, {"classic", "buildkit"}, "for every builder, or BuildKit alone");
  app.option("--label", options.labels, "NAME=VALUE", "a further label");
  app.flag("--run-entrypoint", options.run_entrypoint, "run the program as the last step");
  app.option("--arg", options.arguments, "ARGUMENT", "an argument for that run");
  app.option("--env", options.environment, "NAME=VALUE", "a variable for that run");
  app.flag("--platform-args", options.platform_args, "declare TARGETARCH and its like always");
  app.flag("--variants", options.variants, "list the variants, one a line");
  app.flag("--schema", options.schema, "print the JSON schema of configurations");
  app.group("Behaviour");
  app.flag("--check", options.check, "check every variant and print nothing");
  app.flag("--strict", options.strict, "take every warning as an error");
  app.example("Build a variant with plain docker", "blubber .pipeline/blubber.yaml test | docker build -f - .");
  app.example("Check a configuration before it is committed", "blubber --check --strict .pipeline/blubber.yaml");
  app.example("See what a variant inherits", "blubber -f json .pipeline/blubber.yaml production");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::protocol, ExitCode::permission, ExitCode::setup,
             ExitCode::timeout});
  app.exit_meaning(ExitCode::ok, "what was asked for is on stdout, whole");
  app.exit_meaning(ExitCode::no, "the policy is broken");
  app.exit_meaning(ExitCode::data, "malformed or not valid");
  app.exit_meaning(ExitCode::no_input, "no such file or variant");
}

}  // namespace slipway::blubber_tool
