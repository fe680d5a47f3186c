// SPDX-License-Identifier: Apache-2.0
#include "diff.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::deploy_helm;
using nlohmann::json;

namespace {

std::vector<helm::Object> objects(std::string_view yaml) { return helm::parse_manifest(yaml, "test"); }

constexpr std::string_view deployment = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, labels: {"helm.sh/chart": hello-1.0.0}}
spec:
  replicas: 2
  template:
    metadata: {annotations: {"checksum/config": aaa}}
    spec:
      containers:
      - {name: a, image: "x:1", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
      - {name: b, image: "y:1", resources: {limits: {cpu: "0.5", memory: 1Gi}}}
)";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> paths(const std::vector<FieldChange>& fields) {
  std::vector<std::string> out;
  for (const auto& field : fields) out.push_back(field.path);
  return out;
}
using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("equal manifests differ in nothing, however they are written", "[deploy-helm]") {
  CHECK(compare(objects(deployment), objects(deployment)).empty());
  CHECK(compare(objects("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {a: 1}"),
                objects("# comment\nkind: Service\nspec:\n  a: 1\nmetadata:\n  name: s\napiVersion: v1"))
            .empty());
}

TEST_CASE("list items are matched by name, not by place", "[deploy-helm]") {
  auto next = replaced(std::string(deployment), "x:1", "x:2");
  next = replaced(next, "[{name: A, value: \"1\"}, {name: B, value: \"2\"}]",
                  "[{name: B, value: \"3\"}, {name: C, value: c}]");
  const auto changes = compare(objects(deployment), objects(next));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].action == Action::change);
  const std::string base = "spec.template.spec.containers[a].";
  CHECK(paths(changes[0].fields) == Paths{base + "env[A].name", base + "env[A].value", base + "env[B].value",
                                          base + "env[C].name", base + "env[C].value", base + "image"});
  CHECK(changes[0].fields.back().before == json("x:1"));
  CHECK(changes[0].fields.back().after == json("x:2"));
}

TEST_CASE("quantities are compared by worth, in their places only", "[deploy-helm]") {
  auto next = replaced(std::string(deployment), "\"0.5\", memory: 1Gi", "500m, memory: 1024Mi");
  CHECK(compare(objects(deployment), objects(next)).empty());
  CHECK(same_quantity("1000m", 1));
  CHECK(same_quantity("1e3", "1k"));
  CHECK_FALSE(same_quantity("1G", "1Gi"));
  CHECK_FALSE(same_quantity("abc", "abc"));
  CHECK_FALSE(same_quantity("1x", 1));
  const auto changes = compare(objects("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \"1\"}"),
                               objects("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 1}"));
  CHECK(paths(changes.at(0).fields) == Paths{"data.a"});
}

TEST_CASE("what only follows from other changes is counted, not shown", "[deploy-helm]") {
  auto next = replaced(std::string(deployment), "hello-1.0.0", "hello-1.0.1");
  next = replaced(next, "aaa", "bbb");
  const auto changes = compare(objects(deployment), objects(next));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].fields.empty());
  CHECK(changes[0].noise == 2);
}

TEST_CASE("removals come first, then changes, then additions", "[deploy-helm]") {
  const auto changes = compare(objects("apiVersion: v1\nkind: Service\nmetadata: {name: gone}\n---\n"
                                       "apiVersion: v1\nkind: Service\nmetadata: {name: kept}\nspec: {a: 1}"),
                               objects("apiVersion: v1\nkind: Service\nmetadata: {name: fresh}\n---\n"
                                       "apiVersion: v1\nkind: Service\nmetadata: {name: kept}\nspec: {a: 2}"));
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].action == Action::remove);
  CHECK(changes[0].key.name == "gone");
  CHECK(changes[1].key.name == "kept");
  CHECK(changes[2].action == Action::add);
}

TEST_CASE("an object of another API version is the same object", "[deploy-helm]") {
  const auto changes = compare(objects("apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: p}"),
                               objects("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: p}"));
  REQUIRE(changes.size() == 1);
  CHECK(paths(changes[0].fields) == Paths{"apiVersion"});
}

