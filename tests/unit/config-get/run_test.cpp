// SPDX-License-Identifier: Apache-2.0
#include "config/bundle.hpp"
#include "in_process.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace slipway;
using namespace slipway::testing;

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
        "cannot list 'servics', only services, environments, releases, files, values; did you mean 'services'?");
  CHECK(config_get_in(made, {"list", "files"}).code == ExitCode::usage);
}

TEST_CASE("what is set comes after every layer, in helm's order") {
  const auto made = small();
  const auto set = config_get_in(made, {"hello", "-e", "dc1", "--set-string", "replicas=7", "--set",
                                        "replicas=8,a[1]=x", "--set-json", "image={\"tag\":\"v9\"}", "-o", "json"});
  const auto values = nlohmann::json::parse(set.out);
  CHECK(values["replicas"] == "7");
  CHECK(values["a"] == nlohmann::json::array({nullptr, "x"}));
  CHECK(values["image"]["tag"] == "v9");
  const auto why = config_get_in(made, {"explain", "hello", "-e", "dc1", "replicas", "--set", "replicas=8"});
  CHECK(contains(why.out, "replicas = 8     --set\n    overrides 3  hello/values-dc1.yaml:1@"));
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "--set", "image.tag.x=1"}).code == ExitCode::usage);
}

TEST_CASE("files as they lie, and the name that such a reading has") {
  const auto made = small();
  made.write("hello/values-dc1.yaml", "replicas: 30\n");
  const auto head = made.git({"rev-parse", "HEAD"});
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "replicas"}).out == "3\n");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "-k", "replicas", "--worktree"}).out == "30\n");
  CHECK(contains(config_get_in(made, {"hello", "-e", "dc1", "--worktree"}).out, "commit=" + head + "+dirty"));
  CHECK(config_get_in(made, {"--print-commit", "--worktree"}).out == head + "+dirty\n");
  CHECK(contains(config_get_in(made, {"explain", "hello", "-e", "dc1", "replicas", "--worktree"}).out,
                 "hello/values-dc1.yaml:1@" + head.substr(0, 12) + "+dirty"));
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "--worktree", "--at", head}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"explain", "hello", "-e", "dc1", "--worktree", "--blame"}).code == ExitCode::usage);
}

TEST_CASE("impact names what changes and leaves the rest alone") {
  const auto made = small();
  made.write("echo/values.yaml", "a: 1\n");
  made.commit("echo");
  CHECK(config_get_in(made, {"impact", "HEAD..HEAD"}).code == ExitCode::ok);
  CHECK(config_get_in(made, {"impact", "HEAD..HEAD"}).out.empty());
  made.write("hello/values.yaml", "# only a remark\nreplicas: 1\nimage: {tag: '1.10'}\nflag: yes\n");
  made.commit("a remark");
  CHECK(config_get_in(made, {"impact", "HEAD~1..HEAD"}).code == ExitCode::ok);
  made.write("hello/values.yaml", "replicas: 1\nimage: {tag: '1.10'}\nflag: false\n");
  made.commit("two");
  const auto shared = config_get_in(made, {"impact", "HEAD~1"});
  CHECK(shared.code == ExitCode::no);
  CHECK(shared.out == "hello dc1 main\nhello staging main\n  ~ flag = true -> false\n");
  CHECK(contains(shared.shown, "2 of 4 combinations change"));
  CHECK(config_get_in(made, {"impact", "HEAD~1", "echo"}).code == ExitCode::ok);
  CHECK(config_get_in(made, {"impact", "HEAD~1", "-e", "dc1"}).out == "hello dc1 main\n  ~ flag = true -> false\n");
  CHECK(config_get_in(made, {"impact", "HEAD~1", "helo"}).error == "there is no service 'helo'; did you mean 'hello'?");
  const auto document = nlohmann::json::parse(config_get_in(made, {"impact", "HEAD~1..", "--json"}).out);
  CHECK(document["combinations"] == 4);
  CHECK(document["effects"].size() == 2);
  CHECK(document["effects"][0]["changes"][0]["path"] == "flag");
  CHECK(config_get_in(made, {"impact", "HEAD~1...HEAD"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"impact", "HEAD~1", "--at", "HEAD"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"impact", "HEAD~1", "--with-defaults"}).code == ExitCode::usage);
}

