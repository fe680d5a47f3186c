// SPDX-License-Identifier: Apache-2.0
#include "config/goexpression.hpp"
#include "config/gotemplate.hpp"
#include "config/helmfile.hpp"
#include "config/lookup.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/repository.hpp"

#include <fmt/format.h>

#include <map>

using namespace slipway;
using config::Chain;
using config::Origin;
using slipway::testing::failed;
using slipway::testing::TestRepository;

namespace {

std::optional<data::Value> names(const std::vector<std::string>& field) {
  if (field == std::vector<std::string>{"Environment", "Name"}) return data::Value::of(std::string("eqiad"));
  if (field == std::vector<std::string>{"Release", "Name"}) return data::Value::of(std::string("main-canary"));
  if (field == std::vector<std::string>{"Values"}) return data::parse_yaml("{a: 1, l: [x, y]}", "v").root;
  return std::nullopt;
}

/// The expression's value as JSON, or `? REASON`.
std::string value(std::string_view expression) {
  std::string reason;
  const auto out = config::evaluate_expression(expression, names, reason);
  return out ? data::to_json(*out) : "? " + reason;
}

std::string rendered(std::string_view text) {
  return config::render_template(text, names, "f", config::UnknownBlocks::refuse).text;
}

struct Tried {
  std::map<std::string, std::string> files;

  [[nodiscard]] config::StateFile state(std::string_view text) const {
    return {"services/web/helmfile.yaml", "services/web", text,
            [this](const std::string& path) -> std::optional<std::string> {
              const auto found = files.find(path);
              return found == files.end() ? std::nullopt : std::optional(found->second);
            }};
  }
  [[nodiscard]] std::vector<Chain> releases(std::string_view text, const std::string& environment = "eqiad") const {
    return config::read_state(state(text), environment).releases;
  }
  /// "LINE: MESSAGE" of the one finding.
  [[nodiscard]] std::string refused(std::string_view text) const {
    const auto error = failed(failure::bad_input, [&] { static_cast<void>(releases(text)); });
    if (error.findings().size() != 1) return error.message();
    CHECK(error.findings()[0].file == "services/web/helmfile.yaml");
    return fmt::format("{}: {}", error.findings()[0].line, error.findings()[0].message);
  }
};

/// The layers as one line of text.
std::string layers(const Chain& chain) {
  std::vector<std::string> out;
  for (const auto& layer : chain.layers)
    out.push_back((layer.origin == Origin::external ? "ext:" : "") +
                  (layer.origin == Origin::inline_map ? data::to_json(layer.values) : layer.path) +
                  (layer.required ? "!" : "") + (layer.secret ? "*" : ""));
  return text::join(out, " ");
}

constexpr std::string_view usual = R"(# a service as they are
helmDefaults:
  args:
    - --kubeconfig
    - {{ .Environment.Values | get "kubeConfig" (printf "/etc/%s.config" .Environment.Name) }}
environments:
  staging: &all
    values:
      - releases: [main]
      - zone: st
      - "/etc/defaults/cluster-{{ .Environment.Name }}.yaml"
  eqiad:
    values:
      - releases: [main, main-canary]
      - zone: eu
---
bases: [../global.yaml]
templates:
  default: &default
    namespace: web
    chart: wmf-stable/web
    recreatePods: {{ if (hasKey .Environment.Values "roll") }}{{ eq .Environment.Values.roll 1 }}{{ else }}false{{end}}
    installedTemplate: '{{`{{ if hasKey .Environment.Values "releases" }}{{ has .Release.Name .Environment.Values.releases }}{{ else }}{{ "none" | fail }}{{end}}`}}'
    missingFileHandler: Warn
    values:
      - "/etc/defaults/general-{{ .Environment.Name }}.yaml"
      - values.yaml
      - "/etc/defaults/private/{{`{{ .Release.Namespace }}`}}.yaml"
      - 'values-{{`{{ .Release.Name | trimSuffix "-canary" }}`}}.yaml'
      - ../common/{{ .Environment.Name }}.yaml
      - {environment: "{{ .Environment.Name }}", release: "{{`{{ .Release.Name }}`}}", zone: "{{ .Values.zone }}"}
    setTemplate:
      - name: group
        value: 'a,{{`{{ if or (eq .Release.Name "next") (hasSuffix "-canary" .Release.Name) }}b{{ else }}c{{ end }}`}}'
releases:
  - name: main
    <<: *default
  - name: main-canary
    <<: *default
  - name: other
    <<: *default
)";

}  // namespace

