// SPDX-License-Identifier: Apache-2.0
// Requests of many threads over one http::Client: they share its connections, and each caller's code
// reads from top to bottom. One thread of its own drives; it also ends everybody's waiting at once when
// the run is stopped, its time is up, or one part of the work has failed for good.
#pragma once

#include "http/client.hpp"
#include "io/events.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace slipway::oci {

class Courier {
 public:
  Courier(std::string agent, const io::Run& run);
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  ~Courier();

  /// Sends a request and waits for its outcome. From any thread. When it has returned or thrown,
  /// nothing that the request points to is used any more.
  /// @throws whatever ended the courier: Error interrupted or timed_out, or what abort() was given
  [[nodiscard]] http::Result exchange(http::Request request);
  /// Asks bodies again that had nothing to send. From any thread.
  void wake() { client_.wake(); }
  /// From now on bodies that had nothing to send are asked again every few milliseconds, by themselves.
  void keep_asking() { longest_step_ = std::chrono::milliseconds{20}; }
  /// Waits. @throws as exchange(), and as soon
  void pause(std::chrono::milliseconds time) const;
  /// @throws as exchange(), without waiting
  void check() const;

  /// Begins nothing any more, with `why`; what is under way gets `patience` to end, because whoever hangs up on a
  /// registry does not learn which upload session it was given. Then as abort(). The first reason stays.
  void refuse(std::exception_ptr why, std::chrono::milliseconds patience) noexcept;
  /// Ends all that is under way and all that is begun later with `why`. The first reason stays.
  void abort(std::exception_ptr why) noexcept { refuse(std::move(why), std::chrono::milliseconds{0}); }
  /// Readable from refuse() or abort() on: for a poll(2) elsewhere.
  [[nodiscard]] int abort_fd() const { return aborted_.token().fd(); }

  /// After the end: a last word, such as giving up sessions. No answer is looked at, no error matters.
  void farewell(std::vector<http::Request> requests, std::chrono::milliseconds patience) noexcept;

 private:
  struct Job {
    http::Request request;
    std::promise<http::Result> done;
  };

  void work();
  void serve();
  void fail_all(const std::exception_ptr& why);
  void end() noexcept;

  io::Run run_;
  http::Client client_;
  StopSource aborted_;
  mutable std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Job> jobs_;
  std::vector<std::pair<http::Client::Id, std::shared_ptr<std::promise<http::Result>>>> under_way_;
  std::exception_ptr reason_;                    ///< why nothing is taken any more
  std::chrono::steady_clock::time_point cut_{};  ///< with a reason: when to end what is under way
  bool ending_ = false;
  std::atomic<std::chrono::milliseconds> longest_step_{std::chrono::hours{1}};
  std::thread thread_;
};

}  // namespace slipway::oci
