// SPDX-License-Identifier: Apache-2.0
// Clean-up that survives our own death, SIGKILL included: a forked process that does nothing but
// wait for a pipe to close. The kernel closes it however we end.
#pragma once

#include "core/fs.hpp"
#include "io/events.hpp"

#include <sys/types.h>

#include <functional>

namespace slipway::pipeline_test {

class Watchdog {
 public:
  /// @param clean_up runs in the watchdog, several times with growing pauses, because what our last
  /// request asked for may come into being only after we are gone; what it throws is ignored. It
  /// must make its own connections, and needs nothing of the parent but copies.
  /// Fork before any thread is started. @throws Error bad_setup when there is no process to be had
  explicit Watchdog(const std::function<void(const io::Run&)>& clean_up);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  /// Without dismiss() the watchdog cleans up now, and goes on doing so after we are gone.
  ~Watchdog();

  /// All is removed already: the watchdog ends, and is waited for.
  void dismiss();

 private:
  Fd pipe_;
  pid_t pid_ = -1;
};

}  // namespace slipway::pipeline_test
