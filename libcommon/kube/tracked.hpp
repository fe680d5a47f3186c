// SPDX-License-Identifier: Apache-2.0
// One workload under watch: what is known of it, and what was said about it. kube/track.cpp drives several.
#pragma once

#include "io/events.hpp"
#include "kube/follow_logs.hpp"
#include "kube/track.hpp"
#include "kube/watch.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace slipway::kube {

/// One workload under watch: what is known of it, and what was said about it.
class Track {
 public:
  using Steady = std::chrono::steady_clock;
  /// @param deadline when it ends without a verdict: the caller's to heed
  Track(Client& client, Target target, TrackOptions options, Deadline deadline);
  Track(const Track&) = delete;
  Track& operator=(const Track&) = delete;

  [[nodiscard]] bool finished() const { return finished_; }
  /// A watch has told something since the last step(): it may have to be judged, or watched further.
  [[nodiscard]] bool has_news() const { return !finished_ && news_; }
  [[nodiscard]] Outcome& outcome() { return outcome_; }
  [[nodiscard]] const TrackOptions& options() const { return options_; }
  [[nodiscard]] const Deadline& deadline() const { return deadline_; }
  /// What is to be watched after the end, once.
  [[nodiscard]] std::optional<FollowUp> take_next() { return std::exchange(next_, std::nullopt); }

  std::chrono::milliseconds step(const io::Run& run);
  void look(const io::Run& run);
  void end(State state, std::string text, const io::Run& run);
  /// The longest that any of its watches has been without an answer, and why.
  [[nodiscard]] std::pair<std::chrono::milliseconds, std::string> lost() const;

 private:
  std::unique_ptr<Watch> watch(const Resource& resource, Query query, bool optional, Watch::Sink sink);
  template <typename Item, typename Read>
  std::unique_ptr<Watch> watch_list(std::string_view kind, std::vector<Item>& into, Read read);
  void on_object(Watch::Change change, nlohmann::json& object);
  [[nodiscard]] bool lacks_parts() const {
    return snapshot_.object && !pods_ && outcome_.target.kind != Kind::pod && outcome_.target.kind != Kind::custom;
  }
  void watch_parts();
  void watch_nodes();
  void watch_events(const std::vector<std::string>& wanted);
  [[nodiscard]] bool synced() const;
  void tell(const Verdict& verdict, const io::Run& run);
  void tell_pods(const io::Run& run);
  void tell_cause();
  void sight(Sighting::What what, const std::string& text, const Pod* pod = nullptr) const {
    if (options_.on_sight) options_.on_sight(outcome_, {what, text, pod});
  }
  void list_unready();
  void gather_in(std::chrono::milliseconds time, const io::Run& run);
  void gather(const io::Run& run);
  [[nodiscard]] std::string subject() const {
    return options_.place.empty() ? outcome_.target.text() : options_.place + ' ' + outcome_.target.text();
  }

  Client& client_;
  TrackOptions options_;
  Deadline deadline_;
  std::optional<FollowUp> next_;
  Steady::time_point begun_;
  Steady::time_point said_at_;
  std::optional<Steady::time_point> due_;
  Outcome outcome_;
  Snapshot snapshot_;
  Memory memory_;
  std::unique_ptr<Watch> object_;
  std::unique_ptr<Watch> sets_;
  std::unique_ptr<Watch> pods_;
  std::unique_ptr<Watch> revisions_;
  std::unique_ptr<Watch> nodes_;
  std::unique_ptr<LogFollower> logs_;
  std::optional<Deadline> limit_;  ///< slipway/timeout of the object
  struct EventWatch {
    std::unique_ptr<Watch> watch;
    std::map<std::string, EventFact> events;
  };
  std::map<std::string, EventWatch> events_;
  std::map<std::string, std::string> pod_said_;
  std::set<std::string> warned_;
  std::string said_;
  std::string said_cause_;
  bool started_ = false;  ///< the first look is told
  bool dirty_ = false;    ///< told, and not judged yet
  bool news_ = false;     ///< told since the last step
  bool finished_ = false;
  bool asked_events_ = false;  ///< of a single look
};

}  // namespace slipway::kube
