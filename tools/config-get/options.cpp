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
  explain.flag("--blame", options.blame, "with the commit that wrote each line");
  explain.example("Where one value comes from", "config-get explain hello -e staging replicas");

  auto& diff = app.command("diff", "compare two environments, or with -e two revisions", options.command);
  diff.positional("SERVICE", options.service, "name of the service").required = true;
  diff.positional("SIDE", options.sides, "two environments; with -e two revisions, also as A..B");
  diff.example("What production has that staging has not", "config-get diff hello staging dc1");
  diff.example("What the last commit changed in dc1", "config-get diff hello -e dc1 HEAD~1..HEAD");

  auto& impact = app.command("impact", "say whose values a range of commits changes, and how", options.command);
  impact.positional("REV1..REV2", options.range, "two revisions; without REV2, HEAD").required = true;
  impact.positional("SERVICE", options.services, "only these services");
  impact.example("What a merge would change in production", "config-get impact main..proposal -e dc1");

  auto& list = app.command("list", "list services, environments, releases, files or values", options.command);
  list.positional("WHAT", options.what, "services (default), environments, releases, files, values");
  list.positional("SERVICE", options.service, "all but services: of this service");
  list.example("The chain of files, present and absent", "config-get list files hello -e dc1");

  auto& lint = app.command("lint", "find what nobody can have meant", options.command);
  lint.positional("SERVICE", options.services, "only these services");
  lint.example("All services as they lie in the work tree", "config-get lint --worktree");

  app.command("fetch", "bring the copy of a registry on another host up to date", options.command);

  auto& cache = app.command("cache", "list, prune or verify such copies", options.command);
  cache.positional("ACTION", options.action, "list (default), prune or verify");
  cache.option("--unused", options.unused, "DURATION", "prune: copies that were not used for so long; 720h");
}

}  // namespace

void describe(cli::App& app, Options& options) {
  app = cli::App("config-get", "Prints a service's configuration out of a git registry.");
  app.command_optional();
  app.positional("SERVICE", options.plain_service, "name of the service");
  describe_commands(app, options);
  app.group("Registry");
  app.option("--registry", options.registry, "WHERE[#REF]", "path or URL; default $CONFIG_REGISTRY");
  app.option("--at", options.at, "COMMIT", "commit, branch or tag to read at");
  app.group("Selection");
  app.option("-e,--environment", options.environments, "NAME", "environment, such as staging");
  app.option("-r,--release", options.release, "NAME", "release, where the layout tells them apart");
  app.option("-k,--key", options.key, "PATH", "only this key, such as a.b[2].c");
  app.group("Output");
  app.choice("-o,--output", options.format, {"yaml", "json", "value", "bundle", "files", "env", "shell"},
             "yaml unless -k finds one value");
  app.brief_group("Seldom");
  app.flag("--print-commit", options.print_commit, "print the commit that would be read, nothing else");
  app.flag("--strict", options.strict, "warnings are errors");
  app.flag("--worktree", options.worktree, "read the files as they lie, not as they were committed");
  app.option("--layout", options.layout, "FILE", "instead of the registry's config-registry.yaml; or helmfile");
  app.option("--external", options.external, "DIR", "where the layers lie that are not in git");
  app.option("--set", options.set, "KEY=VALUE", "after all layers, as helm takes it");
  app.option("--set-string", options.set_string, "KEY=VALUE", "the same, always a string");
  app.option("--set-json", options.set_json, "KEY=JSON", "the same, JSON");
  app.option("--default", options.fallback, "TEXT", "what to print when the key is absent");
  app.option("--depth", options.depth, "N", "env, shell: what lies deeper is one JSON value");
  app.flag("--with-provenance", options.with_provenance, "-o json: with the origin of every value");
  app.option("--chart", options.chart, "DIR", "merge over this chart's defaults, as helm does; check its schema");
  app.flag("--with-defaults", options.with_defaults, "the same with the chart in the registry");
  app.option("--helm-semantics", options.helm_semantics, "VERSION", "as which helm: 3.19, 4.1 or 4.3");
  app.flag("--decrypt", options.decrypt, "decrypt files of SOPS, by the sops program");
  app.flag("--reveal", options.reveal, "show secret values to people, too");
  app.flag("--offline", options.offline, "never connect; a copy from before will do");
  app.option("--max-age", options.max_age, "DURATION", "a copy that young will do, without asking the host");
  app.option("--lock-timeout", options.lock_timeout, "DURATION", "wait so long for another run's fetch; 30s");
  app.example("for helm -f -", "config-get hello -e staging");
  app.example("one value", "config-get hello -e dc1 -k replicas");
  app.example("whole, for a program", "config-get hello -e dc1 -o bundle | jq .values");
  app.exits({ExitCode::ok, ExitCode::no, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::try_again, ExitCode::permission, ExitCode::setup,
             ExitCode::timeout});
  app.exit_meaning(ExitCode::no, "differences, findings");
  app.exit_meaning(ExitCode::no_input, "nothing of that name");
  app.exit_meaning(ExitCode::try_again, "another run fetches");
}

}  // namespace slipway::config_get
