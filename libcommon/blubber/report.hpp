// SPDX-License-Identifier: Apache-2.0
// Collects what is wrong with a configuration, so that all of it is shown at once.
#pragma once

#include "core/error.hpp"
#include "data/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber {

class Report {
 public:
  /// @param source the text of the file, which has to outlive the report
  Report(std::string file, std::string_view source) : file_(std::move(file)), source_(source) {}

  /// @param path the key path that the finding is about, such as variants.test.apt; may be empty
  void error(const data::Mark& at, std::string message, std::string path = {}, std::string suggestion = {});
  void warning(const data::Mark& at, std::string message, std::string path = {}, std::string suggestion = {});
  void deprecated(const data::Mark& at, std::string message, std::string path = {});
  void add(Diagnostic finding);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool has_errors() const;
  /// @throws Error bad_input with every finding when one of them is an error, or, with `strict`, when there is any
  void throw_if_bad(bool strict) const;
  /// The findings in the order of lines.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  void put(Diagnostic::Severity severity, const data::Mark& at, std::string message, std::string path,
           std::string suggestion);

  std::string file_;
  std::string_view source_;
  std::vector<Diagnostic> findings_;
};

}  // namespace slipway::blubber