TEST_CASE("values of a Secret never get into the result", "[deploy-helm]") {
  const auto changes = compare(
      objects("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: b2xk, gone: Z29uZQ==}\ntype: Opaque"),
      objects("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: bmV3}\nstringData: {b: s3cret}\ntype: x"));
  REQUIRE(changes.size() == 1);
  CHECK(paths(changes[0].fields) == Paths{"data.a", "data.gone", "stringData.b", "type"});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(changes[0].fields[i].secret);
    CHECK_FALSE(changes[0].fields[i].before);
    CHECK_FALSE(changes[0].fields[i].after);
  }
  CHECK(changes[0].fields[3].after == json("x"));
}

TEST_CASE("lists without names are told by what was put in and taken out", "[deploy-helm]") {
  const auto list = [](const char* items) {
    return objects(std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {args: ") + items + "}");
  };
  const auto fields = compare(list("[a, b, c]"), list("[a, x, c, d]")).at(0).fields;
  CHECK(paths(fields) == Paths{"spec.args[1]", "spec.args[3]"});
  CHECK(fields[0].after == json("x"));
  CHECK_FALSE(fields[1].before);
}

TEST_CASE("drift is what a person changed, not what the server filled in", "[deploy-helm]") {
  const auto manifest = objects(deployment).at(0).body;
  auto live = manifest;
  live["metadata"]["namespace"] = "n";
  live["metadata"]["uid"] = "u";
  live["status"] = {{"replicas", 2}};
  live["spec"]["progressDeadlineSeconds"] = 600;
  live["spec"]["template"]["spec"]["containers"][1]["resources"]["limits"]["cpu"] = "500m";
  live["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"] = "/dev/termination-log";
  CHECK(drift(manifest, live, false).empty());

  live["spec"]["replicas"] = 5;
  live["spec"]["template"]["spec"]["containers"][0]["env"].push_back({{"name", "DEBUG"}, {"value", "1"}});
  CHECK(paths(drift(manifest, live, false)) == Paths{"spec.replicas",
                                                     "spec.template.spec.containers[a].env[DEBUG].name",
                                                     "spec.template.spec.containers[a].env[DEBUG].value"});
  const auto found = drift(manifest, live, true);
  REQUIRE(found.size() == 2);
  // helm's three-way patch removes only what an earlier manifest had.
  CHECK(found[0].extra);
  CHECK_FALSE(drift(manifest, live, false).at(0).extra);
}

TEST_CASE("drift: empty and absent are the same; data has no defaults", "[deploy-helm]") {
  const json manifest{{"kind", "ConfigMap"},
                      {"metadata", {{"name", "c"}, {"labels", json::object()}}},
                      {"data", {{"a", "1"}}},
                      {"x", nullptr}};
  CHECK(drift(manifest, {{"kind", "ConfigMap"}, {"metadata", {{"name", "c"}}}, {"data", {{"a", "1"}}}}, false).empty());
  CHECK(paths(drift(manifest, {{"metadata", {{"name", "c"}}}, {"data", {{"a", "1"}, {"b", "2"}}}}, false)) ==
        Paths{"data.b"});
}

TEST_CASE("drift of a Secret is found and not shown", "[deploy-helm]") {
  const json manifest{
      {"kind", "Secret"}, {"metadata", {{"name", "c"}}}, {"data", {{"a", "b2xk"}}}, {"stringData", {{"b", "x"}}}};
  const json live{{"kind", "Secret"}, {"metadata", {{"name", "c"}}}, {"data", {{"a", "bmV3"}, {"b", "eA=="}}}};
  const auto found = drift(manifest, live, false);
  REQUIRE_FALSE(found.empty());
  for (const auto& field : found) {
    CHECK(field.secret);
    CHECK_FALSE(field.before);
  }
}

TEST_CASE("an autoscaler owns the replicas of its workload", "[deploy-helm]") {
  const auto all = objects(std::string(deployment) +
                           "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\n"
                           "spec: {scaleTargetRef: {kind: Deployment, name: d}}\n");
  const auto scaled = scaled_by_autoscaler(all);
  REQUIRE(scaled.size() == 1);
  CHECK(scaled[0].name == "d");
  CHECK(scaled_by_autoscaler(objects(deployment)).empty());
}
