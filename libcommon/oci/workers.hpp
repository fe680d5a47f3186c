// SPDX-License-Identifier: Apache-2.0
// A few threads that do tasks in the order they were given. The first task that throws ends the rest.
#pragma once

#include "io/events.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace slipway::oci {

class Workers {
 public:
  /// @param threads at most; each begins when there is a task for it
  /// @param failed is told of the first exception of a task, in that task's thread
  Workers(int threads, std::function<void(std::exception_ptr)> failed);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  /// Dropped after stop().
  void add(std::function<void()> task);
  /// Until no task is under way or waits, those included that tasks have added; false when `until` came first.
  bool wait(const Deadline& until = {});
  /// The same. @throws Error interrupted, timed_out
  void wait(const io::Run& run);
  /// No task is begun any more; what was only added is dropped. Does not wait, so that a task may call it.
  void stop() noexcept;

 private:
  void work();
  void begin_thread();

  std::function<void(std::exception_ptr)> failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::size_t busy_ = 0;
  bool stopped_ = false;
  std::size_t most_;
  std::vector<std::thread> threads_;
};

}  // namespace slipway::oci
