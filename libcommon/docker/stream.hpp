// SPDX-License-Identifier: Apache-2.0
// The engine's two stream formats, taken apart as they come: container output in frames, and JSON
// objects one per line. No I/O here.
#pragma once

#include "docker/engine.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace slipway::docker {

/// Frames of a container's stdout and stderr.
/// @source Engine API 1.41, "Attach to a container", stream format
class LogFrames {
 public:
  explicit LogFrames(LogSink sink) : sink_(std::move(sink)) {}
  /// @throws Error protocol when a header is none
  void feed(std::string_view bytes);

 private:
  LogSink sink_;
  std::string header_;
  std::size_t left_ = 0;
  Stream stream_ = Stream::out;
};

/// Bytes into lines, without their newline (and carriage return). The last one may lack it.
class Lines {
 public:
  using Take = std::function<void(std::string_view line)>;
  /// @param longest a longer line is handed out in pieces
  explicit Lines(Take take, std::size_t longest = 64U << 10U) : take_(std::move(take)), longest_(longest) {}
  void feed(std::string_view bytes);
  void finish();  ///< hands out what came after the last newline

 private:
  void hand_out(std::string_view line);

  Take take_;
  std::size_t longest_;
  std::string partial_;
};

/// The line without colours and other terminal control: a container cannot know where it is shown.
/// @source ECMA-48, sections 5.4 (CSI) and 8.3.89 (OSC)
[[nodiscard]] std::string without_escapes(std::string_view line);

}  // namespace slipway::docker
