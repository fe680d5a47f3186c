// SPDX-License-Identifier: Apache-2.0
// What is wrong with a YAML file, said with its place: warnings are collected, the first error is thrown. Used by
// yaml.cpp only.
#pragma once

#include "core/error.hpp"
#include "data/value.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

/// The file: one for all its documents.
class YamlFile {
 public:
  /// @param text without a byte order mark; kept
  YamlFile(std::string name, std::string_view text);

  [[nodiscard]] const std::shared_ptr<const std::string>& name() const { return name_; }
  [[nodiscard]] const std::shared_ptr<const std::string>& text() const { return text_; }
  /// Line `number` (from 1) without its end; empty when there is none. Constant time.
  [[nodiscard]] std::string_view line(int number) const;

 private:
  std::shared_ptr<const std::string> name_;
  std::shared_ptr<const std::string> text_;
  std::vector<std::size_t> starts_;
};

class YamlFindings {
 public:
  /// Warnings of one code that are kept: more than anybody reads, and a file of traps stays cheap.
  static constexpr std::size_t most_of_a_kind = 1000;
  /// A line longer than this is not shown: each finding in it would hold a copy.
  static constexpr std::size_t longest_shown = 10'000;

  explicit YamlFindings(const YamlFile& file) : file_(file) {}

  void warn(const YAML::Mark& mark, std::string_view code, std::string message, std::size_t width);
  /// @throws Error bad_input
  [[noreturn]] void fail(const YAML::Mark& mark, std::string message) const;
  /// Turns the scanner's complaint into ours, at the place where a person would look.
  /// @param innermost what is open there; null when nothing is
  [[noreturn]] void refuse(const YAML::Exception& fault, const Mark* innermost) const;

  /// yaml-cpp takes the end of the file for the end of a quoted scalar; only the last one can be such.
  void saw_quoted(const YAML::Mark& mark) { last_quoted_ = mark; }
  void check_last_quote() const;

  /// The document's findings so far; those of the next one come after them.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  [[nodiscard]] Diagnostic finding_at(const YAML::Mark& mark, std::string message) const;

  const YamlFile& file_;
  std::vector<Diagnostic> warnings_;
  std::map<std::string, std::size_t, std::less<>> of_a_kind_;
  YAML::Mark last_quoted_ = YAML::Mark::null_mark();
};

/// yaml-cpp's place of one of ours.
[[nodiscard]] YAML::Mark yaml_mark(const Mark& mark);

}  // namespace slipway::data
