// SPDX-License-Identifier: Apache-2.0
#include "evidence.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::pipeline_test;

namespace {

Report failed() {
  Report report;
  report.image = "svc:1";
  report.cause = "1 of 2 checks failed: info";
  report.details = {"info: status: expected 200, got 500"};
  report.checks = {{.name = "info",
                    .origin = "c.yaml:3",
                    .tries = 2,
                    .mismatches = {{"status", "200", "500"}},
                    .curl = "curl -i 'http://n/'",
                    .exchange = {}},
                   {.name = "ok", .origin = {}, .passed = true, .mismatches = {}, .curl = {}, .exchange = {}}};
  return report;
}

}  // namespace

TEST_CASE("the summary begins with the cause") {
  const auto text = to_markdown(failed());
  CHECK(text.starts_with("# 1 of 2 checks failed: info\n"));
  CHECK(text.find("- status: expected `200`, got `500`") != std::string::npos);
  CHECK(text.find("curl -i 'http://n/'") != std::string::npos);
}

TEST_CASE("the result has an image only if it passed") {
  auto report = failed();
  auto json = nlohmann::json::parse(to_json(report));
  CHECK(json["schema"] == "pipeline-test/v1");
  CHECK(json["image"].is_null());
  CHECK(json["tested"] == "svc:1");
  CHECK(json["checks"][0]["mismatches"][0]["got"] == "500");
  report.passed = true;
  CHECK(nlohmann::json::parse(to_json(report))["image"] == "svc:1");
}

TEST_CASE("secrets are cut out of the manifest") {
  const auto text =
      without_secrets("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: aHVudGVyMg==}\n"
                      "stringData: {token: hunter2}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
                      "data: {key: value}\n");
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("aHVudGVyMg") == std::string::npos);
  CHECK(text.find("(left out)") != std::string::npos);
  CHECK(text.find("key: value") != std::string::npos);
  CHECK(without_secrets("password: hunter2: x").find("hunter2: x\n") == std::string::npos);
}