TEST_CASE("impact tells of services that come, go, break and are mended") {
  const auto made = small();
  made.write("old/values.yaml", "a: 1\n");
  made.commit("old");
  std::filesystem::remove_all(made.path() / "old");
  made.write("new/values.yaml", "b: 1\n");
  made.write("hello/values-dc1.yaml", "replicas: [3\n");
  made.commit("all at once");
  const auto found = config_get_in(made, {"impact", "HEAD~1", "-e", "dc1"});
  CHECK(found.code == ExitCode::no);
  CHECK(contains(found.out, "hello dc1 main (broken)\n  ! hello/values-dc1.yaml:"));
  CHECK(contains(found.out, "new dc1 main (added)\n  + b = 1\n"));
  CHECK(contains(found.out, "old dc1 main (removed)\n  - a = 1\n"));
  CHECK(
      contains(config_get_in(made, {"impact", "HEAD..HEAD~1", "hello", "-e", "dc1"}).out, "hello dc1 main (mended)\n"));
  made.write("new/values.yaml", "b: 2\n");
  made.commit("and more");
  // Broken before and after, so nothing is known about it, and that is said.
  made.write("hello/values-dc1.yaml", "replicas: [4\n");
  made.commit("still broken");
  const auto left = config_get_in(made, {"impact", "HEAD~2", "-e", "dc1"});
  CHECK(left.out == "new dc1 main\n  ~ b = 1 -> 2\n");
  CHECK(contains(left.shown, "hello dc1 main is left out, it cannot be read"));
  CHECK(config_get_in(made, {"impact", "HEAD~2", "-e", "dc1", "--strict"}).code == ExitCode::data);
}

TEST_CASE("lint finds what nobody can have meant") {
  const TestRepository made;
  made.write("hello/values.yaml", "replicas: 1\nlist: [a, b, c]\nlimit: {cpu: 1}\nflag: yes\n");
  made.write("hello/values-staging.yaml", "replicas: 1\nlist: [a]\n");
  made.write("hello/values-dc1.yaml", "limit: null\n");
  made.write("hello/value-dc1.yaml", "replicas: 5\n");
  made.write("echo/values.yaml", "a: 1\n");
  made.write("other/values.yaml", "a: 1\n");
  made.write("other/values-staging.yaml", "b: 1\n");
  made.link("echo/values-dc1.yaml", "../other/values-staging.yaml");
  made.commit("one");
  const auto found = config_get_in(made, {"lint"});
  CHECK(found.code == ExitCode::no);
  CHECK(found.out ==
        "hello/value-dc1.yaml: L021 no service, environment and release reads this file\n"
        "hello/values-dc1.yaml:1:1: L027 limit = null does not remove the value of hello/values.yaml:3: the key stays, "
        "as null, until the chart's defaults are merged; leave the key out of the earlier file instead\n"
        "hello/values-staging.yaml:1:1: L020 replicas = 1 overrides the same value of hello/values.yaml:1\n"
        "hello/values-staging.yaml:2:1: L024 the list list of length 1 replaces one of length 3 at "
        "hello/values.yaml:2; lists are not merged\n"
        "hello/values.yaml:4:7: W001 'yes' is the boolean true; quote it if it is a word\n"
        "other/values-staging.yaml: L023 other/values-staging.yaml is read for dc1 through the link "
        "echo/values-dc1.yaml\n");
  CHECK(config_get_in(made, {"lint", "echo", "-e", "staging"}).code == ExitCode::ok);
  const auto document = nlohmann::json::parse(config_get_in(made, {"lint", "--json"}).out);
  CHECK(document["findings"].size() == 6);
  CHECK(document["findings"][0]["code"] == "L021");
}

TEST_CASE("an override that changes something in one chain is alive in all") {
  const TestRepository made;
  made.write("config-registry.yaml", "version: 1\nservices: '{service}'\nenvironments: {a: {}, b: {}}\nlayers:\n"
                                     "  - file: base-{env}.yaml\n  - file: common.yaml\n  - file: never-{env}.yaml\n"
                                     "  - file: values-{release}.yaml\n");
  made.write("hello/base-a.yaml", "replicas: 1\n");
  made.write("hello/base-b.yaml", "replicas: 2\n");
  made.write("hello/common.yaml", "replicas: 1\n");
  made.write("hello/values-canary.yaml", "replicas: 9\n");
  made.commit("one");
  const auto found = config_get_in(made, {"lint"});
  CHECK(found.out == "config-registry.yaml:7:5: L022 this layer is there for no service, environment and release "
                     "(hello/never-a.yaml and the like)\n"
                     "config-registry.yaml:8:5: L022 this layer is there for no service, environment and release "
                     "(hello/values-main.yaml and the like)\n");
}

