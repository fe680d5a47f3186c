// SPDX-License-Identifier: Apache-2.0
// The progress of a classic build: which step runs, what it printed last, how it ended. Pure, so
// that recorded builds can be played to it.
#pragma once

#include "core/error.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::docker {

class BuildLog {
 public:
  explicit BuildLog(std::function<void(std::string_view line)> show) : show_(std::move(show)) {}

  /// One JSON object of the stream. @throws Error protocol when it is none
  void feed(std::string_view json);

  [[nodiscard]] const std::optional<std::string>& image() const { return image_; }
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  /// "RUN make" of the step that ran last; empty before the first.
  [[nodiscard]] const std::string& step() const { return step_; }
  /// What the failure means: the step, its last lines, a hint for the kinds that we know.
  [[nodiscard]] Error error() const;

  static constexpr std::size_t kept_lines = 30;

 private:
  void text(std::string_view piece);
  void line(std::string_view line);

  std::function<void(std::string_view line)> show_;
  std::string partial_;
  std::string number_;
  std::string step_;
  std::deque<std::string> last_;
  std::optional<std::string> image_;
  std::optional<std::string> error_;
  int code_ = 0;
};

/// What to type next after a build step ended with `message`, for the kinds of failure that we know.
[[nodiscard]] std::string build_hint(std::string_view message, std::string_view output);

}  // namespace slipway::docker
