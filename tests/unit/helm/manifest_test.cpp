// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "helm/manifest.hpp"
#include "support/catch.hpp"

using namespace slipway;
using nlohmann::json;

TEST_CASE("objects come in order, empty documents and comments do not", "[helm]") {
  const auto objects = helm::parse_manifest(
      "---\n# Source: a.yaml\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: other}\n"
      "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec: {replicas: 2}\n---\n",
      "main");
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].key == helm::ObjectKey{"", "Service", "other", "s"});
  CHECK(objects[1].key == helm::ObjectKey{"apps", "Deployment", "", "d"});
  CHECK(objects[1].key.text() == "Deployment/d");
  CHECK(objects[1].api_version == "apps/v1");
  CHECK(objects[1].body["spec"]["replicas"] == 2);
  CHECK(helm::parse_manifest("", "main").empty());
}

TEST_CASE("a List is taken apart", "[helm]") {
  const auto objects = helm::parse_manifest("apiVersion: v1\nkind: ConfigMapList\nitems:\n"
                                            "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: "
                                            "v1, kind: ConfigMap, metadata: {name: b}}\n",
                                            "main");
  REQUIRE(objects.size() == 2);
  CHECK(objects[1].key.name == "b");
}

TEST_CASE("what is no object is refused", "[helm]") {
  CHECK_THROWS_AS(helm::parse_manifest("a: 1\n", "main"), Error);
  CHECK_THROWS_AS(helm::parse_manifest("- a\n", "main"), Error);
  CHECK_THROWS_AS(helm::parse_manifest("apiVersion: v1\nkind: Service\nmetadata: {}\n", "main"), Error);
  CHECK_THROWS_AS(helm::parse_manifest("a: [\n", "main"), Error);
}

TEST_CASE("images of every kind of workload, init containers too", "[helm]") {
  const json spec{{"initContainers", {{{"image", "i"}}}},
                  {"containers", {{{"image", "a"}}, {{"name", "x"}}, {{"image", "b"}}}}};
  const std::vector<std::string> all{"i", "a", "b"};
  CHECK(helm::images_of({{"kind", "Pod"}, {"spec", spec}}) == all);
  CHECK(helm::images_of({{"kind", "Deployment"}, {"spec", {{"template", {{"spec", spec}}}}}}) == all);
  CHECK(helm::images_of(
            {{"kind", "CronJob"}, {"spec", {{"jobTemplate", {{"spec", {{"template", {{"spec", spec}}}}}}}}}}) == all);
  CHECK(helm::images_of({{"kind", "Service"}, {"spec", {{"ports", json::array()}}}}).empty());
  CHECK(helm::images_of({{"kind", "Pod"}, {"spec", "odd"}}).empty());
}
