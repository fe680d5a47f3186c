// SPDX-License-Identifier: Apache-2.0
#include "oci/courier.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace slipway::oci {

Courier::Courier(std::string agent, const io::Run& run)
    : run_(run), client_(std::move(agent)), thread_([this] { work(); }) {}

Courier::~Courier() { end(); }

http::Result Courier::exchange(http::Request request) {
  std::future<http::Result> outcome;
  {
    const std::lock_guard lock(mutex_);
    if (reason_) std::rethrow_exception(reason_);
    auto& job = jobs_.emplace_back();
    job.request = std::move(request);
    job.request.keep_thrown = true;  // a damaged source ends one request; the others end in order
    outcome = job.done.get_future();
  }
  posted_.notify_one();
  client_.wake();
  return outcome.get();
}

void Courier::check() const {
  run_.check();
  const std::lock_guard lock(mutex_);
  if (reason_) std::rethrow_exception(reason_);
}

void Courier::pause(std::chrono::milliseconds time) const {
  const auto end = Deadline::in(std::max(time, std::chrono::milliseconds{1}));
  while (!end.passed()) {
    check();
    std::array<pollfd, 2> wakers{{{run_.stop.fd(), POLLIN, 0}, {abort_fd(), POLLIN, 0}}};
    const auto left = run_.deadline.left(end.left(std::chrono::hours{1}));
    ::poll(wakers.data(), wakers.size(), static_cast<int>(left.count()) + 1);
  }
  check();
}

void Courier::refuse(std::exception_ptr why, std::chrono::milliseconds patience) noexcept {
  {
    const std::lock_guard lock(mutex_);
    const auto cut = std::chrono::steady_clock::now() + patience;
    cut_ = reason_ ? std::min(cut_, cut) : cut;
    if (!reason_) reason_ = std::move(why);
  }
  aborted_.request(1);
  posted_.notify_one();
  client_.wake();
}

void Courier::work() {
  try {
    serve();
  } catch (...) {
    fail_all(std::current_exception());
  }
}

void Courier::serve() {
  while (true) {
    std::deque<Job> fresh;
    std::chrono::milliseconds wait = std::chrono::hours{1};
    {
      std::unique_lock lock(mutex_);
      if (under_way_.empty()) posted_.wait(lock, [this] { return ending_ || reason_ || !jobs_.empty(); });
      if (reason_) {
        wait = std::chrono::duration_cast<std::chrono::milliseconds>(cut_ - std::chrono::steady_clock::now());
        if (wait.count() <= 0 || under_way_.empty()) std::rethrow_exception(reason_);
        // What was posted and has not begun does not begin; it does not cut off what is under way.
        for (auto& job : jobs_) job.done.set_exception(reason_);
        jobs_.clear();
      }
      if (ending_) return;
      fresh.swap(jobs_);
    }
    for (auto& job : fresh) {
      const auto done = std::make_shared<std::promise<http::Result>>(std::move(job.done));
      try {
        const auto id = client_.start(std::move(job.request), [this, done](http::Result result) {
          std::erase_if(under_way_, [&](const auto& entry) { return entry.second == done; });
          if (result.transport && result.transport->thrown) done->set_exception(result.transport->thrown);
          else done->set_value(std::move(result));
        });
        under_way_.emplace_back(id, done);
      } catch (...) {
        done->set_exception(std::current_exception());
      }
    }
    client_.drive(run_, std::min(wait, longest_step_.load()), [this, refused = wait < std::chrono::hours{1}] {
      const std::lock_guard lock(mutex_);
      if (reason_ && refused) return ending_ || std::chrono::steady_clock::now() >= cut_;
      return ending_ || reason_ != nullptr || !jobs_.empty();
    });
  }
}

void Courier::fail_all(const std::exception_ptr& why) {
  // Cancelled first: a waiting thread that hears of the failure takes its body's memory with it.
  for (const auto& [id, done] : under_way_) client_.cancel(id);
  std::deque<Job> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (!reason_) reason_ = why;
    waiting.swap(jobs_);
  }
  aborted_.request(1);
  for (const auto& [id, done] : under_way_) done->set_exception(why);
  under_way_.clear();
  for (auto& job : waiting) job.done.set_exception(why);
}

void Courier::end() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  posted_.notify_one();
  client_.wake();
  thread_.join();
}

void Courier::farewell(std::vector<http::Request> requests, std::chrono::milliseconds patience) noexcept {
  end();
  if (requests.empty()) return;
  const io::Run short_run{.events = run_.events, .stop = {}, .deadline = Deadline::in(patience)};
  try {
    for (auto& request : requests) client_.start(std::move(request), [](const http::Result&) {});
    client_.drive(short_run, patience);
  } catch (const std::exception&) {
    // The registry clears up by itself in the end.
  }
}

}  // namespace slipway::oci
