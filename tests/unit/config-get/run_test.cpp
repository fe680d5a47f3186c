// SPDX-License-Identifier: Apache-2.0
#include "config/bundle.hpp"
#include "core/error.hpp"
#include "run.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/repository.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using slipway::testing::TestRepository;

namespace {

struct Outcome {
  ExitCode code = ExitCode::bug;
  std::string out;
  std::string shown;  ///< texts of the events
  std::string error;
};

Outcome config_get_in(const TestRepository& made, std::vector<std::string> arguments) {
  config_get::Options options;
  cli::App app("config-get", "");
  cli::Common common;
  config_get::describe(app, options);
  app.flag("--json", common.json, "");
  slipway::testing::RecordedRun recorded;
  io::Input in(-1);
  io::Output out(-1);
  cli::Context context{.in = in,
                       .out = out,
                       .run = recorded.run,
                       .common = common,
                       .env = [&](const std::string& name) -> std::optional<std::string> {
                         return name == "CONFIG_REGISTRY" ? std::optional(made.path().string()) : std::nullopt;
                       }};
  Outcome outcome;
  try {
    app.parse(arguments);
    outcome.code = config_get::run(options, context);
    outcome.out = out.pending();
  } catch (const Error& error) {
    outcome.code = error.code();
    outcome.error = error.message();
  }
  outcome.shown = recorded.text();
  return outcome;
}

TestRepository small() {
  TestRepository made;
  made.write("hello/values.yaml", "replicas: 1\nimage: {tag: '1.10'}\nflag: yes\n");
  made.write("hello/values-staging.yaml", "replicas: 2\n");
  made.write("hello/values-dc1.yaml", "replicas: 3\nimage: {tag: '1.11'}\n");
  made.commit("one");
  return made;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("reading without a command and with it are the same") {
  const auto made = small();
  const auto plain = config_get_in(made, {"hello", "-e", "staging"});
  CHECK(plain.code == ExitCode::ok);
  CHECK(plain.out.starts_with("# config-get: registry=" + made.path().string() + " commit="));
  CHECK(plain.out.ends_with("flag: true\nimage:\n  tag: \"1.10\"\nreplicas: 2\n"));
  CHECK(config_get_in(made, {"read", "hello", "-e", "staging"}).out == plain.out);
  CHECK(config::parse_bundle(plain.out, "stdin").environment == "staging");
  CHECK(contains(plain.shown, "hello/values.yaml:3:7: W001 'yes' is the boolean true"));
}

TEST_CASE("a single value is bare unless a format is asked for") {
  const auto made = small();
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "image.tag"}).out == "1.11\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "image.tag", "-o", "yaml"}).out == "\"1.11\"\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "image.tag", "-o", "json"}).out == "\"1.11\"\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "image"}).out == "tag: \"1.11\"\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "image", "-o", "value"}).code == ExitCode::usage);
  const auto document =
      nlohmann::json::parse(config_get_in(made, {"hello", "-e", "dc1", "-k", "replicas", "--json"}).out);
  CHECK(document["schema"] == "config-get/v1");
  CHECK(document["value"] == 3);
}

TEST_CASE("an absent key is an error, or the default") {
  const auto made = small();
  const auto absent = config_get_in(made, {"hello", "-e", "dc1", "-k", "replica"});
  CHECK(absent.code == ExitCode::no_input);
  CHECK(absent.error == "there is no key 'replica'; did you mean 'replicas'?");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "x", "--default", "5"}).out == "5\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "x", "--default", "5", "-o", "json"}).out == "5\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "x", "--default", "[]", "-o", "yaml"}).out == "[]\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "replicas", "--default", "5"}).out == "3\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "--default", "5"}).code == ExitCode::usage);
}

TEST_CASE("explain names file, line and commit") {
  const auto made = small();
  const auto brief = made.git({"rev-parse", "HEAD"}).substr(0, 12);
  CHECK(config_get_in(made, {"explain", "hello", "-e", "dc1", "replicas"}).out ==
        "replicas = 3     hello/values-dc1.yaml:1@" + brief + "\n    overrides 1  hello/values.yaml:1@" + brief + "\n");
  const auto document = nlohmann::json::parse(config_get_in(made, {"explain", "hello", "-e", "dc1", "-o", "json"}).out);
  CHECK(document["keys"].size() == 3);
  CHECK(document["keys"][2]["file"] == "hello/values-dc1.yaml");
  CHECK(document["keys"][2]["overrides"][0]["value"] == 1);
  CHECK(config_get_in(made, {"explain", "hello", "-e", "dc1", "-o", "env"}).code == ExitCode::usage);
}

