// SPDX-License-Identifier: Apache-2.0
// Step 2: the values over a chart's defaults, against what helm itself answered.
#include "chart.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "support/as_helm.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/places.hpp"

#include <nlohmann/json.hpp>

#include <map>

using namespace slipway;
using data::HelmSemantics;
using nlohmann::json;
using slipway::testing::as_helm;
using slipway::testing::failed;

namespace {

/// A chart out of texts by path.
config_get::ChartFiles files_of(const std::map<std::string, std::string>& texts) {
  return {"chart",
          [texts](const std::string& path) {
            const auto found = texts.find(path);
            return found == texts.end() ? std::nullopt : std::optional(found->second);
          },
          [texts](const std::string& path) {
            std::vector<std::string> names;
            for (const auto& [name, text] : texts) {
              if (!name.starts_with(path + "/")) continue;
              auto rest = name.substr(path.size() + 1);
              rest.resize(std::min(rest.find('/'), rest.size()));
              if (std::find(names.begin(), names.end(), rest) == names.end()) names.push_back(rest);
            }
            return names;
          }};
}

data::Value yaml(const std::string& text) {
  auto root = data::parse_yaml(text, "values").root;
  return root.is(data::Kind::null) ? data::Value::mapping() : root;
}

const std::map<std::string, std::string> plain{
    {"Chart.yaml", "name: plain\n"}, {"values.yaml", "image: {tag: v1, pull: Always}\nfree: {}\nreplicas: 1\n"}};

}  // namespace

TEST_CASE("subcharts, switches, globals and nulls come out as helm answers") {
  const auto document = json::parse(fs::read_file(testing::source_dir() / "tests/unit/config-get/subcharts.json"));
  const auto chart = config_get::read_chart(files_of(document["charts"].get<std::map<std::string, std::string>>()));
  int seen = 0;
  for (const auto& one : document["cases"]) {
    const auto user = yaml(one["values"].get<std::string>());
    for (const auto& [version, semantics] : {std::pair("3.19", HelmSemantics::v3_19), {"4.3", HelmSemantics::v4_3}}) {
      INFO(one["values"].get<std::string>() << " as helm " << version);
      ++seen;
      if (one[version].is_null()) {  // helm refuses
        failed(failure::bad_input, [&] { static_cast<void>(config_get::over_chart(user, chart, semantics)); });
        continue;
      }
      const auto got = as_helm(data::to_json(config_get::over_chart(user, chart, semantics)));
      const auto wanted = as_helm(one[version].dump());
      if (got != wanted) FAIL_CHECK(json::diff(wanted, got).dump());
    }
  }
  CHECK(seen >= 50);
}

TEST_CASE("127 combinations over real charts come out as three versions of helm answer", "[corpus]") {
  const auto found = testing::corpus("config-registry");
  if (!found) return;
  const auto& root = *found;
  std::map<std::string, config_get::Chart> charts;
  int seen = 0;
  for (const auto& line : text::split(fs::read_file(root / "cases.tsv"), '\n')) {
    const auto columns = text::split(line, '\t');
    if (columns.size() < 9 || line.starts_with('#')) continue;
    if (!charts.contains(columns[5]))
      charts.emplace(columns[5], config_get::read_chart(config_get::ChartFiles::in(root / "charts" / columns[5])));
    const auto user = data::parse_yaml(fs::read_file(root / "expected" / (columns[0] + ".json")), "expected").root;
    const auto file = columns[0] + ".json";
    for (const auto& [folder, semantics] :
         {std::pair("", HelmSemantics::v3_19), {".v4.1.4", HelmSemantics::v4_1}, {".v4.3.1", HelmSemantics::v4_3}}) {
      INFO(columns[0] << folder);
      auto answer = root / ("expected-with-chart" + std::string(folder)) / file;
      // Only where a version differs from the first there is a file of its own.
      if (!std::filesystem::exists(answer)) answer = root / "expected-with-chart" / file;
      const auto wanted = as_helm(data::to_json(data::parse_yaml(fs::read_file(answer), "expected").root));
      const auto got = as_helm(data::to_json(config_get::over_chart(user, charts.at(columns[5]), semantics)));
      if (got != wanted) FAIL_CHECK(json::diff(wanted, got).dump().substr(0, 600));
      ++seen;
    }
  }
  CHECK(seen == 3 * 127);
}

