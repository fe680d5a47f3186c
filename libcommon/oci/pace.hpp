// SPDX-License-Identifier: Apache-2.0
// A limit for bytes that leave in a second, shared by all uploads of a push: a bucket that fills with time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace slipway::oci {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param rate bytes in a second; 0 for no limit
  explicit Pace(std::uint64_t rate, Clock::time_point now = Clock::now()) : rate_(rate), last_(now) {}

  [[nodiscard]] bool limited() const { return rate_ != 0; }
  /// How many of `wanted` bytes may go now, perhaps none. Never more than a tenth of a second's worth at once.
  [[nodiscard]] std::size_t take(std::size_t wanted, Clock::time_point now = Clock::now()) {
    if (!limited()) return wanted;
    const std::lock_guard lock(mutex_);
    const auto passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    const auto rate = static_cast<double>(rate_);
    tokens_ = std::min(tokens_ + passed * rate, std::max(rate / 10, 1.0));
    const auto granted = std::min(wanted, static_cast<std::size_t>(tokens_));
    tokens_ -= static_cast<double>(granted);
    return granted;
  }

 private:
  std::uint64_t rate_;
  std::mutex mutex_;
  Clock::time_point last_;
  double tokens_ = 0;
};

}  // namespace slipway::oci
