// SPDX-License-Identifier: Apache-2.0
// The one thing a tool throws. An Error stops the tool: it says what happened, where, and what to
// type next, and cli::run prints it once. An answer (a test that failed, a difference that was
// found) is never an Error but a return value.
#pragma once

#include "core/failure.hpp"

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace slipway {

/// One finding in a file that a person wrote. Lines and columns count from 1; 0 means unknown.
struct Diagnostic {
  enum class Severity { error, warning, deprecated };
  Severity severity = Severity::error;
  std::string file;
  int line = 0;
  int column = 0;
  int width = 1;            ///< columns to underline
  std::string message;      ///< one sentence, no full stop
  std::string suggestion;   ///< nearest known word, without punctuation; empty if none is near
  std::string path;         ///< key path such as variants.test.apt; empty if it has none
  std::string source_line;  ///< the line itself, for the caret; empty if unknown
  std::string code;         ///< W006 and the like, for those who choose among warnings; mostly empty
};

class Error : public std::exception {
 public:
  /// @param what one sentence without a full stop that names the thing and the value
  /// @param hint the next command to type, when it is known
  Error(const Failure& failure, std::string what, std::string hint = {})
      : failure_(&failure), what_(std::move(what)), hint_(std::move(hint)) {}

  /// All findings of one file at once; `what` sums them up ("2 errors in blubber.yaml").
  Error(const Failure& failure, std::string what, std::vector<Diagnostic> findings)
      : failure_(&failure), what_(std::move(what)), findings_(std::move(findings)) {}

  [[nodiscard]] const Failure& failure() const noexcept { return *failure_; }
  [[nodiscard]] ExitCode code() const noexcept { return failure_->code; }
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  [[nodiscard]] const std::string& message() const noexcept { return what_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  /// Places from the innermost outwards: "GET https://... (HTTP 401)", "push layer 3 of 7".
  [[nodiscard]] const std::vector<std::string>& at() const noexcept { return at_; }
  [[nodiscard]] const std::vector<Diagnostic>& findings() const noexcept { return findings_; }

  Error& add_place(std::string place) & {
    at_.push_back(std::move(place));
    return *this;
  }
  Error&& add_place(std::string place) && {
    at_.push_back(std::move(place));
    return std::move(*this);
  }

 private:
  const Failure* failure_;
  std::string what_;
  std::string hint_;
  std::vector<std::string> at_;
  std::vector<Diagnostic> findings_;
};

/// Runs `body`; an Error that passes through gets one more `at` line.
template <typename Body>
decltype(auto) with_context(const std::string& place, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    error.add_place(place);
    throw;
  }
}

}  // namespace slipway
