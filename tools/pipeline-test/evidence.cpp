// SPDX-License-Identifier: Apache-2.0
#include "evidence.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "helm/manifest.hpp"
#include "kube/evidence.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slipway::pipeline_test {

namespace {

std::string file_name(std::size_t number, const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) out += c;
    else if (!out.empty() && out.back() != '-') out += '-';
  }
  return fmt::format("http/{:02}-{}.txt", number, out.substr(0, 60));
}

}  // namespace

std::string to_json(const Report& report) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const auto& one : report.checks) {
    nlohmann::ordered_json check{{"name", one.name},
                                 {"origin", one.origin},
                                 {"passed", one.passed},
                                 {"tries", one.tries},
                                 {"ms", one.took.count()}};
    for (const auto& mismatch : one.mismatches)
      check["mismatches"].push_back({{"at", mismatch.where}, {"expected", mismatch.expected}, {"got", mismatch.got}});
    checks.push_back(std::move(check));
  }
  nlohmann::ordered_json document{{"schema", "pipeline-test/v1"}, {"image", nullptr},
                                  {"passed", report.passed},      {"cause", nullptr},
                                  {"cluster", report.cluster},    {"namespace", report.name_space},
                                  {"release", report.release},    {"route", report.route},
                                  {"checks", std::move(checks)},  {"helm_test", nullptr},
                                  {"seconds", report.seconds},    {"tested", report.image}};
  if (report.passed) document["image"] = report.image;
  if (!report.cause.empty()) document["cause"] = report.cause;
  if (!report.helm_test.empty()) document["helm_test"] = report.helm_test;
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_markdown(const Report& report) {
  auto out = fmt::format("# {}\n\n", report.passed ? "passed" : report.cause);
  for (const auto& line : report.details) out += "    " + line + "\n";
  out += fmt::format("\n| | |\n|---|---|\n| image | `{}` |\n| cluster | {} |\n| namespace | {} |\n| release | {} |\n",
                     report.image, report.cluster, report.name_space, report.release);
  if (!report.route.empty()) out += fmt::format("| asked at | {} |\n", report.route);
  out += fmt::format("| took | {:.1f} s |\n", report.seconds);
  if (!report.checks.empty()) out += "\n| check | result | ms | tries |\n|---|---|---|---|\n";
  for (const auto& one : report.checks)
    out +=
        fmt::format("| {} | {} | {} | {} |\n", one.name, one.passed ? "passed" : "FAILED", one.took.count(), one.tries);
  for (const auto& one : report.checks) {
    if (one.passed) continue;
    out += fmt::format("\n## {}\n\n{}\n\n", one.name, one.origin);
    for (const auto& mismatch : one.mismatches)
      out += fmt::format("- {}: expected `{}`, got `{}`\n", mismatch.where, mismatch.expected, mismatch.got);
    out += fmt::format("\n    {}\n", one.curl);
  }
  return out;
}

std::string without_secrets(const std::string& manifest) {
  std::string out;
  try {
    for (auto& object : helm::parse_manifest(manifest, "manifest")) {
      if (object.key.kind == "Secret")
        for (const auto* field : {"data", "stringData"})
          if (object.body.contains(field))
            for (auto& value : object.body[field]) value = "(left out)";
      // JSON is YAML; its reader gives the value that our writer wants.
      out += "---\n" + data::to_yaml(data::parse_yaml(object.body.dump(), object.key.text()).root);
    }
  } catch (const Error& error) {
    return fmt::format("# left out: {}\n", error.message());
  }
  return out;
}

void write_evidence(const Report& report, kube::Client& client, const std::filesystem::path& directory,
                    const io::Run& run) {
  std::vector<kube::EvidenceFile> files;
  files.push_back({"summary.md", to_markdown(report)});
  files.push_back({"result.json", to_json(report)});
  if (!report.manifest.empty()) files.push_back({"manifest.yaml", without_secrets(report.manifest)});
  if (!report.checks.empty()) files.push_back({"checks.tap", to_tap(report.checks)});
  for (std::size_t i = 0; i < report.checks.size(); ++i)
    if (!report.checks[i].passed) files.push_back({file_name(i + 1, report.checks[i].name), report.checks[i].exchange});
  if (!report.name_space.empty())
    for (auto& file : kube::collect_evidence(client, report.name_space, "", run)) files.push_back(std::move(file));
  kube::write_evidence(files, directory);
}

}  // namespace slipway::pipeline_test
