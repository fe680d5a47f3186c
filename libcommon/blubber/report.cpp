// SPDX-License-Identifier: Apache-2.0
#include "blubber/report.hpp"

#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace slipway::blubber {

namespace {

auto place(const Diagnostic& d) { return std::tie(d.line, d.column); }

/// How far the word reaches that begins at the column: what the caret underlines.
int word_width(std::string_view line, int column) {
  if (column < 1 || static_cast<std::size_t>(column) > line.size()) return 1;
  const auto rest = line.substr(static_cast<std::size_t>(column) - 1);
  const bool quoted = rest.front() == '"' || rest.front() == '\'';
  const auto end = std::min(quoted ? rest.find(rest.front(), 1) + 1 : rest.find_first_of(" \t,:]}", 1), rest.size());
  return static_cast<int>(std::max<std::size_t>(1, end));
}

}  // namespace

void Report::put(Diagnostic::Severity severity, const data::Mark& at, std::string message, std::string path,
                 std::string suggestion) {
  Diagnostic d;
  d.severity = severity;
  d.file = file_;
  d.line = at.line;
  d.column = at.column;
  d.message = std::move(message);
  d.path = std::move(path);
  d.suggestion = std::move(suggestion);
  if (at.line > 0) {
    d.source_line = data::source_line(source_, at.line);
    d.width = word_width(d.source_line, at.column);
  }
  add(std::move(d));
}

void Report::error(const data::Mark& at, std::string message, std::string path, std::string suggestion) {
  put(Diagnostic::Severity::error, at, std::move(message), std::move(path), std::move(suggestion));
}

void Report::warning(const data::Mark& at, std::string message, std::string path, std::string suggestion) {
  put(Diagnostic::Severity::warning, at, std::move(message), std::move(path), std::move(suggestion));
}

void Report::deprecated(const data::Mark& at, std::string message, std::string path) {
  put(Diagnostic::Severity::deprecated, at, std::move(message), std::move(path), {});
}

void Report::add(Diagnostic finding) {
  // What is inherited is looked at once per variant that inherits it, but told once.
  const bool known = std::ranges::any_of(findings_, [&](const Diagnostic& d) {
    return place(d) == place(finding) && d.severity == finding.severity && d.message == finding.message;
  });
  if (!known) findings_.push_back(std::move(finding));
}

bool Report::has_errors() const {
  return std::ranges::any_of(findings_, [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::error; });
}

void Report::throw_if_bad(bool strict) const {
  if (findings_.empty() || (!strict && !has_errors())) return;
  auto findings = findings_;
  if (strict) {
    for (auto& d : findings) d.severity = Diagnostic::Severity::error;
  }
  std::ranges::stable_sort(findings, {}, place);
  const auto errors = std::ranges::count(findings, Diagnostic::Severity::error, &Diagnostic::severity);
  throw Error(failure::bad_input, fmt::format("{} error{} in {}", errors, errors == 1 ? "" : "s", file_),
              std::move(findings));
}

std::vector<Diagnostic> Report::take() {
  std::ranges::stable_sort(findings_, {}, place);
  return std::move(findings_);
}

}  // namespace slipway::blubber