TEST_CASE("what is broken is a finding, and hides no other") {
  const TestRepository made;
  made.write("hello/values.yaml", "a: [1\n");
  made.write("echo/values.yaml", "a: yes\n");
  made.write("echo/values-dc1.yaml", "b: 1\n");
  made.commit("one");
  const auto found = config_get_in(made, {"lint"});
  CHECK(contains(found.out, "hello/values.yaml:"));
  CHECK(contains(found.out, "echo/values.yaml:1:4: W001"));
}

TEST_CASE("secrets are masked for people and whole in a pipe") {
  const TestRepository made;
  made.write("config-registry.yaml", "version: 1\nservices: '{service}'\nenvironments: {a: {}, b: {}}\nlayers:\n"
                                     "  - file: values.yaml\n  - file: secret-{env}.yaml\n    secret: true\n");
  made.write("hello/values.yaml", "user: root\npassword: none\n");
  made.write("hello/secret-a.yaml", "password: hunter2\nkeys: [k1, k2]\n");
  made.write("hello/secret-b.yaml", "password: hunter3\n");
  made.commit("one");
  for (const auto& arguments : {std::vector<std::string>{"explain", "hello", "-e", "a"},
                                {"explain", "hello", "-e", "a", "--json"},
                                {"diff", "hello", "a", "b"},
                                {"diff", "hello", "a", "b", "--json"},
                                {"hello", "-e", "a", "--with-provenance", "--json"}}) {
    INFO(arguments.front());
    auto revealed = arguments;
    revealed.emplace_back("--reveal");
    CHECK(contains(config_get_in(made, revealed).out, "hunter2"));
    if (arguments.front() == "hello") continue;  // goes into a pipe here
    const auto shown = config_get_in(made, arguments).out;
    CHECK_FALSE(contains(shown, "hunter"));
    CHECK_FALSE(contains(shown, "k1"));
    CHECK(contains(shown, "(secret)"));
  }
  CHECK(contains(config_get_in(made, {"hello", "-e", "a"}).out, "hunter2"));
  made.write("hello/secret-a.yaml", "password: hunter4\n");
  made.commit("two");
  const auto impact = config_get_in(made, {"impact", "HEAD~1"});
  CHECK(impact.code == ExitCode::no);
  CHECK(contains(impact.out, "~ password = (secret) -> (secret)"));
  CHECK_FALSE(contains(impact.out, "hunter"));
  CHECK_FALSE(contains(config_get_in(made, {"lint"}).out, "hunter"));
}

TEST_CASE("every combination with its digest") {
  const auto made = small();
  made.write("echo/values.yaml", "a: 1\n");
  made.commit("echo");
  const auto text = config_get_in(made, {"list", "values"}).out;
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  CHECK(contains(text, "echo dc1 main "));
  const auto sum =
      nlohmann::json::parse(config_get_in(made, {"hello", "-e", "dc1", "-o", "bundle"}).out)["values-sha256"];
  CHECK(contains(text, "hello dc1 main " + sum.get<std::string>() + "\n"));
  const auto document =
      nlohmann::json::parse(config_get_in(made, {"list", "values", "hello", "-e", "dc1", "--json"}).out);
  CHECK(document["values"].size() == 1);
  CHECK(document["values"][0]["values"]["replicas"] == 3);
  CHECK(config_get_in(made, {"list", "values", "helo"}).code == ExitCode::no_input);
}

