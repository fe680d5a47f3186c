// SPDX-License-Identifier: Apache-2.0
// The view for terminals, with what tests and odd terminals set: the window's size and how often ages grow. Tools take
// io/events.hpp's live_view.
#pragma once

#include "io/events.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace slipway::io {

struct WindowSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
/// Of the terminal behind `fd`; 80 x 24 when it does not say.
[[nodiscard]] WindowSize window_size(int fd);

struct LiveOptions {
  /// Asked at each drawing, so that the window may change.
  std::function<WindowSize(int fd)> size = window_size;
  /// So often the rows that show an age are drawn anew, in a thread; zero: only when something happens.
  std::chrono::milliseconds redraw{1000};
};

/// One row per subject, redrawn in place at most ten times a second. Events of kind "progress" that count pods
/// (wanted, updated, available) have a bar and an age, and stay with their verdict; what does not fit into the window's
/// height is said.
[[nodiscard]] std::unique_ptr<View> live_view(int fd, Level most, bool color, LiveOptions options);

}  // namespace slipway::io
