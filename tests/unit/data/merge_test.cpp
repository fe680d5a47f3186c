// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/set.hpp"
#include "data/yaml.hpp"
#include "support/as_helm.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <filesystem>
#include <optional>

using namespace slipway;
using data::HelmSemantics;
using data::Value;
using nlohmann::json;
using slipway::testing::as_helm;

namespace {

Value read(std::string_view text, std::string name = "f.yaml") { return data::parse_yaml(text, std::move(name)).root; }

std::string layered(std::initializer_list<std::string_view> texts) {
  Value out;
  for (const auto text : texts) data::merge_layer(out, read(text));
  return data::to_json(out);
}

std::string defaulted(std::string_view user, std::string_view defaults, HelmSemantics semantics) {
  return data::to_json(data::over_defaults(read(user), read(defaults), semantics));
}

json widened(const json& node) { return as_helm(read(node.dump())); }

struct Version {
  std::string name;
  HelmSemantics semantics;
};
const std::array versions{Version{"v3.19.0", HelmSemantics::v3_19}, Version{"v4.1.4", HelmSemantics::v4_1},
                          Version{"v4.3.1", HelmSemantics::v4_3}};

}  // namespace

TEST_CASE("maps merge key by key, anything else replaces") {
  CHECK(layered({"a: {b: 1, c: 2}", "a: {c: 3, d: 4}"}) == R"({"a":{"b":1,"c":3,"d":4}})");
  CHECK(layered({"l: [1, 2, 3]", "l: [9]"}) == R"({"l":[9]})");
  CHECK(layered({"l: [{n1: a}]", "l: [{v: b}]"}) == R"({"l":[{"v":"b"}]})");
  CHECK(layered({"a: {b: 1}", "a: text"}) == R"({"a":"text"})");
  CHECK(layered({"a: text", "a: {b: 1}"}) == R"({"a":{"b":1}})");
  CHECK(layered({"a: {b: 1}", "a: {}"}) == R"({"a":{"b":1}})");
  CHECK(layered({"a: 1", "b: 2", "a: 3"}) == R"({"a":3,"b":2})");
}

TEST_CASE("null replaces and stays; what comes after starts afresh") {
  CHECK(layered({"a: {b: 1}\nk: 1", "a: null"}) == R"({"a":null,"k":1})");
  CHECK(layered({"a: {b: 1, c: 2}", "a: {b: null}"}) == R"({"a":{"b":null,"c":2}})");
  CHECK(layered({"a: {b: 1}", "a: null", "a: {c: 2}"}) == R"({"a":{"c":2}})");
}

TEST_CASE("an empty layer changes nothing, wherever it stands") {
  CHECK(layered({"", "a: 1", "# nothing\n", "b: 2"}) == R"({"a":1,"b":2})");
  CHECK(layered({"", ""}) == "null");
}

TEST_CASE("a merged value keeps the mark of the file that it came from") {
  Value out;
  data::merge_layer(out, read("a:\n  b: 1\n  c: 2\n", "one.yaml"));
  data::merge_layer(out, read("a:\n  c: 3\n", "two.yaml"));
  const auto* a = out.find("a");
  CHECK(*a->find("b")->mark().file == "one.yaml");
  CHECK(a->find("b")->mark().line == 2);
  CHECK(*a->find("c")->mark().file == "two.yaml");
  CHECK(a->find("c")->mark().line == 2);
}

TEST_CASE("a large map merges in reasonable time") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += fmt::format("key-{}: 1\n", i);
  auto base = read(text);
  data::merge_layer(base, read(text + "more: 2\n"));
  CHECK(base.members().size() == 20'001);
}

TEST_CASE("over a chart's defaults a null deletes the default") {
  for (const auto& version : versions) {
    CHECK(defaulted("a: {b: null}", "a: {b: 1, c: 2}", version.semantics) == R"({"a":{"c":2}})");
    CHECK(defaulted("a: null", "a: {b: 1}\nz: 1", version.semantics) == R"({"z":1})");
    CHECK(defaulted("a: {b: null}\nq: null", "z: 1", version.semantics) == R"({"a":{"b":null},"q":null,"z":1})");
    CHECK(defaulted("", "z: 1", version.semantics) == R"({"z":1})");
  }
}

