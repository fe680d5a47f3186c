// SPDX-License-Identifier: Apache-2.0
// How far uploads are, for whoever watches on a terminal: a line for each that is under way, and one for all. In a log
// there are only those that are done, which are told elsewhere.
#pragma once

#include "io/events.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace slipway::oci {

/// "12.0 MiB of 40.0 MiB, 30 %, 8.0 MiB/s, 4 s left". Pure.
/// @param rate bytes in a second; zero: not known yet
[[nodiscard]] std::string show_progress(std::uint64_t done, std::optional<std::uint64_t> total, double rate);

class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param subject names the line for all; nothing is said without an upload
  Progress(io::Events& events, std::string subject) : events_(events), subject_(std::move(subject)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  class Line {
   public:
    Line(Progress& of, std::string name, std::optional<std::uint64_t> total);
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line();
    /// So many bytes have gone; fewer than before when an upload begins again.
    void at(std::uint64_t done, Clock::time_point now = Clock::now());

   private:
    friend class Progress;
    Progress& of_;
    std::string name_;
    std::optional<std::uint64_t> total_;
    std::uint64_t done_ = 0;
    Clock::time_point begun_ = Clock::now();
    Clock::time_point told_ = begun_;
    std::uint64_t from_ = 0;  ///< where the rate is measured from
    Clock::time_point since_ = begun_;
    double rate_ = 0;
  };
  /// From any thread; ends with its lifetime.
  [[nodiscard]] std::unique_ptr<Line> begin(std::string name, std::optional<std::uint64_t> total) {
    return std::make_unique<Line>(*this, std::move(name), total);
  }

 private:
  void tell(const std::string& subject, std::string text) const;
  void tell_all(Clock::time_point now);

  io::Events& events_;
  std::string subject_;
  std::mutex mutex_;
  int under_way_ = 0;
  std::uint64_t sent_ = 0;   ///< bytes, of all that was ever under way
  std::uint64_t known_ = 0;  ///< bytes of all whose size is known
  int unknown_ = 0;          ///< uploads under way whose size is not
  Clock::time_point begun_{};
  Clock::time_point told_{};
};

}  // namespace slipway::oci
