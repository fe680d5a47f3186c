// SPDX-License-Identifier: Apache-2.0
#include "hash/sha2.hpp"
#include "in_process.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::testing;

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

TEST_CASE("blame names the commit that wrote a line") {
  const auto made = small();
  made.write("hello/values-dc1.yaml", "# a line more\nreplicas: 3\nimage: {tag: '1.12'}\n");
  const auto second = made.commit("a newer image");
  const auto first = made.git({"rev-parse", "HEAD~1"});
  const auto shown = config_get_in(made, {"explain", "hello", "-e", "dc1", "--blame"}).out;
  CHECK(contains(shown, second.substr(0, 12) + " 2026-11-24 A U Thor: a newer image\n"));
  CHECK(contains(shown, "hello/values-dc1.yaml:2@" + second.substr(0, 12) + "  " + first.substr(0, 12) +
                            " 2026-11-24 A U Thor: one\n"));
  const auto document =
      nlohmann::json::parse(config_get_in(made, {"explain", "hello", "-e", "dc1", "--blame", "--json"}).out);
  CHECK(document["keys"][1]["path"] == "image.tag");
  CHECK(document["keys"][1]["commit"] == second);
  CHECK(document["keys"][1]["overrides"][0]["commit"] == first);
  CHECK(document["keys"][1]["subject"] == "a newer image");
}

TEST_CASE("the values with the origin of each") {
  const auto made = small();
  const auto document = nlohmann::json::parse(config_get_in(made, {"hello", "-e", "dc1", "--with-provenance"}).out);
  CHECK(document["kind"] == "provenance");
  CHECK(document["values"]["replicas"] == 3);
  CHECK(document["provenance"][2]["path"] == "replicas");
  CHECK(document["provenance"][2]["file"] == "hello/values-dc1.yaml");
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "--with-provenance", "-o", "yaml"}).code == ExitCode::usage);
  CHECK(config_get_in(made, {"hello", "-e", "dc1", "--with-provenance", "-k", "replicas"}).code == ExitCode::usage);
}

TEST_CASE("explain says what a null comes to") {
  const TestRepository made;
  made.write("hello/values.yaml", "limits: {cpu: 1, memory: 2}\nport: 80\nprobe: {path: /, wait: 1}\n");
  made.write("hello/values-a.yaml", "limits: {cpu: null}\nport: null\nprobe: null\n");
  made.write("hello/values-b.yaml", "limits: {cpu: 2}\n");
  made.commit("one");
  const auto explained = config_get_in(made, {"explain", "hello", "-e", "a"}).out;
  CHECK(contains(explained, "port = null "));
  CHECK(contains(explained, " hello/values-a.yaml:2@"));
  const std::string stays =
      "    # null: the key stays, as null, until the chart's defaults are merged; helm then removes it "
      "with the default of that name";
  CHECK(contains(explained, "    overrides 80"));
  CHECK(contains(explained, stays + "\n"));
  // Versions of helm differ below the top only.
  CHECK(contains(explained, stays + ", but 4.1 and 4.3 keep it where that default is null as well\n"));
  CHECK_FALSE(contains(config_get_in(made, {"explain", "hello", "-e", "b"}).out, "# null"));
  const auto document = nlohmann::json::parse(config_get_in(made, {"explain", "hello", "-e", "a", "--json"}).out);
  const auto& keys = document["keys"];
  REQUIRE(keys.size() == 4);
  CHECK(keys[0]["null"] == nlohmann::json::parse(R"({"no-default": "null", "default": "removed",
    "null-default": {"3.19": "removed", "4.1": "null", "4.3": "null"}})"));
  CHECK_FALSE(keys[1].contains("null"));
  CHECK(keys[2]["path"] == "port");
  CHECK(keys[2]["null"]["null-default"]["4.3"] == "removed");
}