TEST_CASE("versions of helm differ over a default that is null") {
  CHECK(defaulted("a: {c: 1}", "a: {b: null, c: 0}\ntop: null", HelmSemantics::v3_19) ==
        R"({"a":{"b":null,"c":1},"top":null})");
  CHECK(defaulted("a: {c: 1}", "a: {b: null, c: 0}\ntop: null", HelmSemantics::v4_1) ==
        R"({"a":{"b":null,"c":1},"top":null})");
  CHECK(defaulted("a: {c: 1}", "a: {b: null, c: 0}\ntop: null", HelmSemantics::v4_3) == R"({"a":{"c":1}})");
  CHECK(defaulted("m: {s: null}", "m: {s: null}", HelmSemantics::v3_19) == R"({"m":{}})");
  CHECK(defaulted("m: {s: null}", "m: {s: null}", HelmSemantics::v4_1) == R"({"m":{"s":null}})");
  CHECK(defaulted("m: {s: null}", "m: {s: null}", HelmSemantics::v4_3) == R"({"m":{"s":null}})");
}

TEST_CASE("a map against a scalar keeps the user's side and warns with the path") {
  std::vector<std::string> warned;
  const auto note = [&](std::string_view path, std::string_view message) {
    warned.push_back(fmt::format("{}: {}", path, message));
  };
  CHECK(data::to_json(data::over_defaults(read("a: {b: text}"), read("a: {b: {c: 1}}"), HelmSemantics::v3_19, note)) ==
        R"({"a":{"b":"text"}})");
  CHECK(data::to_json(data::over_defaults(read("a: {b: {c: 1}}"), read("a: {b: text}"), HelmSemantics::v3_19, note)) ==
        R"({"a":{"b":{"c":1}}})");
  CHECK(warned == std::vector<std::string>{"a.b: the chart's default is a map and is dropped",
                                           "a.b: the chart's default is no map and is dropped"});
}

TEST_CASE("the 62 small cases come out as helm's three versions answer", "[corpus]") {
  const auto file = testing::corpus("values-merge/cases.json");
  if (!file) return;
  int seen = 0;
  for (const auto& one : json::parse(fs::read_file(*file))) {
    const auto name = one["name"].get<std::string>();
    for (const auto& version : versions) {
      INFO(name << " as " << version.name);
      const auto& wanted = one["helm"][version.name];
      std::optional<json> got;
      try {
        Value values = Value::mapping();
        for (const auto& layer : one["layers"]) {
          auto text = layer.get<std::string>();
          if (name == "latin1-bytes") text = "a: caf\xe9\n";  // JSON cannot hold what helm was given
          auto documents = data::parse_yaml_stream(text, "layer.yaml");
          if (version.semantics == HelmSemantics::v3_19 && documents.size() > 1) documents.resize(1);
          for (auto& document : documents) data::merge_layer(values, std::move(document.root));
        }
        const auto& args = one["args"];
        for (std::size_t i = 0; i + 1 < args.size(); i += 2) {
          const auto option = args[i].get<std::string>();
          const auto kind = option == "--set"          ? data::SetKind::typed
                            : option == "--set-string" ? data::SetKind::string
                                                       : data::SetKind::json;
          data::apply_set(values, args[i + 1].get<std::string>(), kind, option);
        }
        if (!one["chart_values"].is_null())
          values =
              data::over_defaults(std::move(values), read(one["chart_values"].get<std::string>()), version.semantics);
        if (values.is(data::Kind::mapping)) got = as_helm(values);
      } catch (const Error& error) {
        CHECK(error.failure().id == failure::bad_input.id);
      }
      CHECK(got.has_value() == wanted["ok"].get<bool>());
      if (!got || !wanted["ok"].get<bool>()) continue;
      auto helm = widened(wanted["values"]);
      CHECK(got->dump(1) == helm.dump(1));
    }
    ++seen;
  }
  CHECK(seen == 62);
}

TEST_CASE("the values of real services over their charts come out as helm's three versions answer", "[corpus]") {
  const auto root = testing::corpus("config-registry/cases.tsv");
  if (!root) return;
  const auto folder = root->parent_path();
  int seen = 0;
  for (const auto& line : text::split(fs::read_file(*root), '\n')) {
    const auto columns = text::split(line, '\t');
    if (columns.size() < 9 || line.starts_with('#')) continue;
    const auto& key = columns[0];
    const auto defaults = folder / "charts" / columns[5] / "values.yaml";
    if (!std::filesystem::exists(defaults)) continue;
    for (const auto& version : versions) {
      INFO(key << " as " << version.name);
      auto wanted = folder / ("expected-with-chart." + version.name) / (key + ".json");
      if (!std::filesystem::exists(wanted)) wanted = folder / "expected-with-chart" / (key + ".json");
      if (!std::filesystem::exists(wanted)) continue;
      const auto user = read(fs::read_file(folder / "expected" / (key + ".json")));
      const auto got = as_helm(data::over_defaults(user, read(fs::read_file(defaults)), version.semantics));
      const auto helm = widened(json::parse(fs::read_file(wanted)));
      if (got != helm) {
        const auto patch = json::diff(helm, got);
        FAIL_CHECK(patch.dump().substr(0, 600));
      }
      ++seen;
    }
  }
  CHECK(seen > 300);
}