TEST_CASE("diff of environments and of revisions answers with its status") {
  const auto made = small();
  const auto differs = config_get_in(made, {"diff", "hello", "staging", "dc1"});
  CHECK(differs.code == ExitCode::no);
  CHECK(contains(differs.out, "~ image.tag = \"1.10\" -> \"1.11\"\n~ replicas = 2 -> 3\n"));
  CHECK(config_get_in(made, {"diff", "hello", "dc1", "dc1"}).code == ExitCode::ok);
  CHECK(config_get_in(made, {"diff", "hello", "dc1", "dc1"}).out.empty());
  made.write("hello/values-dc1.yaml", "replicas: 4\n");
  made.commit("two");
  for (const auto& arguments : {std::vector<std::string>{"diff", "hello", "-e", "dc1", "HEAD~1..HEAD"},
                                {"diff", "hello", "-e", "dc1", "HEAD~1", "HEAD"},
                                {"diff", "hello", "-e", "dc1", "HEAD~1.."}}) {
    const auto revisions = config_get_in(made, arguments);
    CHECK(revisions.code == ExitCode::no);
    CHECK(contains(revisions.out, "~ replicas = 3 -> 4\n"));
  }
  const auto document =
      nlohmann::json::parse(config_get_in(made, {"diff", "hello", "-e", "dc1", "HEAD~1..", "--json"}).out);
  CHECK(document["changes"].size() == 2);
  CHECK(config_get_in(made, {"diff", "hello", "dc1"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"diff", "hello", "-e", "dc1", "HEAD"}).code == ExitCode::usage);
}

TEST_CASE("lists") {
  const auto made = small();
  CHECK(config_get_in(made, {"list"}).out == "hello\n");
  CHECK(config_get_in(made, {"list", "environments"}).out == "dc1\nstaging\n");
  CHECK(config_get_in(made, {"list", "files", "hello", "-e", "dc1"}).out ==
        "present  hello/values.yaml\npresent  hello/values-dc1.yaml\n");
  CHECK(nlohmann::json::parse(config_get_in(made, {"list", "--json"}).out)["services"][0] == "hello");
  CHECK(config_get_in(made, {"list", "servics"}).error ==
        "cannot list 'servics', only services, environments, files; did you mean 'services'?");
  CHECK(config_get_in(made, {"list", "files"}).code == ExitCode::usage);
}

TEST_CASE("the commit alone, and the commit that is asked for") {
  const auto made = small();
  const auto first = made.git({"rev-parse", "HEAD"});
  made.commit("two");
  CHECK(config_get_in(made, {"--print-commit"}).out == made.git({"rev-parse", "HEAD"}) + "\n");
  CHECK(config_get_in(made, {"--print-commit", "--at", first.substr(0, 7)}).out == first + "\n");
  CHECK(contains(config_get_in(made, {"hello", "-e", "dc1", "--at", first}).out, "commit=" + first));
}

TEST_CASE("warnings are errors under --strict") {
  const auto made = small();
  const auto strict = config_get_in(made, {"hello", "-e", "dc1", "--strict"});
  CHECK(strict.code == ExitCode::data);
  CHECK(strict.error == "1 warning under --strict");
}

TEST_CASE("a release that changes nothing is said to") {
  const auto made = small();
  CHECK(
      contains(config_get_in(made, {"hello", "-e", "dc1", "-r", "canary"}).shown, "--release canary changes nothing"));
}

TEST_CASE("command lines that say too little or too much") {
  const auto made = small();
  CHECK(config_get_in(made, {}).error == "missing SERVICE");
  CHECK(config_get_in(made, {"hello"}).error == "say which environment of 'hello' with -e; there are dc1, staging");
  CHECK(config_get_in(made, {"explian", "hello", "-e", "dc1"}).error ==
        "unknown command 'explian'; did you mean 'explain'?");
  CHECK(config_get_in(made, {"hello", "other", "-e", "dc1"}).error == "unexpected argument 'other'");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-o", "value"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-o", "bundle", "-k", "x"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "--depth", "-1"}).code == ExitCode::usage);
}