TEST_CASE("over the chart's defaults, as a version of helm, and what depends on it") {
  const auto made = with_layers("  - file: values.yaml\n", "chart: 'charts/{chart}'\n");
  made.write("hello/values.yaml", "image: {tag: v2}\nport: null\nreplica: 3\n");
  made.write("charts/hello/Chart.yaml", "name: hello\n");
  made.write("charts/hello/values.yaml", "image: {tag: v1, pull: Always}\nport: 80\nreplicas: 1\nnothing: null\n");
  made.commit("one");
  const auto as = [&](const std::string& version) {
    return nlohmann::json::parse(
        config_get_in(made, {"hello", "-e", "a", "--with-defaults", "--helm-semantics", version, "-o", "json"}).out);
  };
  CHECK(as("3.19") ==
        nlohmann::json::parse(R"({"image":{"tag":"v2","pull":"Always"},"replicas":1,"replica":3,"nothing":null})"));
  CHECK_FALSE(as("4.3").contains("nothing"));
  const auto open = config_get_in(made, {"hello", "-e", "a", "--with-defaults"});
  CHECK(contains(open.shown, "W013 version-dependent: nothing comes out otherwise as helm 4.3 merges it"));
  const auto why = config_get_in(made, {"explain", "hello", "-e", "a", "image", "--with-defaults"}).out;
  CHECK(contains(why, "image.pull = \"Always\"  charts/hello/values.yaml:1"));
  CHECK(contains(why, "    overrides \"v1\""));
  CHECK(contains(config_get_in(made, {"lint"}).out,
                 "hello/values.yaml:3:1: L025 replica is not in charts/hello/values.yaml; did you mean 'replicas'?"));
  CHECK(config_get_in(made, {"hello", "-e", "a", "--with-defaults", "-o", "bundle"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"hello", "-e", "a", "--with-defaults", "--chart", "x"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"hello", "-e", "a", "--helm-semantics", "two"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"hello", "-e", "a", "--chart", "/nowhere"}).code == ExitCode::no_input);
  made.write("charts/hello/values.schema.json",
             R"({"properties": {"image": {"properties": {"tag": {"pattern": "^v[0-9]$"}}}}})");
  made.write("hello/values.yaml", "image:\n  tag: latest\n");
  made.commit("two");
  const auto refused = config_get_in(made, {"hello", "-e", "a", "--with-defaults", "--helm-semantics", "3.19"});
  CHECK(refused.code == ExitCode::data);
  CHECK(refused.error == "the values do not fit charts/hello/values.schema.json, in 1 place");
  CHECK(refused.out.empty());
  CHECK(contains(config_get_in(made, {"lint"}).out, "hello/values.yaml:2:8: L026 image.tag: "));
  const auto none = small();
  CHECK(config_get_in(none, {"hello", "-e", "dc1", "--with-defaults"}).code == ExitCode::no_input);
}

TEST_CASE("lists of releases, and of the services of an environment") {
  const TestRepository made;
  made.write("config-registry.yaml",
             "version: 1\nservices: '{service}'\nenvironments: {a: {releases: [main, canary]}, b: {}}\n"
             "releases: {names: [main, test]}\nlayers:\n  - file: values-{release}.yaml\n");
  made.write("hello/values-main.yaml", "a: 1\n");
  made.commit("one");
  CHECK(config_get_in(made, {"list", "releases", "hello"}).out == "canary\nmain\ntest\n");
  CHECK(config_get_in(made, {"list", "releases", "hello", "-e", "b"}).out == "main\ntest\n");
  CHECK(config_get_in(made, {"list", "services", "-e", "a"}).out == "hello\n");
  CHECK(config_get_in(made, {"list", "services", "-e", "c"}).code == ExitCode::no_input);
  CHECK(config_get_in(made, {"list", "releases"}).code == ExitCode::usage);
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

TEST_CASE("an environment's branch may be said with the registry") {
  const TestRepository made;
  for (const auto* environment : {"a", "b"}) {
    made.git({"checkout", "-q", "-B", std::string("env/") + environment});
    made.write("hello/values.yaml", std::string("at: ") + environment + "\n");
    made.write(std::string("hello/values-") + environment + ".yaml", "own: 1\n");
    made.commit(environment);
  }
  const auto where = made.path().string() + "#env/{env}";
  for (const auto* environment : {"a", "b"})
    CHECK(config_get_in(made, {"hello", "-e", environment, "-k", "at", "--registry", where}).out ==
          std::string(environment) + "\n");
  const auto open = config_get_in(made, {"list", "--registry", where});
  CHECK(open.code == ExitCode::usage);
  CHECK(contains(open.error, "differs by environment"));
}

TEST_CASE("references to secrets pass through, with a note") {
  const TestRepository made;
  made.write("hello/values.yaml", "password: ref+vault://secret/db#/password\nlist: [ref+awsssm://x]\n");
  made.write("hello/values-a.yaml", "b: 1\n");
  made.commit("one");
  const auto read = config_get_in(made, {"hello", "-e", "a", "-o", "json"});
  CHECK(nlohmann::json::parse(read.out)["password"] == "ref+vault://secret/db#/password");
  CHECK(contains(read.shown, "hello/values.yaml holds references to secrets (ref+...)"));
}