TEST_CASE("expressions of the closed set") {
  CHECK(value(".Environment.Name") == "\"eqiad\"");
  CHECK(value(R"(eq .Environment.Name "codfw" "eqiad")") == "true");
  CHECK(value(R"(ne .Environment.Name "eqiad")") == "false");
  CHECK(value(R"(or (eq .Environment.Name "x") (hasSuffix "-canary" .Release.Name))") == "true");
  CHECK(value(R"(and true "x")") == "\"x\"");
  CHECK(value("not false") == "true");
  CHECK(value(R"(.Release.Name | trimSuffix "-canary")") == "\"main\"");
  CHECK(value(R"(trimPrefix "main-" .Release.Name)") == "\"canary\"");
  CHECK(value(R"(printf "%s/%s-%d%%" .Environment.Name `raw` 7)") == "\"eqiad/raw-7%\"");
  CHECK(value(R"(hasKey .Values "a")") == "true");
  CHECK(value(R"(get "b" "else" .Values)") == "\"else\"");
  CHECK(value(R"(.Values | get "a")") == "1");
  CHECK(value(R"(has "x" (list "x" "y"))") == "true");
  CHECK(value(R"("" | default "d")") == "\"d\"");
  CHECK(value(R"(contains "qi" .Environment.Name)") == "true");
}

TEST_CASE("what is outside of the set is unknown, with the reason") {
  CHECK(value(R"(env "HOME")") == "? the function 'env' is not among those known");
  CHECK(value(".Values.x") == "? '.Values.x' is not known here");
  CHECK(value("$x") == "? '$x' is not understood");
  CHECK(value("eq 1") == "? 'eq' has 1 arguments");
  CHECK(value(R"(eq 1 "a")") == "? 'eq' compares values of different kinds");
  for (const auto* wrong : {"", ".", "(", "\"x", "a b", "printf \"%q\" \"x\"", "not", ".Environment.Name x",
                            "get \"b\" .Values", "((((((((((((((((((((((1))))))))))))))))))))))"})
    CHECK(value(wrong).starts_with("? "));
}

TEST_CASE("text, conditions, trim markers, raw strings and comments") {
  CHECK(rendered("a {{ .Environment.Name }} b") == "a eqiad b");
  CHECK(rendered("{{ if eq .Environment.Name \"x\" }}1{{ else if true }}2{{ else }}3{{ end }}") == "2");
  CHECK(rendered("a\n{{- if true }}\nb\n{{- end }}\nc") == "a\nb\nc");
  CHECK(rendered("a   {{- /* }} not yet */ -}}   b") == "ab");
  CHECK(rendered("{{`{{ .Release.Name }}`}}") == "{{ .Release.Name }}");
  const auto odd = config::render_template("x: 1\ny: {{ nope }}\n", names, "f", config::UnknownBlocks::refuse);
  REQUIRE(odd.unknown.size() == 1);
  CHECK(odd.unknown[0].text == "{{ nope }}");
  CHECK(odd.unknown[0].line == 2);
  CHECK(odd.unknown_in(odd.text) == odd.unknown.data());
  CHECK(odd.unknown_in("plain") == nullptr);
  for (const auto* wrong : {"{{ x", "{{ if true }}", "{{ end }}", "{{ if true }}{{ else }}"})
    failed(failure::bad_input, [&] { rendered(wrong); });
}

TEST_CASE("lines keep their numbers through conditions and trims") {
  const auto out = config::render_template("a: 1\n{{- if false }}\nb: 2\nc: 3\n{{- end }}\nd: 4\n", names, "f",
                                           config::UnknownBlocks::refuse);
  CHECK(out.text == "a: 1\nd: 4\n");
  CHECK(out.source_line(1) == 1);
  CHECK(out.source_line(2) == 6);
}

TEST_CASE("a state file's environments and chains") {
  Tried tried;
  tried.files["services/global.yaml"] = "helmBinary: '{{ if semverCompare \"<1\" .Values.v }}a{{ else }}b{{ end }}'\n";
  CHECK(config::state_environments(tried.state(usual)) == std::vector<std::string>{"staging", "eqiad"});
  const auto chains = tried.releases(usual);
  REQUIRE(chains.size() == 2);
  CHECK(chains[0].release == "main");
  CHECK(chains[0].name_space == "web");
  CHECK(chains[0].chart == "charts/web");
  CHECK(layers(chains[0]) ==
        "ext:/etc/defaults/general-eqiad.yaml services/web/values.yaml ext:/etc/defaults/private/web.yaml* "
        "services/web/values-main.yaml services/common/eqiad.yaml "
        R"({"environment":"eqiad","release":"main","zone":"eu"})");
  REQUIRE(chains[0].sets.size() == 1);
  CHECK(chains[0].sets[0].text == R"(group=a\,c)");
  CHECK(chains[0].layers[1].mark.line == 27);
  CHECK(layers(chains[1]).find("values-main.yaml") != std::string::npos);
  CHECK(chains[1].sets[0].text == R"(group=a\,b)");
}

