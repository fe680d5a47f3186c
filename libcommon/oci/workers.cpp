// SPDX-License-Identifier: Apache-2.0
#include "oci/workers.hpp"

#include <algorithm>
#include <system_error>

namespace slipway::oci {

namespace {

constexpr std::chrono::milliseconds look_around{50};

}  // namespace

Workers::Workers(int threads, std::function<void(std::exception_ptr)> failed)
    : failed_(std::move(failed)), most_(static_cast<std::size_t>(std::max(threads, 1))) {}

void Workers::add(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
    if (tasks_.size() + busy_ > threads_.size() && threads_.size() < most_) begin_thread();
  }
  changed_.notify_all();
}

/// One more, when there is a task for it: a push that finds all in place needs one thread, not a dozen.
void Workers::begin_thread() {
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;  // else those that there are do it, one after the other
  }
}

bool Workers::wait(const Deadline& until) {
  std::unique_lock lock(mutex_);
  const auto idle = [this] { return busy_ == 0 && tasks_.empty(); };
  while (!idle()) {
    if (until.passed()) return false;
    changed_.wait_for(lock, until.left(look_around), idle);
  }
  return true;
}

void Workers::wait(const io::Run& run) {
  // A condition cannot be waited for together with a signal's descriptor, so now and then one looks.
  while (!wait(Deadline::in(look_around))) run.check();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    if (stopped_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    ++busy_;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
    task = nullptr;  // what it holds goes before anybody hears that it is done
    if (thrown) failed_(thrown);
    lock.lock();
    --busy_;
    if (thrown) {
      stopped_ = true;
      tasks_.clear();
    }
    changed_.notify_all();
  }
}

void Workers::stop() noexcept {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
  changed_.notify_all();
}

Workers::~Workers() {
  stop();
  for (auto& thread : threads_) thread.join();
}

}  // namespace slipway::oci
