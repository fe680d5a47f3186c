// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::config_get {

namespace {

void describe_commands(cli::App& app, Options& options) {
  auto& read = app.command("read", "print the configuration, as without a command", options.command);
  read.positional("SERVICE", options.service, "name of the service").required = true;

  auto& explain = app.command("explain", "say which file and line each value comes from", options.command);
  explain.positional("SERVICE", options.service, "name of the service").required = true;
  explain.positional("PATH", options.path, "only this key and what is below it, such as resources.limits");
  explain.example("Where one value comes from", "config-get explain hello -e staging replicas");

  auto& diff = app.command("diff", "compare two environments, or with -e two revisions", options.command);
  diff.positional("SERVICE", options.service, "name of the service").required = true;
  diff.positional("SIDE", options.sides, "two environments; with -e two revisions, also as A..B");
  diff.example("What production has that staging has not", "config-get diff hello staging dc1");
  diff.example("What the last commit changed in dc1", "config-get diff hello -e dc1 HEAD~1..HEAD");

  auto& list = app.command("list", "list services, environments or the files of a service", options.command);
  list.positional("WHAT", options.what, "services (default), environments or files");
  list.positional("SERVICE", options.service, "environments and files: of this service");
  list.example("The chain of files, present and absent", "config-get list files hello -e dc1");
}

}  // namespace

void describe(cli::App& app, Options& options) {
  app = cli::App("config-get", "Prints a service's configuration out of a git registry, without a checkout.");
  app.command_optional();
  app.positional("SERVICE", options.plain_service, "name of the service");
  describe_commands(app, options);
  app.group("Registry");
  app.option("--registry", options.registry, "PATH[#REF]", "default $CONFIG_REGISTRY, else around here");
  app.option("--at", options.at, "COMMIT", "commit, branch or tag to read at");
  app.option("--layout", options.layout, "FILE", "instead of the registry's config-registry.yaml");
  app.option("--external", options.external, "DIR", "where the layers lie that are not in git");
  app.group("Selection");
  app.option("-e,--environment", options.environment, "NAME", "environment, such as staging");
  app.option("-r,--release", options.release, "NAME", "release, where the layout tells them apart");
  app.option("-k,--key", options.key, "PATH", "only this key, such as a.b[2].c");
  app.option("--default", options.fallback, "TEXT", "what to print when the key is absent");
  app.group("Output");
  app.choice("-o,--output", options.format, {"yaml", "json", "value", "bundle", "files", "env", "shell"},
             "format; yaml unless -k finds a single value");
  app.option("--depth", options.depth, "N", "env, shell: what lies deeper is one JSON value");
  app.flag("--print-commit", options.print_commit, "print the commit that would be read, nothing else");
  app.flag("--strict", options.strict, "warnings are errors");
  app.example("for helm -f -", "config-get hello -e staging");
  app.example("one value", "config-get hello -e staging -k image.tag");
  app.example("as a bundle", "config-get hello -e dc1 -o bundle | deploy-helm plan hello");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::io, ExitCode::permission, ExitCode::setup});
  app.exit_meaning(ExitCode::ok, "done, diff: no difference");
  app.exit_meaning(ExitCode::no, "diff: there are differences");
  app.exit_meaning(ExitCode::data, "a file of the registry is wrong");
  app.exit_meaning(ExitCode::no_input, "no such service, environment, key or commit");
  app.exit_meaning(ExitCode::unavailable, "the clone lacks an object");
  app.exit_meaning(ExitCode::setup, "no registry is named");
}

}  // namespace slipway::config_get
