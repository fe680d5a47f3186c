// SPDX-License-Identifier: Apache-2.0
// When a long call has to end: because a signal arrived, or because time ran out. Both can be
// waited for in poll(2) beside the sockets and pipes that a tool is busy with, which std::stop_token
// cannot.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

namespace slipway {

/// Asked by whoever works for a long time; cheap to copy. A default one is never requested.
class Stop {
 public:
  Stop() = default;

  [[nodiscard]] bool requested() const noexcept { return signal() != 0; }
  /// The signal's number, or 0 while nobody asked to stop.
  [[nodiscard]] int signal() const noexcept;
  /// Readable (POLLIN) from the request on; -1 for a default one. Owned by the source.
  [[nodiscard]] int fd() const noexcept;
  /// @throws Error interrupted, once a stop was requested
  void check() const;

 private:
  friend class StopSource;
  struct State;
  explicit Stop(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

class StopSource {
 public:
  StopSource();

  [[nodiscard]] Stop token() const;
  /// Async-signal-safe. The first request counts; later ones do nothing.
  void request(int signal) noexcept;

 private:
  std::shared_ptr<Stop::State> state_;
};

/// A point on the monotonic clock, or never.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  Deadline() = default;  ///< never
  /// Zero means never, as in `--timeout 0`.
  [[nodiscard]] static Deadline in(std::chrono::milliseconds from_now);

  [[nodiscard]] bool passed() const { return at_ && Clock::now() >= *at_; }
  [[nodiscard]] bool never() const { return !at_; }
  /// What is left, at least 0; `most` if that is less, so that it can go straight into a wait.
  [[nodiscard]] std::chrono::milliseconds left(std::chrono::milliseconds most) const;
  /// The sooner of both.
  [[nodiscard]] Deadline sooner(const Deadline& other) const;
  /// @throws Error timed_out, once it has passed
  void check() const;

 private:
  std::optional<Clock::time_point> at_;
};

}  // namespace slipway
