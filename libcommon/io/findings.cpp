// SPDX-License-Identifier: Apache-2.0
#include "io/findings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace slipway::io {

namespace {

using nlohmann::ordered_json;

/// Findings without a code are told apart by whether they are wrong, unwise or old.
std::string rule_of(const Diagnostic& d) { return d.code.empty() ? std::string(word_for(d.severity)) : d.code; }

/// The log counts characters; a finding counts bytes.
int character_column(const Diagnostic& d) {
  const auto before = std::string_view(d.source_line).substr(0, static_cast<std::size_t>(d.column - 1));
  const auto inside =
      std::ranges::count_if(before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; });
  return d.column - static_cast<int>(inside);
}

ordered_json result_of(const Diagnostic& d) {
  ordered_json out{{"ruleId", rule_of(d)},
                   {"level", d.severity == Diagnostic::Severity::error ? "error" : "warning"},
                   {"message", {{"text", sentence_of(d)}}}};
  ordered_json location;
  if (!d.file.empty()) location["physicalLocation"]["artifactLocation"]["uri"] = d.file;
  if (d.line > 0) {
    auto& region = location["physicalLocation"]["region"];
    region["startLine"] = d.line;
    if (d.column > 0) {
      const int column = character_column(d);
      region["startColumn"] = column;
      region["endColumn"] = column + std::max(1, d.width);
    }
  }
  if (!d.path.empty())
    location["logicalLocations"] = ordered_json::array({{{"fullyQualifiedName", d.path}, {"kind", "member"}}});
  if (!location.is_null()) out["locations"] = ordered_json::array({std::move(location)});
  return out;
}

/// @param in_property colons and commas end a property but not a message
std::string escaped(std::string_view text, bool in_property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') out += "%25";
    else if (c == '\r') out += "%0D";
    else if (c == '\n') out += "%0A";
    else if (in_property && c == ':') out += "%3A";
    else if (in_property && c == ',') out += "%2C";
    else out += c;
  }
  return out;
}

}  // namespace

std::string sarif(std::string_view tool, const std::vector<Diagnostic>& findings, const Error* error) {
  ordered_json results = ordered_json::array();
  for (const auto& finding : findings) results.push_back(result_of(finding));
  ordered_json invocation{{"executionSuccessful", error == nullptr}};
  if (error != nullptr) {
    invocation["exitCode"] = status(error->code());
    ordered_json notification{
        {"level", "error"}, {"message", {{"text", error->message()}}}, {"descriptor", {{"id", error->failure().id}}}};
    invocation["toolExecutionNotifications"] = ordered_json::array({std::move(notification)});
  }
  ordered_json run{{"tool", {{"driver", {{"name", tool}}}}},
                   {"invocations", ordered_json::array({std::move(invocation)})},
                   {"columnKind", "unicodeCodePoints"},
                   {"results", std::move(results)}};
  return dump(ordered_json{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                           {"version", "2.1.0"},
                           {"runs", ordered_json::array({std::move(run)})}}) +
         "\n";
}

std::string github_line(const Diagnostic& d) {
  auto out = fmt::format("::{} ", d.severity == Diagnostic::Severity::error ? "error" : "warning");
  out += fmt::format("file={}", escaped(d.file, true));
  if (d.line > 0) out += fmt::format(",line={}", d.line);
  if (d.column > 0) out += fmt::format(",col={},endColumn={}", d.column, d.column + std::max(1, d.width));
  if (!d.path.empty()) out += fmt::format(",title={}", escaped(d.path, true));
  return out + fmt::format("::{}\n", escaped(sentence_of(d), false));
}

std::string github_line(std::string_view tool, const Error& error) {
  return fmt::format("::error title={}::{}\n", escaped(tool, true), escaped(error.message(), false));
}

}  // namespace slipway::io