TEST_CASE("what bears on values and is not understood names file, line and expression") {
  Tried tried;
  tried.files["services/global.yaml"] = "x: 1\n";
  const auto with = [](std::string_view release) {
    return fmt::format("environments:\n  eqiad: {{}}\nreleases:\n  - name: a\n    missingFileHandler: Warn\n    {}\n",
                       release);
  };
  CHECK(tried.refused(with("values: ['{{ exec \"ls\" }}.yaml']")) ==
        "6: the expression '{{ exec \"ls\" }}' is not understood: the function 'exec' is not among those known");
  CHECK(tried.refused(with("values: [{a: '{{ .Values.zone }}'}]")) ==
        "6: the expression '{{ .Values.zone }}' is not understood: '.Values.zone' is not known here");
  CHECK(tried.refused(with("{{ range list 1 2 }}x: 1{{ end }}")) ==
        "6: the expression '{{ range list 1 2 }}x: 1{{ end }}' is not understood: blocks other than 'if' are not "
        "understood");
  CHECK(tried.refused("environments:\n  eqiad: {}\n{{ if .Values.x }}\nreleases: []\n{{ end }}\n") ==
        "3: the expression '{{ if .Values.x }}' is not understood: '.Values.x' is not known here");
  CHECK(tried.refused(with("values: ['https://x/y.yaml']")) == "6: 'https://x/y.yaml' lies in another place");
  CHECK(tried.refused(with("values: [a.yaml.gotmpl]")) ==
        "6: 'a.yaml.gotmpl' is a template; only plain values are read");
  CHECK(tried.refused(with("values: ['*.yaml']")) == "6: '*.yaml' is a pattern");
  CHECK(tried.refused(with("values: [../../../x.yaml]")) == "6: '../../../x.yaml' leads out of the repository");
  CHECK(tried.refused(with("condition: a.enabled")) ==
        "6: 'condition' of a release decides on values and is not understood");
  CHECK(tried.refused(with("installedTemplate: 'maybe'")) ==
        "6: 'installedTemplate' comes out as 'maybe', not as true or false");
  CHECK(tried.refused("environments: {eqiad: {}}\nbases: [../none.yaml]\n") ==
        "2: the base '../none.yaml' is not there");
  tried.files["services/more.yaml"] = "releases: []\n";
  CHECK(tried.refused("environments: {eqiad: {}}\nbases: [../more.yaml]\n") ==
        "2: the base '../more.yaml' brings 'releases', which is not understood");
  CHECK(tried.refused("a: [\n") == "1: '[' without its ']'");
}

TEST_CASE("a missing file is an error unless the state file takes it lightly") {
  const Tried tried;
  CHECK(layers(tried.releases("environments: {eqiad: {}}\nreleases: [{name: a, values: [v.yaml]}]\n")[0]) ==
        "services/web/v.yaml!");
  CHECK(layers(tried.releases("environments: {eqiad: {}}\nreleases: [{name: a, secrets: [s.yaml], "
                              "missingFileHandler: Info}]\n")[0]) == "services/web/s.yaml*");
}

TEST_CASE("inherit takes a template's members below the release's own") {
  const Tried tried;
  const auto chains = tried.releases(R"(environments: {eqiad: {}}
templates: {common: {namespace: n, missingFileHandler: Warn, values: [common.yaml]}}
releases:
  - {name: a, inherit: [{template: common}]}
  - {name: b, inherit: [{template: common}], values: [own.yaml]}
)");
  REQUIRE(chains.size() == 2);
  CHECK(chains[0].name_space == "n");
  CHECK(layers(chains[0]) == "services/web/common.yaml");
  CHECK(layers(chains[1]) == "services/web/own.yaml");
}

TEST_CASE("a registry with state files is found by itself") {
  const TestRepository made;
  made.write("services/global.yaml", "helmBinary: helm\n");
  made.write("services/web/helmfile.yaml", std::string(usual));
  made.write("services/web/values.yaml", "a: 1\n");
  made.write("services/web/values-main.yaml", "a: 2\n");
  made.write("services/plain/values.yaml", "p: 1\n");
  made.write("services/plain/values-eqiad.yaml", "p: 2\n");
  made.commit("one");
  const auto registry = config::open({made.path().string(), {}, "a test"});
  CHECK(registry.services() == std::vector<std::string>{"plain", "web"});
  CHECK(registry.environments("web") == std::vector<std::string>{"staging", "eqiad"});
  CHECK(registry.releases("web", "eqiad") == std::vector<std::string>{"main", "main-canary"});
  CHECK(registry.combinations().size() == 5);  // the plain one is there for the environments of the other, too
  const auto bundle = registry.read({.service = "web", .environment = "eqiad", .release = {}});
  CHECK(bundle.release == "main");
  CHECK(data::to_json(bundle.values) == R"({"a":2,"environment":"eqiad","group":"a,c","release":"main","zone":"eu"})");
  CHECK(bundle.layers.back().origin == Origin::set);
  CHECK(failed(failure::not_found, [&] {
          static_cast<void>(registry.read({.service = "web", .environment = "eqiad", .release = "main-canery"}));
        }).message() == "eqiad installs no release 'main-canery' of 'web'; did you mean 'main-canary'?");
  CHECK(failed(failure::not_found, [&] {
          static_cast<void>(registry.read({.service = "web", .environment = "eqiat", .release = {}}));
        }).message() == "there is no environment 'eqiat' for 'web'; did you mean 'eqiad'?");
  // Where the layout says so, only state files make services.
  const auto only =
      config::open({made.path().string(), {}, "a test"}, {.layout = config::Layout::helmfile("services")});
  CHECK(only.services() == std::vector<std::string>{"web"});
}
