// SPDX-License-Identifier: Apache-2.0
#include "cli/app.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace slipway;

namespace {

struct Options {
  std::string command;
  std::string service;
  std::string environment;
  std::vector<std::string> labels;
  std::vector<std::string> rest;
  std::chrono::milliseconds stable{0};
  std::uint64_t memory = 0;
  std::string format = "yaml";
  bool strict = false;
};

cli::App make(Options& o) {
  cli::App app("config-get", "what production will see");
  app.group("Input");
  app.option("-e,--environment", o.environment, "ENV", "the environment");
  app.option("--label", o.labels, "K=V", "a label");
  app.option("--stable", o.stable, "DURATION", "stay done");
  app.size("--memory", o.memory, "SIZE", "limit");
  app.choice("-o,--output", o.format, {"yaml", "json"}, "format");
  app.flag("--strict", o.strict, "warnings are errors");
  app.positional("SERVICE", o.service, "the service");
  app.rest("ARG", o.rest, "arguments of the entrypoint");
  app.exits({ExitCode::ok, ExitCode::usage});
  return app;
}

std::string refusal(const std::vector<std::string>& arguments, bool commands = false) {
  Options o;
  auto app = make(o);
  if (commands) {
    app.command("status", "judge", o.command);
    app.command("history", "revisions", o.command);
  }
  try {
    app.parse(arguments);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("options, positionals and the rest reach their targets", "[cli]") {
  Options o;
  auto app = make(o);
  app.parse(std::vector<std::string>{"mathoid", "-e", "staging", "--label", "a=1", "--label=b=2", "--stable", "10s",
                                     "--memory", "2g", "--strict", "-o", "json", "--", "--not-ours", "x"});
  CHECK(o.service == "mathoid");
  CHECK(o.environment == "staging");
  CHECK(o.labels == std::vector<std::string>{"a=1", "b=2"});
  CHECK(o.stable == std::chrono::seconds{10});
  CHECK(o.memory == 2147483648U);
  CHECK(o.format == "json");
  CHECK(o.strict);
  CHECK(o.rest == std::vector<std::string>{"--not-ours", "x"});
}

TEST_CASE("a repeatable option takes one value and leaves the positional", "[cli]") {
  Options o;
  auto app = make(o);
  app.parse(std::vector<std::string>{"--label", "a=1", "mathoid"});
  CHECK(o.labels == std::vector<std::string>{"a=1"});
  CHECK(o.service == "mathoid");
}

TEST_CASE("short options go together, and with their value", "[cli]") {
  for (const auto& words : {std::vector<std::string>{"-abo", "json"}, {"-abojson"}, {"-a", "-b", "-ojson"},
                            {"-ba", "--out=json"}, {"--all", "--brief", "--out", "json"}}) {
    bool all = false;
    bool brief = false;
    std::string out;
    cli::App app("tool", "does");
    app.flag("-a,--all", all, "all");
    app.flag("-b,--brief", brief, "brief");
    app.option("-o,--out", out, "FORM", "form");
    app.parse(words);
    CHECK(all);
    CHECK(brief);
    CHECK(out == "json");
  }
}

TEST_CASE("a value that may be left out is given with = only", "[cli]") {
  const auto watch_of = [](const std::vector<std::string>& words, std::vector<std::string>* rest = nullptr) {
    std::string command;
    std::string watch = "unset";
    std::vector<std::string> names;
    std::vector<std::string> after;
    cli::App app("tool", "does");
    auto& status = app.command("status", "judge", command);
    status.choice("-w,--watch", watch, {"true", "false"}, "wait").bare = "true";
    status.positional("NAME", names, "which");
    status.rest("ARG", after, "untouched");
    app.parse(words);
    if (rest != nullptr) *rest = after;
    return watch + ' ' + text::join(names, " ");
  };
  CHECK(watch_of({"status", "web"}) == "unset web");
  CHECK(watch_of({"status", "--watch", "web"}) == "true web");
  CHECK(watch_of({"status", "-w", "web"}) == "true web");
  CHECK(watch_of({"status", "-w=false", "web"}) == "false web");
  CHECK(watch_of({"status", "--watch", "false"}) == "true false");  // as kubectl reads it
  std::vector<std::string> rest;
  CHECK(watch_of({"status", "web", "--", "-w"}, &rest) == "unset web");
  CHECK(rest == std::vector<std::string>{"-w"});
  CHECK_THROWS_AS(watch_of({"status", "--watch=maybe"}), Error);
  CHECK_THROWS_WITH(watch_of({"--watch", "status"}), "option '--watch' has to stand after 'status'");
  std::string ignored;
  cli::App app("tool", "does");
  app.choice("-w,--watch", ignored, {"true", "false"}, "wait").bare = "true";
  CHECK(app.help().find("-w, --watch[=true|false]") != std::string::npos);
}

TEST_CASE("a usage error names the word and the nearest one", "[cli]") {
  CHECK(refusal({"--enviroment", "x"}) == "unknown option '--enviroment'; did you mean '--environment'?");
  CHECK(refusal({"--zzz"}) == "unknown option '--zzz'");
  CHECK(refusal({"a", "b"}) == "unexpected argument 'b'");
  CHECK(refusal({"-o", "jsno"}) == "--output: 'jsno' is none of yaml, json; did you mean 'json'?");
  CHECK(refusal({"--stable", "10"}) == "--stable: '10' has no unit; did you mean 10s?");
  CHECK(refusal({"--stable", "abc"}) == "--stable: 'abc' is not a duration such as 90s, 5m or 1h30m");
  CHECK(refusal({"--memory", "lots"}) == "--memory: 'lots' is not a size such as 512m or 2GiB");
  CHECK(refusal({"--environment"}) == "--environment needs a value");
}

TEST_CASE("sub-commands are chosen, required and suggested", "[cli]") {
  CHECK(refusal({"statsu"}, true) != "taken");
  CHECK(refusal({}, true) == "missing command: one of status, history");
  Options o;
  cli::App app("k8s-rollout", "watch");
  app.option("-n,--namespace", o.environment, "NS", "namespace");
  auto& status = app.command("status", "judge", o.command);
  status.positional("TARGET", o.service, "what");
  app.command("history", "revisions", o.command);
  app.parse(std::vector<std::string>{"status", "deploy/x", "-n", "prod"});
  CHECK(o.command == "status");
  CHECK(o.service == "deploy/x");
  CHECK(o.environment == "prod");
  CHECK(app.help().find("Usage: k8s-rollout status [TARGET] [options]") != std::string::npos);
  try {
    app.parse(std::vector<std::string>{"hisotry"});
    FAIL("an unknown command was taken");
  } catch (const Error& error) {
    CHECK(error.message() == "unknown command 'hisotry'; did you mean 'history'?");
  }
}

TEST_CASE("help stays within 80 columns and names every option", "[cli]") {
  Options o;
  auto app = make(o);
  app.example("what staging sees", "config-get mathoid -e staging");
  const auto help = app.help();
  for (const auto& line : text::split(help, '\n')) CHECK(line.size() <= 80);
  for (const auto& option : app.options())
    for (const auto& name : option.names) CHECK(help.find(name) != std::string::npos);
  CHECK(help.find("config-get mathoid -e staging  # what staging sees") != std::string::npos);
  CHECK(help.find("0 ok, 64 usage") != std::string::npos);
}
