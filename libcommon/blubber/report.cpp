// SPDX-License-Identifier: Apache-2.0
#include "blubber/report.hpp"

#include "core/text.hpp"

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

/// On one line and of a length that somebody reads, whatever of the file is quoted in it. The end stays, which says
/// what is wrong.
std::string readable(std::string_view text) {
  constexpr std::size_t begin = 600;
  constexpr std::size_t end = 200;
  const auto is_inside = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; };
  std::string out;
  const auto add = [&](std::string_view part) {
    for (const char c : text::printable(part)) {
      if (c == '\n') out += "\\n";
      else if (c == '\t') out += "\\t";
      else out += c;
    }
  };
  if (text.size() <= begin + end) {
    add(text);
    return out;
  }
  auto first = begin;
  while (first > 0 && is_inside(text[first])) --first;
  auto last = text.size() - end;
  while (last < text.size() && is_inside(text[last])) ++last;
  add(text.substr(0, first));
  out += "...";
  add(text.substr(last));
  return out;
}

/// A line that is too long to be shown with every finding in it.
constexpr std::size_t long_line = 10'000;
constexpr std::size_t shown_of_long_lines = 20;

}  // namespace

Report::Report(std::string file, std::string_view source) : file_(std::move(file)), source_(source), line_starts_{0} {
  for (auto at = source.find('\n'); at != std::string_view::npos; at = source.find('\n', at + 1))
    line_starts_.push_back(at + 1);
}

std::string_view Report::line_at(int line) const {
  const auto at = static_cast<std::size_t>(line) - 1;
  if (line < 1 || at >= line_starts_.size()) return {};
  auto text = source_.substr(line_starts_[at]);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void Report::put(Diagnostic::Severity severity, const data::Mark& at, std::string message, std::string path,
                 std::string suggestion) {
  Diagnostic d;
  d.severity = severity;
  d.file = file_;
  d.line = at.line;
  d.column = at.column;
  d.message = readable(message);
  d.path = readable(path);
  d.suggestion = std::move(suggestion);
  const auto line = line_at(at.line);
  d.width = word_width(line, at.column);
  if (line.size() <= long_line || findings_.size() < shown_of_long_lines) d.source_line = line;
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
  const bool is_error = finding.severity == Diagnostic::Severity::error;
  // Of those beyond the limit only their number is kept; an error is still an error.
  if (is_full()) {
    ++left_out_;
    if (is_error) ++errors_;
    return;
  }
  // What is inherited is looked at once per variant that inherits it, but told once.
  if (!known_.emplace(finding.line, finding.column, finding.severity, finding.message).second) return;
  if (is_error) ++errors_;
  findings_.push_back(std::move(finding));
}

void Report::throw_if_bad(bool strict) const {
  if (findings_.empty() || (!strict && !has_errors())) return;
  auto findings = findings_;
  if (strict) {
    for (auto& d : findings) d.severity = Diagnostic::Severity::error;
  }
  std::ranges::stable_sort(findings, {}, place);
  const auto errors = strict ? findings.size() + left_out_ : errors_;
  auto what = fmt::format("{} error{} in {}", errors, errors == 1 ? "" : "s", file_);
  if (left_out_ > 0) what += fmt::format("; the first {} findings are shown", findings.size());
  throw Error(failure::bad_input, std::move(what), std::move(findings));
}

void Report::throw_errors(const Failure& failure, std::string_view what) const {
  if (!has_errors()) return;
  auto findings = findings_;
  std::ranges::stable_sort(findings, {}, place);
  throw Error(failure, fmt::format("{} value{} {} in {}", errors_, errors_ == 1 ? "" : "s", what, file_),
              std::move(findings));
}

std::vector<Diagnostic> Report::take() {
  std::ranges::stable_sort(findings_, {}, place);
  return std::move(findings_);
}

}  // namespace slipway::blubber
