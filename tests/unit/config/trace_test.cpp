// SPDX-License-Identifier: Apache-2.0
#include "config/trace.hpp"
#include "core/error.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace slipway;

namespace {

config::Bundle bundle(std::initializer_list<std::string_view> texts) {
  config::Bundle out;
  out.values = data::Value::mapping();
  int number = 0;
  for (const auto text : texts) {
    config::Layer layer;
    layer.path = layer.real_path = fmt::format("{}.yaml", ++number);
    layer.present = true;
    layer.values = data::parse_yaml(text, layer.path).root;
    data::merge_layer(out.values, layer.values);
    out.layers.push_back(std::move(layer));
  }
  return out;
}

/// "PATH=VALUE@PLACE < VALUE@PLACE" a line; a statement about a parent has an asterisk.
std::string explained(const config::Bundle& of, std::string_view path = {}) {
  std::string out;
  for (const auto& trace : config::explain(of, path.empty() ? config::KeyPath{} : config::parse_path(path))) {
    out += fmt::format("{}={}", config::show_path(trace.path), data::to_json(*trace.value));
    for (std::size_t i = 0; i < trace.statements.size(); ++i) {
      const auto& said = trace.statements[i];
      out += i == 0 ? "" : fmt::format(" < {}{}", data::to_json(*said.value), said.direct ? "" : "*");
      out += "@" + config::place_of(said);
    }
    out += "\n";
  }
  return out;
}

/// "PATH < VALUE@PLACE" a line, in the same way.
std::string gone(const config::Bundle& of, std::string_view path = {}) {
  std::string out;
  for (const auto& trace : config::removed(of, path.empty() ? config::KeyPath{} : config::parse_path(path))) {
    CHECK(trace.value == nullptr);
    out += config::show_path(trace.path);
    for (const auto& said : trace.statements)
      out += fmt::format(" < {}{}@{}", data::to_json(*said.value), said.direct ? "" : "*", config::place_of(said));
    out += "\n";
  }
  return out;
}

std::string changed(std::string_view before, std::string_view after) {
  const auto a = data::parse_yaml(before, "a").root;
  const auto b = data::parse_yaml(after, "b").root;
  std::string out;
  for (const auto& change : config::changes(a, b))
    out += fmt::format("{}:{}>{} ", config::show_path(change.path),
                       change.before != nullptr ? data::to_json(*change.before) : "",
                       change.after != nullptr ? data::to_json(*change.after) : "");
  return out;
}

}  // namespace

TEST_CASE("each value names its layer and line, and those it beat") {
  const auto of = bundle({"a: 1\nb:\n  c: 2\n  d: 3\n", "b:\n  c: 4\n", "\nb: {c: 5}\n"});
  CHECK(explained(of) == "a=1@1.yaml:1\n"
                         "b.c=5@3.yaml:2 < 4@2.yaml:2 < 2@1.yaml:3\n"
                         "b.d=3@1.yaml:4\n");
  CHECK(explained(of, "b.d") == "b.d=3@1.yaml:4\n");
  CHECK(explained(of, "b").starts_with("b.c="));
}

TEST_CASE("null and scalars over a map removed what was below") {
  CHECK(explained(bundle({"a: {b: 1, c: 1}", "a: null", "a: {c: 2}"})) ==
        "a.c=2@3.yaml:1 < null*@2.yaml:1 < 1@1.yaml:1\n");
  CHECK(explained(bundle({"a: {b: 1}", "a: text"})) == "a=\"text\"@2.yaml:1 < {\"b\":1}@1.yaml:1\n");
  CHECK(explained(bundle({"a: {b: 1}", "a: {b: null}"})) == "a.b=null@2.yaml:1 < 1@1.yaml:1\n");
}

