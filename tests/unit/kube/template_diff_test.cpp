// SPDX-License-Identifier: Apache-2.0
#include "kube/template_diff.hpp"
#include "support/catch.hpp"

using namespace slipway::kube;
using List = std::vector<std::string>;

TEST_CASE("two templates in an operator's words") {
  const char* before = R"({"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"m","image":"i:1",
    "env":[{"name":"A","value":"s3cret"},{"name":"B","value":"1"}],"resources":{"limits":{"memory":"512Mi"}},"ports":[1]}]}})";
  const char* after =
      R"({"metadata":{"labels":{"app":"x","v":"2"},"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}},
    "spec":{"serviceAccountName":"web","containers":[{"name":"m","image":"i:2","env":[{"name":"A","value":"n3w"},{"name":"C","value":"1"}],
    "resources":{"limits":{"memory":"256Mi","cpu":1}},"ports":[2]}]}})";
  const auto changes = template_changes(before, after);
  CHECK(changes == List{"image i:1 -> i:2", "env A", "env C added", "env B removed", "cpu limit none -> 1",
                        "memory limit 512Mi -> 256Mi", "ports", "label v", "restart",
                        "serviceAccountName none -> web"});
  for (const auto& line : changes) CHECK(line.find("s3cret") == std::string::npos);
  const auto open = template_changes(before, after, EnvValues::shown);
  CHECK(open[1] == "env A: s3cret -> n3w");
  CHECK(open[2] == "env C added: none -> 1");
  CHECK(open[3] == "env B removed: 1 -> none");
  CHECK(template_changes(before, before).empty());
  CHECK(template_changes("not JSON", before).empty());
}
