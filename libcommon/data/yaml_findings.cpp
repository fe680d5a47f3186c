// SPDX-License-Identifier: Apache-2.0
#include "data/yaml_findings.hpp"

#include "data/yaml_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::data {

YamlFile::YamlFile(std::string name, std::string_view text)
    : name_(std::make_shared<const std::string>(std::move(name))), text_(std::make_shared<const std::string>(text)),
      starts_{0} {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) starts_.push_back(at + 1);
}

std::string_view YamlFile::line(int number) const {
  const auto index = static_cast<std::size_t>(number) - 1;
  if (number < 1 || index >= starts_.size()) return {};
  auto line = std::string_view(*text_).substr(starts_[index]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

YAML::Mark yaml_mark(const Mark& mark) {
  YAML::Mark out;
  out.line = mark.line - 1;
  out.column = mark.column - 1;
  return out;
}

Diagnostic YamlFindings::finding_at(const YAML::Mark& mark, std::string message) const {
  Diagnostic finding;
  finding.file = *file_.name();
  finding.line = mark.line + 1;
  finding.column = mark.column + 1;
  finding.message = std::move(message);
  if (const auto line = file_.line(finding.line); line.size() <= longest_shown) finding.source_line = line;
  return finding;
}

void YamlFindings::warn(const YAML::Mark& mark, std::string_view code, std::string message, std::size_t width) {
  auto known = of_a_kind_.find(code);
  if (known == of_a_kind_.end()) known = of_a_kind_.emplace(code, 0).first;
  if (++known->second > most_of_a_kind) return;
  if (known->second == most_of_a_kind) message += "; further ones of this kind are not shown";
  auto finding = finding_at(mark, std::move(message));
  finding.severity = Diagnostic::Severity::warning;
  finding.code = code;
  finding.width = static_cast<int>(std::max<std::size_t>(1, width));
  warnings_.push_back(std::move(finding));
}

void YamlFindings::fail(const YAML::Mark& mark, std::string message) const {
  throw Error(failure::bad_input, fmt::format("{} is not valid YAML", *file_.name()),
              std::vector<Diagnostic>{finding_at(mark, std::move(message))});
}

void YamlFindings::refuse(const YAML::Exception& fault, const Mark* innermost) const {
  check_last_quote();
  auto mark = fault.mark.is_null() ? YAML::Mark() : fault.mark;
  if (innermost != nullptr &&
      (fault.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW || fault.msg == YAML::ErrorMsg::END_OF_MAP_FLOW)) {
    mark.line = innermost->line - 1;
    mark.column = innermost->column - 1;
  }
  // That place is behind the escape.
  if (fault.msg.starts_with(YAML::ErrorMsg::INVALID_UNICODE)) {
    const auto end = static_cast<std::size_t>(std::max(mark.pos, 0));
    mark.column -= end >= 6 && file_.text()->compare(end - 6, 2, "\\u") == 0 ? 6 : 10;
  }
  const auto line = file_.line(mark.line + 1);
  const auto indent = line.find_first_not_of(" \t");
  const auto tab = line.find('\t');
  if (tab != std::string_view::npos && (indent == std::string_view::npos || tab < indent)) {
    mark.column = static_cast<int>(tab);
    fail(mark, std::string(explain_fault(YAML::ErrorMsg::TAB_IN_INDENTATION)));
  }
  fail(mark, std::string(explain_fault(fault.msg)));
}

void YamlFindings::check_last_quote() const {
  if (last_quoted_.is_null()) return;
  const auto rest = behind_properties(*file_.text(), static_cast<std::size_t>(last_quoted_.pos));
  if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return;
  const char quote = rest.front();
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (quote == '"' && rest[at] == '\\') ++at;
    else if (quote == '\'' && rest.substr(at).starts_with("''")) ++at;
    else if (rest[at] == quote) return;
  }
  fail(last_quoted_, "a quote that is never closed");
}

std::vector<Diagnostic> YamlFindings::take() {
  last_quoted_ = YAML::Mark::null_mark();
  of_a_kind_.clear();
  return std::exchange(warnings_, {});
}

}  // namespace slipway::data
