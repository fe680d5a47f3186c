// SPDX-License-Identifier: Apache-2.0
#include "oci/lanes.hpp"

#include <algorithm>
#include <chrono>

namespace slipway::oci {

namespace {

constexpr std::chrono::milliseconds look_around{50};

}  // namespace

void Lanes::enter(const std::function<void()>& check) {
  std::unique_lock lock(mutex_);
  while (allowed_ != 0 && busy_ >= allowed_) {
    freed_.wait_for(lock, look_around);
    lock.unlock();
    check();
    lock.lock();
  }
  ++busy_;
}

void Lanes::leave() noexcept {
  {
    const std::lock_guard lock(mutex_);
    --busy_;
  }
  freed_.notify_one();
}

void Lanes::shrink() {
  const std::lock_guard lock(mutex_);
  // Whoever notices it is one of those that are busy.
  const int now = allowed_ == 0 ? busy_ : std::min(allowed_, std::max(busy_, 1));
  allowed_ = std::max(now / 2, 1);
  good_ = 0;
}

void Lanes::praise() {
  {
    const std::lock_guard lock(mutex_);
    if (allowed_ == 0 || ++good_ < good_answers) return;
    good_ = 0;
    ++allowed_;
  }
  freed_.notify_one();
}

int Lanes::allowed() const {
  const std::lock_guard lock(mutex_);
  return allowed_;
}

}  // namespace slipway::oci
