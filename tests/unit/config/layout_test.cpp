// SPDX-License-Identifier: Apache-2.0
#include "config/layout.hpp"
#include "core/error.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace slipway;
using config::Layout;
using config::Origin;

namespace {

Layout read(std::string_view text) { return Layout::parse(text, "config-registry.yaml"); }

/// "LINE message" of all findings.
std::vector<std::string> findings(std::string_view text) {
  std::vector<std::string> out;
  try {
    static_cast<void>(read(text));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    for (const auto& f : error.findings())
      out.push_back(fmt::format("{} {}{}", f.line, f.message, f.suggestion.empty() ? "" : "? " + f.suggestion));
  }
  return out;
}

}  // namespace

TEST_CASE("a full manifest is read") {
  const auto layout = read(R"(version: 1
services: ["services/{service}", "more/{service}"]
environments:
  staging: {kind: staging, ref: env/staging}
  dc1: {kind: production, vars: {zone: eu, rack: 7}}
  plain:
releases: {default: web}
layers:
  - file: /global.yaml
  - external: "general-{env}.yaml"
  - {file: values.yaml, required: true}
  - file: "values-{vars.zone}.yaml"
  - inline: {environmentName: "{env}"}
overrides:
  - match: "mw-*"
    layers: [{file: only.yaml}]
)");
  CHECK(layout.file == "config-registry.yaml");
  REQUIRE(layout.services.size() == 2);
  CHECK(layout.services[1].text() == "more/{service}");
  CHECK(layout.default_release == "web");
  REQUIRE(layout.environments.size() == 3);
  CHECK(layout.environment("staging")->ref == "env/staging");
  CHECK(layout.environment("dc1")->kind == "production");
  CHECK(layout.environment("dc1")->vars ==
        std::vector<std::pair<std::string, std::string>>{{"zone", "eu"}, {"rack", "7"}});
  CHECK(layout.environment("plain")->kind.empty());
  CHECK(layout.environment("other") == nullptr);
  const auto& layers = layout.layers_of("hello");
  REQUIRE(layers.size() == 5);
  CHECK(layers[0].name.text() == "/global.yaml");
  CHECK(layers[1].origin == Origin::external);
  CHECK(layers[2].required);
  CHECK_FALSE(layers[3].required);
  CHECK(layers[4].origin == Origin::inline_map);
  CHECK(layout.layers_of("mw-web").size() == 1);
}

TEST_CASE("everything that is wrong is said at once, with its line") {
  CHECK(findings(R"(version: 2
servises: x
environments:
  dc1: {kind: prod, varz: {}}
layers:
  - file: "values-{enw}.yaml"
  - fil: x
  - {file: x, external: y}
  - {}
  - {inline: {a: "{vars.nix}"}, required: true}
  - file: ../up.yaml
)") == std::vector<std::string>{
           "2 unknown key 'servises' in a layout? services", "1 version '2' is not known; this is version 1",
           "4 unknown key 'varz' in environment 'dc1'? vars",
           "4 unknown kind 'prod'; there are development, staging, production",
           "6 unknown placeholder '{enw}'; did you mean 'env'?", "7 unknown key 'fil' in a layer? file",
           "8 a layer has one of 'file', 'external' and 'inline'",
           "9 a layer has one of 'file', 'external' and 'inline'",
           "10 an inline layer is always there: 'required' says nothing", "10 no environment has the variable 'nix'",
           "11 '../up.yaml' climbs with '..'"});
}

TEST_CASE("what a manifest cannot do without") {
  CHECK(findings("{}") == std::vector<std::string>{"1 'version' is missing; this is version 1",
                                                   "1 'environments' is missing", "1 'layers' is missing"});
  CHECK(findings("[]") == std::vector<std::string>{"1 a layout is a map, this is a list"});
  CHECK(findings("version: 1\nenvironments: {}\nlayers: []") ==
        std::vector<std::string>{"2 'environments' names none", "3 'layers' names none"});
  const std::string rest = "\nversion: 1\nenvironments: {a: }\nlayers: [{file: x}]";
  CHECK(findings("services: x" + rest) == std::vector<std::string>{"1 'x' is not DIRECTORY/{service}"});
  CHECK(findings("services: x-{service}" + rest) ==
        std::vector<std::string>{"1 'x-{service}' is not DIRECTORY/{service}"});
  CHECK(findings("services: '{env}/{service}'" + rest) ==
        std::vector<std::string>{"1 '{env}/{service}' is not DIRECTORY/{service}"});
  CHECK(findings("services: []" + rest) == std::vector<std::string>{"1 'services' names no directory"});
  CHECK(findings("layers: []" + rest).size() == 1);  // the second `layers`
}

TEST_CASE("the default layout") {
  const auto layout = Layout::standard();
  CHECK(layout.file.empty());
  CHECK(layout.default_release == "main");
  REQUIRE(layout.layers_of("x").size() == 2);
  CHECK(layout.layers[0].name.text() == "values.yaml");
  CHECK(layout.layers[0].required);
  CHECK(layout.layers[1].name.text() == "values-{env}.yaml");
}

TEST_CASE("an inline map is filled in, at any depth") {
  const auto map = data::parse_yaml("a: '{env}-{release}'\nb: [{c: '{service}'}]\nd: 1\n", "f").root;
  const auto filled = config::filled_in(map, {.service = "s", .environment = "e", .release = "r"});
  REQUIRE(filled);
  CHECK(data::to_json(*filled) == R"({"a":"e-r","b":[{"c":"s"}],"d":1})");
  const auto cut = data::parse_yaml("a: '{release%-x}'", "f").root;
  CHECK_FALSE(config::filled_in(cut, {.release = "r"}));
}
