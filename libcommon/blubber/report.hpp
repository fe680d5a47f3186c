// SPDX-License-Identifier: Apache-2.0
// Collects what is wrong with a configuration, so that all of it is shown at once.
#pragma once

#include "core/error.hpp"
#include "data/value.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace slipway::blubber {

class Report {
 public:
  /// More than anybody reads; what comes after is counted. Keeps a file that is all wrong from filling the memory.
  static constexpr std::size_t most_findings = 1000;

  /// @param source the text of the file, which has to outlive the report
  Report(std::string file, std::string_view source);

  /// @param path the key path that the finding is about, such as variants.test.apt; empty only for a whole file
  void error(const data::Mark& at, std::string message, std::string path, std::string suggestion = {});
  void warning(const data::Mark& at, std::string message, std::string path, std::string suggestion = {});
  void deprecated(const data::Mark& at, std::string message, std::string path);
  void add(Diagnostic finding);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  /// Whether more findings are only counted: nobody need look for suggestions.
  [[nodiscard]] bool is_full() const { return findings_.size() >= most_findings; }
  /// @throws Error bad_input with every finding when one of them is an error, or, with `strict`, when there is any
  void throw_if_bad(bool strict) const;
  /// @throws Error `failure` with every finding when there is an error among them; "3 values WHAT in FILE"
  void throw_errors(const Failure& failure, std::string_view what) const;
  /// The findings in the order of lines.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  void put(Diagnostic::Severity severity, const data::Mark& at, std::string message, std::string path,
           std::string suggestion);
  [[nodiscard]] std::string_view line_at(int line) const;

  std::string file_;
  std::string_view source_;
  std::vector<std::size_t> line_starts_;
  std::vector<Diagnostic> findings_;
  std::set<std::tuple<int, int, Diagnostic::Severity, std::string>> known_;
  std::size_t errors_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace slipway::blubber
