// SPDX-License-Identifier: Apache-2.0
// The logs of a rollout's new pods while it is waited for: a few containers at once, each from its last lines on,
// told as events with a limit to their rate, so that a chatty service does not hide its own rollout.
#pragma once

#include "http/client.hpp"
#include "io/events.hpp"
#include "kube/client.hpp"
#include "kube/facts.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace slipway::kube {

class LogFollower {
 public:
  /// @param news called when there are lines to be told: step() is due
  LogFollower(Client& client, std::string name_space, int lines_a_second, std::function<void()> news);
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;
  ~LogFollower();

  /// Starts what is to be followed (the first few of `wanted`), tells what has come.
  /// @returns how long until it wants to be called again
  std::chrono::milliseconds step(const std::vector<Pod>& pods, const std::vector<std::string>& wanted,
                                 const io::Run& run);

 private:
  struct Stream {
    std::string source;  ///< "pod/container"
    std::string partial;
    std::vector<std::string> lines;
    std::size_t dropped = 0;
    http::Client::Id id = 0;
    bool over = false;
  };
  void start(const std::string& key, const Pod& pod, const Container& container, const io::Run& run);
  void take(Stream& stream, std::string_view bytes);

  using Steady = std::chrono::steady_clock;
  Client& client_;
  std::string name_space_;
  int rate_;
  std::function<void()> news_;
  std::map<std::string, Stream> streams_;  ///< by pod, container and its restarts
  Steady::time_point second_ = Steady::now();
  int told_ = 0;  ///< in this second
};

}  // namespace slipway::kube
