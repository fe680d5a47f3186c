// SPDX-License-Identifier: Apache-2.0
#include "config/lookup.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "hash/sha2.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/repository.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace slipway;
using config::Registry;
using slipway::testing::failed;
using slipway::testing::TestRepository;

namespace {

Registry open(const TestRepository& made, std::string_view at = {}) {
  return config::open({made.path().string(), {}, "a test"}, {.at = std::string(at)});
}

config::Bundle read(const TestRepository& made, std::string service, std::string environment,
                    std::string release = {}) {
  return open(made).read(
      {.service = std::move(service), .environment = std::move(environment), .release = std::move(release)});
}

std::string json(const config::Bundle& bundle) { return data::to_json(bundle.values); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TestRepository small() {
  TestRepository made;
  made.write("services/hello/values.yaml", "a: 1\nb: {c: 2, d: 3}\n");
  made.write("services/hello/values-staging.yaml", "b: {c: 4}\n");
  made.write("services/echo/values.yaml", "a: echo\n");
  made.write("services/echo/values-dc1.yaml", "a: echo1\n");
  made.write("top/values.yaml", "t: 1\n");
  made.write("charts/hello/values.yaml", "no: service\n");
  made.write("services/_common/values.yaml", "shared: true\n");
  made.write("README.md", "x");
  made.commit("one");
  return made;
}

config::Bundle printed_bundle(std::string registry) {
  config::Bundle bundle;
  bundle.registry = std::move(registry);
  bundle.commit = std::string(40, 'a');
  bundle.service = "s";
  bundle.environment = "e";
  bundle.release = "r";
  bundle.values = data::Value::mapping();
  bundle.values_sha256 = config::values_digest(bundle.values);
  return bundle;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

std::string refusal(const std::string& text) {
  return failed(failure::bad_input, [&] { static_cast<void>(config::parse_bundle(text, "stdin")); }).message();
}

}  // namespace

TEST_CASE("the default layout: values.yaml, then values-ENV.yaml") {
  const auto made = small();
  const auto bundle = read(made, "hello", "staging");
  CHECK(json(bundle) == R"({"a":1,"b":{"c":4,"d":3}})");
  CHECK(bundle.registry == made.path().string());
  CHECK(bundle.commit == made.git({"rev-parse", "HEAD"}));
  CHECK(bundle.service == "hello");
  CHECK(bundle.environment == "staging");
  CHECK(bundle.release == "main");
  CHECK(bundle.directory == "services/hello");
  REQUIRE(bundle.layers.size() == 2);
  CHECK(bundle.layers[0].path == "services/hello/values.yaml");
  CHECK(bundle.layers[0].id == made.git({"rev-parse", "HEAD:services/hello/values.yaml"}));
  CHECK(bundle.layers[1].present);
  CHECK(*bundle.values.find("b")->find("c")->mark().file == "services/hello/values-staging.yaml");
  CHECK(bundle.values.find("b")->find("c")->mark().line == 1);
  CHECK(bundle.values_sha256 == hash::sha256_hex(json(bundle)));
}

TEST_CASE("SHA-256 is SHA-256") {
  CHECK(hash::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a service says nothing of its own about an environment that others know") {
  const auto made = small();
  const auto bundle = read(made, "hello", "dc1");
  CHECK(json(bundle) == R"({"a":1,"b":{"c":2,"d":3}})");
  CHECK_FALSE(bundle.layers[1].present);
  CHECK(bundle.layers[1].id.empty());
}

TEST_CASE("services stand under services/ and under the root") {
  const auto made = small();
  auto registry = open(made);
  CHECK(registry.services() == std::vector<std::string>{"echo", "hello", "top"});
  CHECK(registry.environments() == std::vector<std::string>{"dc1", "staging"});
  CHECK(registry.environments("hello") == std::vector<std::string>{"staging"});
  CHECK(json(registry.read({.service = "top", .environment = "dc1"})) == R"({"t":1})");
}

TEST_CASE("names that are not there are answered with the nearest") {
  const auto made = small();
  auto error = failed(failure::not_found, [&] { read(made, "helo", "staging"); });
  CHECK(error.message() == "there is no service 'helo'; did you mean 'hello'?");
  CHECK(contains(error.at().front(), "commit " + made.git({"rev-parse", "HEAD"})));
  error = failed(failure::not_found, [&] { read(made, "hello", "stagin"); });
  CHECK(error.message() == "there is no environment 'stagin' for 'hello'; did you mean 'staging'?");
  error = failed(failure::not_found, [&] { read(made, "hello", "production"); });
  CHECK(error.message() == "there is no environment 'production' for 'hello'; there are dc1, staging");
  for (const auto* odd : {"", ".", "..", "../services/hello", "services/hello", "charts", "README.md", "_common"})
    failed(failure::not_found, [&] { read(made, odd, "staging"); });
}

TEST_CASE("a service that stands twice is refused") {
  const auto made = small();
  made.write("hello/values.yaml", "a: 2\n");
  made.commit("two");
  CHECK(failed(failure::bad_input, [&] { read(made, "hello", "staging"); }).message() ==
        "the service 'hello' stands twice: in services/hello and in hello");
}

TEST_CASE("a service without values.yaml is refused, not empty") {
  const auto made = small();
  made.write("services/half/values-staging.yaml", "a: 1\n");
  made.commit("two");
  CHECK(failed(failure::bad_input, [&] { read(made, "half", "staging"); }).message() ==
        "the layer services/half/values.yaml is required and is not there");
}

TEST_CASE("malformed YAML is named with file, line, column and commit") {
  const auto made = small();
  made.write("services/hello/values-staging.yaml", "a: 1\nb: [1\n");
  made.commit("broken");
  auto error = failed(failure::bad_input, [&] { read(made, "hello", "staging"); });
  REQUIRE(error.findings().size() == 1);
  CHECK(error.findings()[0].file == "services/hello/values-staging.yaml");
  CHECK(error.findings()[0].line > 1);
  CHECK(contains(error.at().front(), made.git({"rev-parse", "HEAD"})));

  made.write("services/hello/values-staging.yaml", "- 1\n");
  made.commit("a list");
  error = failed(failure::bad_input, [&] { read(made, "hello", "staging"); });
  REQUIRE(error.findings().size() == 1);
  CHECK(error.findings()[0].message == "a values file holds a map, this is a list");
}

TEST_CASE("empty files are layers that say nothing; a second document is warned about") {
  const auto made = small();
  made.write("services/hello/values-staging.yaml", "# nothing yet\n");
  made.commit("two");
  CHECK(json(read(made, "hello", "staging")) == R"({"a":1,"b":{"c":2,"d":3}})");
  made.write("services/hello/values-staging.yaml", "a: 2\n---\na: 3\n");
  made.commit("three");
  const auto bundle = read(made, "hello", "staging");
  CHECK(bundle.values.find("a")->as_integer() == 2);
  REQUIRE(bundle.warnings.size() == 1);
  CHECK(bundle.warnings[0].code == "W013");
  CHECK(bundle.warnings[0].line == 3);
}

TEST_CASE("a link shows both names, and its traps are the file's") {
  const auto made = small();
  made.write("services/_common/dc1.yaml", "shared: yes\n");
  made.link("services/hello/values-dc1.yaml", "../_common/dc1.yaml");
  made.commit("two");
  const auto bundle = read(made, "hello", "dc1");
  CHECK(bundle.layers[1].path == "services/hello/values-dc1.yaml");
  CHECK(bundle.layers[1].real_path == "services/_common/dc1.yaml");
  CHECK(bundle.values.find("shared")->as_bool());
  REQUIRE(bundle.warnings.size() == 1);
  CHECK(bundle.warnings[0].code == "W001");
  CHECK(bundle.warnings[0].file == "services/_common/dc1.yaml");
}

TEST_CASE("an earlier commit, a branch and a tag are read as they were") {
  const auto made = small();
  const auto first = made.git({"rev-parse", "HEAD"});
  made.write("services/hello/values.yaml", "a: 2\n");
  made.commit("two");
  CHECK(json(open(made, first).read({.service = "hello", .environment = "dc1"})) == R"({"a":1,"b":{"c":2,"d":3}})");
  CHECK(json(open(made).read({.service = "hello", .environment = "dc1"})) == R"({"a":2})");
  auto registry = config::open(config::parse_source(made.path().string() + "#" + first.substr(0, 8), "a test"));
  CHECK(registry.commit().hex() == first);
}

TEST_CASE("the manifest says which layers there are") {
  const auto made = small();
  made.write("config-registry.yaml", R"(version: 1
services: services/{service}
environments: {staging: {kind: staging}, dc1: {kind: production, vars: {zone: eu}}}
layers:
  - file: /global.yaml
  - {file: values.yaml, required: true}
  - external: "private-{env}.yaml"
  - file: "zone-{vars.zone}.yaml"
  - file: "values-{env}.yaml"
  - file: "values-{release%-canary}.yaml"
  - inline: {environmentName: "{env}", note: "{release}"}
overrides:
  - {match: "ec*", layers: [{file: values.yaml}]}
)");
  made.write("global.yaml", "g: 1\na: 0\n");
  made.write("services/hello/zone-eu.yaml", "z: eu\n");
  made.write("services/hello/values-web.yaml", "r: web\n");
  made.commit("manifest");
  CHECK(json(read(made, "hello", "dc1", "web-canary")) ==
        R"({"a":1,"b":{"c":2,"d":3},"environmentName":"dc1","g":1,"note":"web-canary","r":"web","z":"eu"})");
  const auto staging = read(made, "hello", "staging");
  CHECK(json(staging) == R"({"a":1,"b":{"c":4,"d":3},"environmentName":"staging","g":1,"note":"main"})");
  CHECK(staging.kind == "staging");
  std::vector<std::string> paths;
  for (const auto& layer : staging.layers) paths.push_back(layer.path);
  CHECK(paths == std::vector<std::string>{"global.yaml", "services/hello/values.yaml", "private-staging.yaml",
                                          "services/hello/values-staging.yaml", "config-registry.yaml"});
  CHECK(json(read(made, "echo", "dc1")) == R"({"a":"echo"})");
  CHECK(open(made).services() == std::vector<std::string>{"echo", "hello"});
  CHECK(open(made).environments("hello") == std::vector<std::string>{"staging", "dc1"});
  failed(failure::not_found, [&] { read(made, "hello", "dc2"); });
  failed(failure::not_found, [&] { read(made, "top", "dc1"); });

  // Layers that are not in git come from the directory that is named.
  const fs::TempDir outside("slipway-external");
  fs::write_file(outside.path() / "private-staging.yaml", "p: secret\na: 9\n");
  auto registry = open(made);
  const auto with = registry.read({.service = "hello", .environment = "staging"}, {.external = outside.path()});
  CHECK(with.values.find("p")->text() == "secret");
  CHECK(with.layers[2].present);
  CHECK(with.layers[2].id == "sha256:" + hash::sha256_hex("p: secret\na: 9\n"));
}

TEST_CASE("a manifest with mistakes names the commit") {
  const auto made = small();
  made.write("config-registry.yaml", "version: 1\n");
  made.commit("manifest");
  const auto error = failed(failure::bad_input, [&] { static_cast<void>(open(made)); });
  CHECK(error.findings().size() == 2);
  CHECK(contains(error.at().front(), made.git({"rev-parse", "HEAD"})));
}

TEST_CASE("an environment may have a branch of its own") {
  const auto made = small();
  const auto first = made.git({"rev-parse", "HEAD"});
  made.git({"branch", "env/staging"});
  made.write("config-registry.yaml", R"(version: 1
environments: {staging: {ref: env/staging}, dc1: }
layers: [{file: values.yaml}]
)");
  made.write("services/hello/values.yaml", "a: main\n");
  const auto second = made.commit("two");
  CHECK(read(made, "hello", "dc1").commit == second);
  CHECK(read(made, "hello", "staging").commit == first);
  CHECK(read(made, "hello", "staging").values.find("a")->as_integer() == 1);
  CHECK(open(made, "main").read({.service = "hello", .environment = "staging"}).commit == second);
}

TEST_CASE("a registry for each environment") {
  const auto made = small();
  const auto pattern = made.beside("config-{env}.git").string();
  made.git({"clone", "-q", "--bare", made.path().string(), made.beside("config-staging.git").string()});
  auto registry = config::open({pattern, {}, "a test"}, {.environment = "staging"});
  CHECK(json(registry.read({.service = "echo", .environment = "staging"})) == R"({"a":"echo"})");
  failed(failure::bad_usage, [&] { static_cast<void>(config::open({pattern, {}, "a test"})); });
  failed(failure::not_found, [&] { static_cast<void>(config::open({pattern, {}, "a test"}, {.environment = "dc1"})); });
}

TEST_CASE("where the registry is: the option, the variable, the settings, the directory around") {
  const auto made = small();
  const fs::TempDir home("slipway-home");
  std::filesystem::create_directories(home.path() / ".config/config-get");
  const auto settings = home.path() / ".config/config-get/config.yaml";
  fs::write_file(settings, "registry: /from/settings#main\n");
  std::optional<std::string> variable = "/from/variable";
  const config::Environment env = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "CONFIG_REGISTRY") return variable;
    if (name == "HOME") return home.path().string();
    return std::nullopt;
  };
  CHECK(config::choose_source("/from/option#v1", env, made.path()).location == "/from/option");
  CHECK(config::choose_source("/from/option#v1", env, made.path()).ref == "v1");
  CHECK(config::choose_source({}, env, made.path()).location == "/from/variable");
  variable = "";
  CHECK(config::choose_source({}, env, made.path()).location == "/from/settings");
  CHECK(config::choose_source({}, env, made.path()).ref == "main");
  fs::write_file(settings, "registri: x\n");
  CHECK(failed(failure::bad_input, [&] { static_cast<void>(config::choose_source({}, env, made.path())); })
            .findings()
            .front()
            .suggestion == "registry");
  std::filesystem::remove(settings);
  CHECK(config::choose_source({}, env, made.path() / "services").location == made.path().string());
  failed(failure::bad_setup, [&] { static_cast<void>(config::choose_source({}, env, home.path())); });
}

TEST_CASE("a bundle comes back from what was printed, and only whole") {
  const auto made = small();
  made.write(
      "services/hello/values-staging.yaml",
      "n: 9007199254740993\nt: '1.10'\nm: |\n  two\n  lines\nu: caf\xc3\xa9 \xf0\x9f\x9a\x80\nk: {'1.5': null}\n");
  made.commit("odd values");
  const auto bundle = read(made, "hello", "staging");
  for (const auto& text :
       {config::to_envelope(bundle) + "\n", config::comment_lines(bundle) + data::to_yaml(bundle.values)}) {
    const auto back = config::parse_bundle(text, "stdin");
    CHECK(back.values == bundle.values);
    CHECK(back.commit == bundle.commit);
    CHECK(back.registry == bundle.registry);
    CHECK(back.service == "hello");
    CHECK(back.environment == "staging");
    CHECK(back.release == "main");
    auto changed = text;
    changed.replace(changed.find("two"), 3, "TWO");
    CHECK(contains(
        failed(failure::bad_input, [&] { static_cast<void>(config::parse_bundle(changed, "stdin")); }).message(),
        "were changed after"));
  }
  const auto back = config::parse_bundle(config::to_envelope(bundle), "stdin");
  REQUIRE(back.layers.size() == 2);
  CHECK(back.layers[1].id == bundle.layers[1].id);
  CHECK(back.layers[1].present);
  failed(failure::empty_input, [] { static_cast<void>(config::parse_bundle(" \n", "stdin")); });
  failed(failure::bad_input, [] { static_cast<void>(config::parse_bundle("a: 1\n", "stdin")); });
  failed(failure::bad_input, [] { static_cast<void>(config::parse_bundle("{\"a\": 1}\n", "stdin")); });
}

TEST_CASE("a path with blanks survives the comment lines") {
  const auto bundle = printed_bundle("/srv/my config%20/x\r\n\ty");
  const auto text = config::comment_lines(bundle) + data::to_yaml(bundle.values);
  CHECK(config::parse_bundle(text, "stdin").registry == bundle.registry);
  CHECK(config::parse_bundle(replaced(text, "\n", "\r\n"), "stdin").registry == bundle.registry);
}

TEST_CASE("comment lines are read as they are written, and in no other way") {
  const auto bundle = printed_bundle("/srv/a b");
  const auto text = config::comment_lines(bundle) + data::to_yaml(bundle.values);
  REQUIRE(contains(text, "registry=/srv/a%20b "));
  for (const auto* wrong : {"%2", "%", "%zz", "%2g", "%2 ", "100%"})
    CHECK(contains(refusal(replaced(text, "%20b", wrong)), "is no byte in hexadecimal"));
  // Each of these would be a second way to say the same registry.
  for (const auto* wrong : {"%41", "%C3", "\x01"})
    CHECK(contains(refusal(replaced(text, "%20b", wrong)), "'registry' is not written as config-get writes it"));
  CHECK(contains(refusal(replaced(text, "%20b", "%2a")), "is no byte in hexadecimal"));
  CHECK(contains(refusal(replaced(text, "%20b", " b")), "'b' is nothing that a '# config-get:' line says"));
  CHECK(contains(refusal(replaced(text, "service=", "servise=")), "'servise=s' is nothing that"));
  CHECK(contains(refusal(replaced(text, "service=s", "service=s service=t")), "'service' is said twice"));
  CHECK(contains(refusal(replaced(text, "service=s ", "")), "'service' is missing"));
}

TEST_CASE("a bundle's layers are whole, or it is no bundle") {
  auto bundle = printed_bundle("/srv/x");
  for (const auto origin : {config::Origin::file, config::Origin::inline_map, config::Origin::external,
                            config::Origin::set, config::Origin::chart}) {
    config::Layer layer;
    layer.origin = origin;
    layer.path = layer.real_path = "f";
    layer.present = origin != config::Origin::external;
    bundle.layers.push_back(layer);
  }
  const auto text = config::to_envelope(bundle);
  const auto back = config::parse_bundle(text, "stdin");
  REQUIRE(back.layers.size() == bundle.layers.size());
  for (std::size_t i = 0; i < back.layers.size(); ++i) {
    CHECK(back.layers[i].origin == bundle.layers[i].origin);
    CHECK(back.layers[i].present == bundle.layers[i].present);
  }
  CHECK(contains(refusal(replaced(text, R"("origin":"inline")", R"("origin":"online")")), "'online' is no origin"));
  CHECK(contains(refusal(replaced(text, R"("path":"f")", R"("path":"")")), "a layer has no path"));
  CHECK(contains(refusal(replaced(text, R"("present":true)", R"("present":"yes")")), "whether it is present"));
  CHECK(contains(refusal(replaced(text, R"(,"present":true)", "")), "whether it is present"));
  CHECK(contains(refusal(replaced(text, R"("layers":[)", R"("leyers":[)")), "'layers' is no list"));
}
