// SPDX-License-Identifier: Apache-2.0
// stdin and stdout of a tool. stdout is the answer: it is held back until the tool is done and then
// written whole, or not at all. stderr belongs to io::Events.
#pragma once

#include "io/events.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace slipway::io {

class Input {
 public:
  explicit Input(int fd) : fd_(fd) {}

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_terminal() const;
  /// Up to `most` bytes; fewer only at the end. Waits for the step before as long as `run` lets it.
  /// @throws Error read_failed, interrupted, timed_out
  [[nodiscard]] std::string read_some(std::size_t most, const Run& run) const;
  /// @throws Error bad_input when larger than `limit`; the others as above
  [[nodiscard]] std::string read_all(const Run& run, std::size_t limit = 64U << 20U) const;

 private:
  int fd_;
};

class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  void print(std::string_view text) { pending_ += text; }
  void print_line(std::string_view line) {
    pending_ += line;
    pending_ += '\n';
  }
  [[nodiscard]] bool is_terminal() const;
  /// What was printed and not yet written.
  [[nodiscard]] const std::string& pending() const { return pending_; }
  /// Writes what is pending; only a tool that streams its answer (JSON lines) calls it itself.
  /// @throws Error write_failed
  void flush();
  /// Writes what is pending and ends the stream, so that a reader need not wait for our own end. Nothing can be
  /// printed afterwards.
  /// @throws Error write_failed
  void close();
  void discard() { pending_.clear(); }

 private:
  int fd_;
  std::string pending_;
};

/// The image in what the step before printed: the last non-empty line, or "image" of a JSON object.
/// @throws Error empty_input when there is none; bad_input when the line is no image reference in form
[[nodiscard]] std::string image_in(std::string_view text);

/// The image that the step before handed over: `argument` unless it is empty or "-", else the last
/// non-empty line of stdin (a JSON object with "image" in it is taken, too).
/// @throws Error empty_input when the step before printed nothing; bad_usage when stdin is a
/// terminal; bad_input when the line is no image reference in form; interrupted, timed_out
[[nodiscard]] std::string image_line(std::string_view argument, const Input& in, const Run& run);

}  // namespace slipway::io