TEST_CASE("what a chart cannot be read for") {
  failed(failure::not_found, [] { static_cast<void>(config_get::read_chart(files_of({{"values.yaml", "a: 1\n"}}))); });
  auto packed = plain;
  packed["charts/db-1.0.tgz"] = "";
  CHECK(failed(failure::bad_input, [&] { static_cast<void>(config_get::read_chart(files_of(packed))); }).message() ==
        "the subchart chart/charts/db-1.0.tgz is packed");
  auto importing = plain;
  importing["Chart.yaml"] = "name: x\ndependencies: [{name: db, import-values: [data]}]\n";
  failed(failure::bad_input, [&] { static_cast<void>(config_get::read_chart(files_of(importing))); });
  auto listed = plain;
  listed["values.yaml"] = "- a\n";
  failed(failure::bad_input, [&] { static_cast<void>(config_get::read_chart(files_of(listed))); });
  auto clash = plain;
  clash["charts/db/Chart.yaml"] = "name: db\n";
  const auto chart = config_get::read_chart(files_of(clash));
  failed(failure::bad_input,
         [&] { static_cast<void>(config_get::over_chart(yaml("db: 5\n"), chart, HelmSemantics::v3_19)); });
}

TEST_CASE("keys that a chart does not know") {
  const auto chart = config_get::read_chart(files_of(plain));
  config::Layer layer;
  layer.real_path = "hello/values.yaml";
  layer.values = yaml("image:\n  tga: v2\nfree: {anything: 1}\nreplica: 2\nglobal: {x: 1}\n");
  const auto found = config_get::unknown_keys(layer, chart);
  REQUIRE(found.size() == 2);
  CHECK(found[0].message == "image.tga is not in chart/values.yaml; did you mean 'tag'?");
  CHECK(found[0].line == 2);
  CHECK(found[0].column == 3);
  CHECK(found[1].message == "replica is not in chart/values.yaml; did you mean 'replicas'?");
}

TEST_CASE("a schema names the file and line of what breaks it") {
  auto with_schema = plain;
  with_schema["values.schema.json"] = R"({"type": "object", "required": ["owner"], "properties": {
      "replicas": {"type": "integer", "minimum": 1},
      "image": {"type": "object", "additionalProperties": false, "properties": {"tag": {"type": "string"},
                                                                                "pull": {"enum": ["Always", "Never"]}}},
      "ports": {"type": "array", "items": {"type": "integer"}}}})";
  const auto chart = config_get::read_chart(files_of(with_schema));
  config::Bundle bundle;
  bundle.directory = "hello";
  config::Layer layer;
  layer.present = true;
  layer.path = layer.real_path = "hello/values.yaml";
  layer.values = yaml("replicas: 0\nimage:\n  tag: 5\n  pul: Never\nports: [80, http]\n");
  bundle.values = layer.values;
  bundle.layers.push_back(layer);
  config_get::put_over_chart(bundle, chart, HelmSemantics::v3_19);
  const auto found = config_get::schema_findings(bundle, chart);
  std::map<std::string, int> lines;
  for (const auto& one : found) {
    INFO(one.message);
    CHECK(one.code == "L026");
    lines[one.path] = one.line;
  }
  CHECK(lines.at("replicas") == 1);
  CHECK(lines.at("image.tag") == 3);
  CHECK(lines.at("image.pul") == 4);
  CHECK(lines.at("ports[1]") == 5);
  CHECK(lines.contains(""));  // owner is nowhere
  CHECK(found.size() == 5);
  config::Bundle good;
  good.values = yaml("owner: us\n");
  config_get::put_over_chart(good, chart, HelmSemantics::v3_19);
  CHECK(config_get::schema_findings(good, chart).empty());
  auto broken = plain;
  broken["values.schema.json"] = "{";
  failed(failure::bad_input,
         [&] { static_cast<void>(config_get::schema_findings(good, config_get::read_chart(files_of(broken)))); });
  broken["values.schema.json"] = R"({"$ref": "https://example.org/schema.json"})";
  failed(failure::bad_input,
         [&] { static_cast<void>(config_get::schema_findings(good, config_get::read_chart(files_of(broken)))); });
}

TEST_CASE("versions of helm") {
  CHECK(config_get::semantics_of("v3.19.0") == HelmSemantics::v3_19);
  CHECK(config_get::semantics_of("3.12") == HelmSemantics::v3_19);
  CHECK(config_get::semantics_of("4.1.4") == HelmSemantics::v4_1);
  CHECK(config_get::semantics_of("4.2") == HelmSemantics::v4_1);
  CHECK(config_get::semantics_of("4.3") == HelmSemantics::v4_3);
  CHECK(config_get::semantics_of("v4.10.1+g1") == HelmSemantics::v4_3);
  CHECK(config_get::semantics_of("4") == HelmSemantics::v4_1);
  for (const auto* text : {"", "helm", "2.17", "v", "3-1"}) CHECK_FALSE(config_get::semantics_of(text));
}
