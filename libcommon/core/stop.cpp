// SPDX-License-Identifier: Apache-2.0
#include "core/stop.hpp"

#include "core/error.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace slipway {

struct Stop::State {
  State() : wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake < 0) throw Error(failure::internal, std::string("cannot make an eventfd: ") + std::strerror(errno));
  }
  ~State() { ::close(wake); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int wake;
  std::atomic<int> signal{0};
};

int Stop::signal() const noexcept { return state_ ? state_->signal.load() : 0; }

int Stop::fd() const noexcept { return state_ ? state_->wake : -1; }

void Stop::check() const {
  if (requested()) throw Error(failure::interrupted, std::string("stopped by SIG") + ::sigabbrev_np(signal()));
}

StopSource::StopSource() : state_(std::make_shared<Stop::State>()) {}

Stop StopSource::token() const { return Stop(state_); }

void StopSource::request(int signal) noexcept {
  const int saved = errno;
  int nobody = 0;
  if (state_->signal.compare_exchange_strong(nobody, signal)) {
    // Nothing can be done about a failed write in a signal handler; requested() is true anyway.
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(state_->wake, &one, sizeof one);
  }
  errno = saved;
}

Deadline Deadline::in(std::chrono::milliseconds from_now) {
  Deadline deadline;
  if (from_now.count() > 0) deadline.at_ = Clock::now() + from_now;
  return deadline;
}

std::chrono::milliseconds Deadline::left(std::chrono::milliseconds most) const {
  if (!at_) return most;
  // Rounded up, or a wait of what is left would wake just before the deadline and spin.
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*at_ - Clock::now());
  return std::clamp(rest, std::chrono::milliseconds{0}, std::max(most, std::chrono::milliseconds{0}));
}

Deadline Deadline::sooner(const Deadline& other) const {
  if (!at_) return other;
  if (!other.at_) return *this;
  return *at_ <= *other.at_ ? *this : other;
}

void Deadline::check() const {
  if (passed()) throw Error(failure::timed_out, "the time limit has run out");
}

}  // namespace slipway