TEST_CASE("what a null took away, and a later map did not bring back, is gone") {
  const auto of = bundle({"a: {b: 1, c: 1, d: {e: 1}}\nk: 1", "a: null", "a: {c: 2}"});
  CHECK(gone(of) == "a.b < null*@2.yaml:1 < 1@1.yaml:1\na.d.e < null*@2.yaml:1 < 1@1.yaml:1\n");
  CHECK(gone(of, "a.d") == "a.d.e < null*@2.yaml:1 < 1@1.yaml:1\n");
  CHECK(gone(of, "k").empty());
  // The same by a value that a map replaced.
  CHECK(gone(bundle({"a: {b: 1}", "a: text", "a: {c: 2}"})) == "a.b < \"text\"*@2.yaml:1 < 1@1.yaml:1\n");
  // What took its place is there to be explained.
  CHECK(gone(bundle({"a: {b: 1}", "a: null"})).empty());
  CHECK(gone(bundle({"a: {b: 1}", "a: 5"})).empty());
  CHECK(gone(bundle({"l: [1, {b: 2}]", "l: [1]"})).empty());
  CHECK(gone(bundle({"a: {}", "a: {b: 1}"})).empty());
}

TEST_CASE("a key that the merge over a chart removed is gone once, not with each key below it") {
  auto of = bundle({"a: {b: 1, c: 2}\nk: 1", "a: null\nk: 2"});
  of.values.erase("a");
  CHECK(gone(of) == "a < null@2.yaml:1 < {\"b\":1,\"c\":2}@1.yaml:1\n");
  CHECK(gone(of, "a.b") == "a.b < null*@2.yaml:1 < 1@1.yaml:1\n");
}

TEST_CASE("lists replace whole, so an element comes from the list's layer") {
  const auto of = bundle({"l: [1, 2, 3]", "l: [9]"});
  CHECK(explained(of) == "l=[9]@2.yaml:1 < [1,2,3]@1.yaml:1\n");
  CHECK(explained(of, "l[0]") == "l[0]=9@2.yaml:1 < 1@1.yaml:1\n");
}

TEST_CASE("an empty map over a map says nothing") {
  CHECK(explained(bundle({"a: {}", "a: {}"})) == "a={}@1.yaml:1\n");
  CHECK(explained(bundle({"a: {b: 1}", "a: {}"})) == "a.b=1@1.yaml:1\n");
  CHECK(explained(bundle({"a: 1", "a: {}"})) == "a={}@2.yaml:1 < 1@1.yaml:1\n");
}

TEST_CASE("layers that are absent or empty say nothing") {
  auto of = bundle({"a: 1", ""});
  of.layers.push_back({});
  CHECK(explained(of) == "a=1@1.yaml:1\n");
}

TEST_CASE("a link shows both names") {
  auto of = bundle({"a: 1"});
  of.layers[0].path = "web/global.yaml";
  CHECK(explained(of) == "a=1@web/global.yaml -> 1.yaml:1\n");
}

TEST_CASE("a key that is not there is an error with the nearest") {
  const auto of = bundle({"alpha: 1"});
  CHECK_THROWS_AS(config::explain(of, config::parse_path("alfa")), Error);
}

TEST_CASE("differences leaf by leaf, sorted") {
  CHECK(changed("a: 1\nb: {c: 2}", "b: {c: 2}\na: 1").empty());
  CHECK(changed("a: 1\nz: 1", "a: 2\nb: {c: 1, d: []}") == "a:1>2 b.c:>1 b.d:>[] z:1> ");
  CHECK(changed("l: [1, 2, 3]", "l: [1, 9]") == "l[1]:2>9 l[2]:3> ");
  CHECK(changed("l: [{a: 1, b: 2}]", "l: [{a: 1, b: 3}]") == "l[0].b:2>3 ");
  CHECK(changed("a: {b: 1}", "a: text") == "a:{\"b\":1}>\"text\" ");
  CHECK(changed("{}", "a: 1") == "a:>1 ");
  CHECK(changed("a: null", "{}") == "a:null> ");
  CHECK(changed("a: '1'", "a: 1") == "a:\"1\">1 ");
}