TEST_CASE("explain shows what a null took away") {
  const auto made = with_layers("  - file: 1.yaml\n  - file: 2.yaml\n  - file: 3.yaml\n");
  made.write("hello/1.yaml", "probe: {path: /, wait: 1}\n");
  made.write("hello/2.yaml", "probe: null\n");
  made.write("hello/3.yaml", "probe: {wait: 2}\n");
  made.commit("one");
  const auto explained = config_get_in(made, {"explain", "hello", "-e", "a"}).out;
  CHECK(contains(explained, "probe.path is removed  hello/2.yaml:1@"));
  CHECK(contains(explained, "    overrides \"/\"      hello/1.yaml:1@"));
  CHECK(contains(explained, "    # null: it took this away, and a later map does not bring it back\n"));
  // It can be asked for, though it is not there.
  CHECK(contains(config_get_in(made, {"explain", "hello", "-e", "a", "probe.path"}).out, "probe.path is removed"));
  CHECK(config_get_in(made, {"explain", "hello", "-e", "a", "probe.none"}).code == ExitCode::no_input);
  for (const auto& arguments : {std::vector<std::string>{"explain", "hello", "-e", "a", "--json"},
                                {"hello", "-e", "a", "-o", "json", "--with-provenance"}}) {
    const auto document = nlohmann::json::parse(config_get_in(made, arguments).out);
    const auto& key = document[arguments[0] == "explain" ? "keys" : "provenance"][0];
    CHECK(key["path"] == "probe.path");
    CHECK(key["removed"] == true);
    CHECK(key["value"].is_null());
    CHECK(key["null"]["as-helm"]["4.1"] == "removed");
    CHECK(key["overrides"][0]["value"] == "/");
  }
}

TEST_CASE("with a chart explain says what each helm makes of a null") {
  const auto made = with_layers("  - file: values.yaml\n", "chart: 'charts/{chart}'\n");
  made.write("hello/values.yaml", "image: {pull: null, none: null}\nport: null\nown: null\n");
  made.write("charts/hello/Chart.yaml", "name: hello\n");
  made.write("charts/hello/values.yaml", "image: {pull: Always, none: null}\nport: 80\nsilent: null\n");
  made.commit("one");
  const auto as = [&](const std::string& version) {
    return config_get_in(made, {"explain", "hello", "-e", "a", "--with-defaults", "--helm-semantics", version}).out;
  };
  CHECK(contains(as("3.19"), "port is removed"));
  CHECK(contains(as("3.19"), " charts/hello/values.yaml:2\n    # null: helm 3.19, 4.1 and 4.3 remove the key\n"));
  CHECK(contains(as("3.19"), "image.none is removed"));
  CHECK(contains(as("4.1"), "image.none = null"));
  for (const auto* version : {"3.19", "4.1", "4.3"})
    CHECK(contains(as(version), "    # null: helm 3.19 removes the key; helm 4.1 and 4.3 keep it as null\n"));
  CHECK(contains(as("4.1"), "    # null: helm 3.19, 4.1 and 4.3 keep it as null\n"));
  CHECK(contains(as("4.1"), "silent = null"));
  CHECK(contains(as("4.3"), "silent is removed"));
  CHECK(contains(as("4.3"), "    # null: helm 3.19 and 4.1 keep it as null; helm 4.3 removes the key\n"));
  const auto document =
      nlohmann::json::parse(config_get_in(made, {"explain", "hello", "-e", "a", "image", "--with-defaults",
                                                 "--helm-semantics", "4.1", "--json"})
                                .out);
  REQUIRE(document["keys"].size() == 2);
  CHECK(document["keys"][0]["path"] == "image.none");
  CHECK(document["keys"][0]["null"] ==
        nlohmann::json::parse(R"({"as-helm": {"3.19": "removed", "4.1": "null", "4.3": "null"}})"));
  CHECK(document["keys"][1]["removed"] == true);
}

TEST_CASE("that a secret is null is not told either") {
  const auto made = with_layers("  - file: values.yaml\n    secret: true\n");
  made.write("hello/values.yaml", "password: null\n");
  made.commit("one");
  CHECK_FALSE(contains(config_get_in(made, {"explain", "hello", "-e", "a"}).out, "null"));
  CHECK_FALSE(contains(config_get_in(made, {"explain", "hello", "-e", "a", "--json"}).out, "null"));
  CHECK(contains(config_get_in(made, {"explain", "hello", "-e", "a", "--reveal"}).out, "# null"));
}

TEST_CASE("explain shows the digest of what no commit covers") {
  const auto made = with_layers("  - file: values.yaml\n  - external: 'private-{env}.yaml'\n");
  made.write("hello/values.yaml", "a: 1\nb: 1\n");
  made.commit("one");
  made.write("private-a.yaml", "b: 2\n");
  const auto digest = "sha256:" + hash::sha256_hex("b: 2\n");
  const auto external = made.path().string();
  CHECK(contains(config_get_in(made, {"explain", "hello", "-e", "a", "--external", external}).out,
                 "b = 2            " + external + "/private-a.yaml:1@" + digest.substr(0, 19) + "\n"));
  const auto document =
      nlohmann::json::parse(config_get_in(made, {"explain", "hello", "-e", "a", "--external", external, "--json"}).out);
  CHECK(document["keys"][1]["id"] == digest);
  CHECK(contains(config_get_in(made, {"explain", "hello", "-e", "a"}).out, "# absent: private-a.yaml\n"));
}
