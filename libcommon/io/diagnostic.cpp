// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "io/events.hpp"
#include "io/findings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace slipway::io {

namespace {

/// Of a line that fills no screen everything is shown; of a longer one, this many characters.
constexpr std::size_t shown_width = 160;

std::string place_of(const Diagnostic& d) {
  if (d.line == 0) return d.file;
  if (d.column == 0) return fmt::format("{}:{}", d.file, d.line);
  return fmt::format("{}:{}:{}", d.file, d.line, d.column);
}

nlohmann::ordered_json to_json(const Diagnostic& d) {
  nlohmann::ordered_json out{{"severity", word_for(d.severity)}, {"file", d.file}};
  if (d.line != 0) out["line"] = d.line;
  if (d.column != 0) out["column"] = d.column;
  out["message"] = d.message;
  if (!d.suggestion.empty()) out["suggestion"] = d.suggestion;
  if (!d.path.empty()) out["path"] = d.path;
  if (!d.code.empty()) out["code"] = d.code;
  return out;
}

/// The line as it is shown, and what stands before the caret: the same tabs, else blanks.
struct Excerpt {
  std::string line;
  std::string indent;
};

Excerpt excerpt_of(const Diagnostic& d) {
  std::string_view line = d.source_line;
  const auto before = std::min(static_cast<std::size_t>(std::max(0, d.column - 1)), line.size());
  const auto is_inside = [&](std::size_t at) {
    return at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0U) == 0x80;
  };
  std::size_t begin = 0;
  std::size_t end = line.size();
  if (line.size() > shown_width) {
    begin = before > shown_width / 2 ? before - shown_width / 2 : 0;
    while (is_inside(begin)) ++begin;
    end = std::min(begin + shown_width, line.size());
    while (is_inside(end)) ++end;
  }
  Excerpt out;
  if (begin > 0) out.line = out.indent = "...";
  if (begin > 0) out.indent = "   ";
  for (auto at = begin; at < before; ++at) {
    if (!is_inside(at)) out.indent += line[at] == '\t' ? '\t' : ' ';
  }
  out.line += text::printable(line.substr(begin, end - begin));
  if (end < line.size()) out.line += "...";
  return out;
}

/// What happened as one object; the findings are added by the caller.
nlohmann::ordered_json to_json(std::string_view tool, const Error& error) {
  nlohmann::ordered_json out{{"schema", "error/v1"},
                             {"tool", tool},
                             {"id", error.failure().id},
                             {"status", status(error.code())},
                             {"message", error.message()}};
  if (!error.at().empty()) out["at"] = error.at();
  if (!error.hint().empty()) out["hint"] = error.hint();
  return out;
}

std::string text_of(std::string_view tool, const Error& error) {
  auto out = fmt::format("{}: {}\n", tool, text::printable(error.message()));
  for (const auto& place : error.at()) out += fmt::format("  at   {}\n", text::printable(place));
  if (!error.hint().empty()) out += fmt::format("  try  {}\n", text::printable(error.hint()));
  return out;
}

}  // namespace

std::string_view word_for(Diagnostic::Severity severity) {
  switch (severity) {
  case Diagnostic::Severity::warning: return "warning";
  case Diagnostic::Severity::deprecated: return "deprecated";
  case Diagnostic::Severity::error: break;
  }
  return "error";
}

std::string sentence_of(const Diagnostic& d) {
  return d.suggestion.empty() ? d.message : fmt::format("{}; did you mean '{}'?", d.message, d.suggestion);
}

std::string dump(const nlohmann::ordered_json& document) {
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string render_diagnostic(const Diagnostic& d) {
  std::string out;
  if (const auto place = place_of(d); !place.empty()) out += place + ": ";
  out += fmt::format("{}: {}\n", word_for(d.severity), sentence_of(d));
  if (d.source_line.empty() || d.line == 0) return out;
  const auto [line, indent] = excerpt_of(d);
  out += fmt::format(" {:>4} | {}\n", d.line, line);
  if (d.column > 0) {
    const auto width = std::min(static_cast<std::size_t>(std::max(1, d.width)), shown_width / 2);
    out += fmt::format("      | {}^{}\n", indent, std::string(width - 1, '~'));
  }
  return out;
}

std::string render_findings(std::string_view tool, const std::vector<Diagnostic>& findings, ErrorFormat format) {
  std::string out;
  switch (format) {
  case ErrorFormat::text:
    for (const auto& finding : findings) out += render_diagnostic(finding);
    break;
  case ErrorFormat::json: {
    if (findings.empty()) break;
    nlohmann::ordered_json document{{"schema", "findings/v1"}, {"tool", tool}};
    for (const auto& finding : findings) document["findings"].push_back(to_json(finding));
    out = dump(document) + "\n";
    break;
  }
  case ErrorFormat::sarif: out = sarif(tool, findings, nullptr); break;
  case ErrorFormat::github:
    for (const auto& finding : findings) out += github_line(finding);
    break;
  }
  return out;
}

std::string render_error(std::string_view tool, const Error& error, ErrorFormat format,
                         const std::vector<Diagnostic>& before) {
  auto findings = before;
  findings.insert(findings.end(), error.findings().begin(), error.findings().end());
  if (format == ErrorFormat::sarif) return sarif(tool, findings, &error);
  if (format == ErrorFormat::json) {
    auto out = to_json(tool, error);
    for (const auto& finding : findings) out["findings"].push_back(to_json(finding));
    return dump(out) + "\n";
  }
  auto out = render_findings(tool, findings, format);
  // An annotation for each finding says it all; without one the error itself has to become one.
  if (format == ErrorFormat::github && findings.empty()) out += github_line(tool, error);
  return out + text_of(tool, error);
}

}  // namespace slipway::io
