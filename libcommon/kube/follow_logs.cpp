// SPDX-License-Identifier: Apache-2.0
#include "kube/follow_logs.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t most_streams = 4;
constexpr std::size_t most_held = 200;  ///< lines of one stream that wait to be told
constexpr std::size_t longest_line = 4096;

}  // namespace

LogFollower::LogFollower(Client& client, std::string name_space, int lines_a_second, std::function<void()> news)
    : client_(client), name_space_(std::move(name_space)), rate_(lines_a_second), news_(std::move(news)) {}

LogFollower::~LogFollower() {
  for (const auto& [key, stream] : streams_)
    if (!stream.over) client_.transport().cancel(stream.id);
}

void LogFollower::take(Stream& stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    stream.partial += bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (end == std::string_view::npos && stream.partial.size() < longest_line) break;
    if (stream.lines.size() < most_held) stream.lines.push_back(text::printable(stream.partial));
    else ++stream.dropped;
    stream.partial.clear();
  }
  if (!stream.lines.empty()) news_();
}

void LogFollower::start(const std::string& key, const Pod& pod, const Container& container, const io::Run& run) {
  auto& stream = streams_[key];
  stream.source = pod.name + '/' + container.name;
  auto request = client_.request("GET",
                                 with_query(path_of(*known_resource("pods"), name_space_, pod.name, "log"),
                                            {{"container", container.name}, {"follow", "true"}, {"tailLines", "10"}}),
                                 run);
  request.total_timeout = 0ms;
  request.stall_timeout = 0ms;  // a service may be silent for as long as it likes
  request.on_data = [this, &stream](std::string_view bytes) {
    take(stream, bytes);
    return true;
  };
  stream.id = client_.transport().start(std::move(request), [this, &stream](const http::Result&) {
    stream.over = true;  // the container ended, or its log may not be read: the explanation at the end says which
    if (!stream.partial.empty()) take(stream, "\n");
  });
}

milliseconds LogFollower::step(const std::vector<Pod>& pods, const std::vector<std::string>& wanted,
                               const io::Run& run) {
  auto going =
      static_cast<std::size_t>(std::ranges::count_if(streams_, [](const auto& entry) { return !entry.second.over; }));
  for (const auto& uid : wanted) {
    const auto pod = std::ranges::find(pods, uid, &Pod::uid);
    if (pod == pods.end() || pod->deleting) continue;
    for (const auto& container : pod->containers) {
      if (going >= most_streams) break;
      if (!container.running_since && !container.ended) continue;
      const auto key = fmt::format("{}/{}/{}", uid, container.name, container.restarts);
      if (streams_.contains(key)) continue;
      start(key, *pod, container, run);
      ++going;
    }
  }
  const auto now = Steady::now();
  if (now - second_ >= 1s) {
    second_ = now;
    told_ = 0;
  }
  milliseconds again = 60s;
  for (auto& [key, stream] : streams_) {
    std::size_t done = 0;
    for (; done < stream.lines.size() && told_ < rate_; ++done, ++told_)
      run.events.output(stream.source, stream.lines[done]);
    stream.lines.erase(stream.lines.begin(), stream.lines.begin() + static_cast<std::ptrdiff_t>(done));
    if (stream.lines.empty() && stream.dropped > 0) {
      run.events.output(stream.source,
                        fmt::format("({} lines left out: more than {} a second)", stream.dropped, rate_));
      stream.dropped = 0;
    }
    if (!stream.lines.empty()) again = 200ms;
  }
  return again;
}

}  // namespace slipway::kube
