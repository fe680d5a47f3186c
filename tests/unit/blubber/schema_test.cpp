// SPDX-License-Identifier: Apache-2.0
// The schema against the reader: what the reader takes without a word, the schema takes, and real files.
#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <filesystem>
#include <set>

using namespace slipway;
using nlohmann::json;

namespace {

const valijson::Schema& schema() {
  static const auto parsed = [] {
    auto out = std::make_unique<valijson::Schema>();
    const auto document = json::parse(blubber::schema());
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(document), *out);
    return out;
  }();
  return *parsed;
}

bool is_valid(const std::string& yaml) {
  const auto document = json::parse(data::to_json(data::parse_yaml(yaml, "f").root));
  valijson::Validator validator;
  return validator.validate(schema(), valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

std::string v4(const std::string& body) { return "version: v4\nbase: debian\nvariants: {a: " + body + "}\n"; }

}  // namespace

TEST_CASE("the schema knows every key and rule that it can") {
  for (const auto* good : {
           "{}",
           "~",
           "{copies: [local, {from: b, source: x, destination: y, exclude: [z]}]}",
           "{apt: {packages: [aa, b2=1.0, c3/bpo], sources: [{url: 'http://h', distribution: d, signed-by: k}], "
           "proxies: "
           "['http://p', {url: 'https://q', source: 'http://s'}]}}",
           "{apt: {packages: {default: [aa], bpo: [bb]}}}",
           "{node: {requirements: [a], env: x, use-npm-ci: true, allow-dedupe-failure: false}}",
           "{php: {requirements: [a], production: true}}",
           "{python: {version: python3, requirements: [], poetry: {version: 1.5, only: x}, venv: /v, no-deps: true, "
           "pip-version: '>=1,<2', tox-version: 4.1, use-system-site-packages: true}}",
           "{python: {uv: {version: '0.5', devel: true, without: x}}}",
           "{builder: {command: [a, b], caches: [/c, {destination: /d, id: e, access: locked}], mounts: [m, {from: "
           "local, "
           "destination: d, source: s}]}}",
           "{builder: {script: x}}",
           "{base: '', lives: {in: '', as: ''}, runs: {as: '', in: ''}, node: {env: ''}, python: {version: '', venv: '', "
           "tox-version: '', poetry: {version: ''}}, builder: {command: x, caches: [{destination: /c, access: ''}]}, apt: "
           "{proxies: [{url: 'http://p', source: ''}]}}",
           "{builders: [{custom: {command: x}}, {node: {env: a}}]}",
           "{lives: {in: /a, as: b, uid: 1, gid: 2}, runs: {as: c, uid: 3, gid: 4, in: /d, insecurely: true, "
           "environment: "
           "{A: 1, BB: yes}}, entrypoint: [x, 1], arguments: {T: ''}, includes: [b], x-note: 1}",
       }) {
    INFO(good);
    CHECK(is_valid(v4(good)));
  }
  for (const auto* bad : {
           "{copes: [x]}",
           "{copies: local}",
           "{copies: [{source: x}]}",
           "{copies: [{from: b, destination: y}]}",
           "{copies: [b, b]}",
           "{apt: {packages: [Foo Bar]}}",
           "{apt: {sources: [{url: 'ftp://x', distribution: d}]}}",
           "{apt: {sources: [{url: 'http://x'}]}}",
           "{node: {env: a-b}}",
           "{python: {pip-version: latest}}",
           "{builder: {command: x, script: y}}",
           "{builder: {caches: [{destination: /c, access: odd}]}}",
           "{builders: [{rust: {}}]}",
           "{builders: [{custom: {command: x}}], node: {env: x}}",
           "{lives: {in: rel}}",
           "{lives: {as: root}}",
           "{runs: {uid: x}}",
           "{runs: {environment: {1A: x}}}",
           "{base: Debian}",
           "{entrypoint: run}",
       }) {
    INFO(bad);
    CHECK_FALSE(is_valid(v4(bad)));
    CHECK_THROWS_AS(blubber::check(v4(bad), "f", {.strict = true}), Error);
  }
  CHECK_FALSE(is_valid("version: v3\nvariants: {}"));
  CHECK_FALSE(is_valid("variants: {}"));
  CHECK_FALSE(is_valid("version: v4\nvariants: {2b: {}}"));
}

TEST_CASE("every real configuration of version 4 is valid by the schema") {
  const auto folder = testing::corpus("blubber");
  if (!folder) return;
  // Versions 1 to 3.
  const std::set<std::string> older{"wikimedia__blubber--blubber.example-96de90b.yaml",
                                    "wikimedia__integration-pipelinelib--blubber-484d707.yaml",
                                    "wikimedia__mediawiki-services-open-nsfw.yaml", "wikimedia__wikibase-termbox.yaml"};
  std::size_t valid = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto name = entry.path().filename().string();
    INFO(name);
    const bool is_v4 = !older.contains(name);
    CHECK(is_valid(fs::read_file(entry.path())) == is_v4);
    if (is_v4) ++valid;
  }
  CHECK(valid == 57);
}
