// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "io/events.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace slipway::io {

namespace {

std::string_view word(Diagnostic::Severity severity) {
  switch (severity) {
  case Diagnostic::Severity::warning: return "warning";
  case Diagnostic::Severity::deprecated: return "deprecated";
  case Diagnostic::Severity::error: break;
  }
  return "error";
}

std::string place_of(const Diagnostic& d) {
  if (d.line == 0) return d.file;
  if (d.column == 0) return fmt::format("{}:{}", d.file, d.line);
  return fmt::format("{}:{}:{}", d.file, d.line, d.column);
}

nlohmann::ordered_json to_json(const Diagnostic& d) {
  nlohmann::ordered_json out{{"severity", word(d.severity)}, {"file", d.file}};
  if (d.line != 0) out["line"] = d.line;
  if (d.column != 0) out["column"] = d.column;
  out["message"] = d.message;
  if (!d.suggestion.empty()) out["suggestion"] = d.suggestion;
  if (!d.path.empty()) out["path"] = d.path;
  return out;
}

/// JSON must be UTF-8; what came from a file or a server may not be.
std::string dump(const nlohmann::ordered_json& document) {
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string render_diagnostic(const Diagnostic& d) {
  std::string out;
  if (const auto place = place_of(d); !place.empty()) out += place + ": ";
  out += fmt::format("{}: {}", word(d.severity), d.message);
  if (!d.suggestion.empty()) out += fmt::format("; did you mean '{}'?", d.suggestion);
  out += '\n';
  if (d.source_line.empty() || d.line == 0) return out;
  out += fmt::format(" {:>4} | {}\n", d.line, text::printable(d.source_line));
  if (d.column > 0) {
    // The same tabs as the line has, so that the caret stands under the right place.
    std::string indent;
    for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(d.column); ++i)
      indent += i < d.source_line.size() && d.source_line[i] == '\t' ? '\t' : ' ';
    const auto width = static_cast<std::size_t>(std::max(1, d.width));
    out += fmt::format("      | {}^{}\n", indent, std::string(width - 1, '~'));
  }
  return out;
}

std::string render_error(std::string_view tool, const Error& error, ErrorFormat format) {
  if (format == ErrorFormat::json) {
    nlohmann::ordered_json out{{"schema", "error/v1"},
                               {"tool", tool},
                               {"id", error.failure().id},
                               {"status", status(error.code())},
                               {"message", error.message()}};
    if (!error.at().empty()) out["at"] = error.at();
    if (!error.hint().empty()) out["hint"] = error.hint();
    for (const auto& finding : error.findings()) out["findings"].push_back(to_json(finding));
    return dump(out) + "\n";
  }
  std::string out;
  for (const auto& finding : error.findings()) out += render_diagnostic(finding);
  out += fmt::format("{}: {}\n", tool, text::printable(error.message()));
  for (const auto& place : error.at()) out += fmt::format("  at   {}\n", text::printable(place));
  if (!error.hint().empty()) out += fmt::format("  try  {}\n", text::printable(error.hint()));
  return out;
}

}  // namespace slipway::io
