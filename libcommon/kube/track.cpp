// SPDX-License-Identifier: Apache-2.0
#include "kube/track.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/explain.hpp"
#include "kube/fields.hpp"
#include "kube/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto heartbeat = 30s;  // a job's log shows life at least that often

template <typename Item>
void put(std::vector<Item>& list, Item item) {
  const auto found = std::ranges::find(list, item.uid, &Item::uid);
  if (found == list.end()) list.push_back(std::move(item));
  else *found = std::move(item);
}

template <typename Item>
void drop(std::vector<Item>& list, const json& object) {
  const auto uid = text_at(object, {"metadata", "uid"});
  std::erase_if(list, [&](const Item& item) { return item.uid == uid; });
}

/// One workload under watch: what is known of it, and what was said about it.
class Track {
 public:
  Track(Client& client, Target target, const TrackOptions& options)
      : client_(client), options_(options), begun_(Steady::now()), said_at_(begun_) {
    outcome_.target = std::move(target);
    const auto& t = outcome_.target;
    object_ = watch(t.kind == Kind::pod ? "pods" : resource_of(t.kind), {{"fieldSelector", "metadata.name=" + t.name}},
                    false, [this](Watch::Change change, json& object) { on_object(change, object); });
  }
  Track(const Track&) = delete;
  Track& operator=(const Track&) = delete;

  [[nodiscard]] bool finished() const { return finished_; }
  /// A watch has told something since the last step(): it may have to be judged, or watched further.
  [[nodiscard]] bool has_news() const { return !finished_ && news_; }
  [[nodiscard]] Outcome& outcome() { return outcome_; }

  milliseconds step(const io::Run& run);
  void look(const io::Run& run);
  void end(State state, std::string text, const io::Run& run);
  /// The longest that any of its watches has been without an answer, and why.
  [[nodiscard]] std::pair<milliseconds, std::string> lost() const;

 private:
  std::unique_ptr<Watch> watch(std::string_view kind, Query query, bool optional, Watch::Sink sink) {
    WatchOptions options;
    options.path = path_of(*known_resource(kind), outcome_.target.name_space);
    options.query = std::move(query);
    options.optional = optional;
    return std::make_unique<Watch>(client_, std::move(options), std::move(sink));
  }
  void on_object(Watch::Change change, json& object);
  [[nodiscard]] bool lacks_parts() const { return snapshot_.object && !pods_ && outcome_.target.kind != Kind::pod; }
  void watch_parts();
  void watch_events(const std::vector<std::string>& wanted);
  [[nodiscard]] bool synced() const;
  void tell(const Verdict& verdict, const io::Run& run);
  void tell_pods(const io::Run& run);
  void gather(const io::Run& run);
  [[nodiscard]] std::string subject() const {
    return options_.place.empty() ? outcome_.target.text() : options_.place + ' ' + outcome_.target.text();
  }

  Client& client_;
  const TrackOptions& options_;
  Steady::time_point begun_;
  Steady::time_point said_at_;
  std::optional<Steady::time_point> due_;
  Outcome outcome_;
  Snapshot snapshot_;
  Memory memory_;
  std::unique_ptr<Watch> object_;
  std::unique_ptr<Watch> sets_;
  std::unique_ptr<Watch> pods_;
  struct EventWatch {
    std::unique_ptr<Watch> watch;
    std::map<std::string, EventFact> events;
  };
  std::map<std::string, EventWatch> events_;
  std::map<std::string, std::string> pod_said_;
  std::set<std::string> warned_;
  std::string said_;
  bool dirty_ = false;  ///< told, and not judged yet
  bool news_ = false;   ///< told since the last step
  bool finished_ = false;
};

void Track::on_object(Watch::Change change, json& object) {
  dirty_ = news_ = true;
  const auto kind = outcome_.target.kind;
  switch (change) {
  case Watch::Change::replaced: snapshot_.object.reset(); break;
  case Watch::Change::deleted: snapshot_.object.reset(); break;
  case Watch::Change::set:
    snapshot_.object = read_workload(object, kind);
    if (kind == Kind::pod) {
      snapshot_.pods.clear();
      snapshot_.pods.push_back(read_pod(object));
    }
    break;
  case Watch::Change::listed:
  case Watch::Change::lost: break;
  }
}

/// ReplicaSets and pods, once the selector is known.
void Track::watch_parts() {
  if (!lacks_parts()) return;
  const Query query{{"labelSelector", snapshot_.object->selector_text}};
  pods_ = watch("pods", query, true, [this](Watch::Change change, json& object) {
    dirty_ = news_ = true;
    if (change == Watch::Change::replaced) snapshot_.pods.clear();
    else if (change == Watch::Change::set) put(snapshot_.pods, read_pod(object));
    else if (change == Watch::Change::deleted) drop(snapshot_.pods, object);
  });
  if (outcome_.target.kind != Kind::deployment) return;
  sets_ = watch("replicasets", query, true, [this](Watch::Change change, json& object) {
    dirty_ = news_ = true;
    if (change == Watch::Change::replaced) snapshot_.replica_sets.clear();
    else if (change == Watch::Change::set) put(snapshot_.replica_sets, read_replica_set(object));
    else if (change == Watch::Change::deleted) drop(snapshot_.replica_sets, object);
  });
}

void Track::watch_events(const std::vector<std::string>& wanted) {
  std::erase_if(events_, [&](const auto& entry) { return std::ranges::find(wanted, entry.first) == wanted.end(); });
  for (const auto& uid : wanted) {
    if (events_.contains(uid)) continue;
    auto& slot = events_[uid];
    auto* facts = &slot.events;
    slot.watch = watch("events", {{"fieldSelector", "involvedObject.uid=" + uid}}, true,
                       [this, facts](Watch::Change change, json& object) {
                         dirty_ = news_ = true;
                         if (change == Watch::Change::replaced) facts->clear();
                         else if (change == Watch::Change::set)
                           facts->insert_or_assign(text_at(object, {"metadata", "uid"}), read_event(object));
                       });
  }
}

bool Track::synced() const {
  if (!object_->synced()) return false;
  if (!snapshot_.object) return true;  // it is not there: nothing else to wait for
  if (outcome_.target.kind == Kind::pod) return true;
  return pods_ && pods_->synced() && (!sets_ || sets_->synced());
}

milliseconds Track::step(const io::Run& run) {
  milliseconds wait = 60s;
  news_ = false;
  watch_parts();
  wait = std::min(wait, object_->step(run));
  if (sets_) wait = std::min(wait, sets_->step(run));
  if (pods_) wait = std::min(wait, pods_->step(run));
  for (auto& [uid, each] : events_) wait = std::min(wait, each.watch->step(run));
  if (due_) wait = std::min(wait, std::max(0ms, std::chrono::ceil<milliseconds>(*due_ - Steady::now())));
  return wait;
}

std::pair<milliseconds, std::string> Track::lost() const {
  std::pair<milliseconds, std::string> worst{0ms, {}};
  for (const auto* each : {object_.get(), sets_.get(), pods_.get()})
    if (each && !each->trouble().empty() && (worst.second.empty() || each->out_of_contact() > worst.first))
      worst = {each->out_of_contact(), each->trouble()};
  return worst;
}

void Track::look(const io::Run& run) {
  const bool timed = due_ && Steady::now() >= *due_;
  if (finished_ || (!dirty_ && !timed) || !synced()) {
    if (!finished_ && Steady::now() - said_at_ >= heartbeat && !said_.empty()) {
      said_.clear();
      tell(outcome_.verdict, run);
    }
    return;
  }
  dirty_ = false;
  snapshot_.now = client_.now();
  snapshot_.pods_readable = !pods_ || pods_->readable();
  snapshot_.sets_readable = !sets_ || sets_->readable();
  snapshot_.events.clear();
  for (const auto& [uid, each] : events_) {
    if (!each.watch->readable()) snapshot_.events_readable = false;
    for (const auto& [name, event] : each.events) snapshot_.events.push_back(event);
  }
  outcome_.verdict = judge(snapshot_, options_.policy, memory_);
  const auto& verdict = outcome_.verdict;
  due_.reset();
  if (verdict.look_again) due_ = Steady::now() + *verdict.look_again;
  if (snapshot_.object) {
    outcome_.uid = snapshot_.object->uid;
    outcome_.selector = snapshot_.object->selector_text;
    outcome_.template_text = snapshot_.object->template_text;
  }
  outcome_.baseline_revision = memory_.baseline_revision;
  tell_pods(run);
  tell(verdict, run);
  if (verdict.state != State::progressing || !options_.wait) {
    end(verdict.state, verdict.text, run);
    return;
  }
  watch_events(verdict.wants_events);
}

void Track::tell_pods(const io::Run& run) {
  for (const auto& pod : snapshot_.pods) {
    std::string state = pod.deleting        ? "terminating"
                        : pod.ready()       ? "ready"
                        : pod.phase.empty() ? "Pending"
                                            : pod.phase;
    std::string reason;
    for (const auto& container : pod.containers)
      if (container.phase == Container::Phase::waiting && container.reason != "ContainerCreating" &&
          container.reason != "PodInitializing")
        reason = container.reason;
    if (!reason.empty()) state = reason;
    auto& said = pod_said_[pod.uid];
    if (said == state) continue;
    said = state;
    io::Fields fields{{"cluster", options_.place},
                      {"namespace", outcome_.target.name_space},
                      {"workload", outcome_.target.text()},
                      {"state", state},
                      {"ready", pod.ready()},
                      {"node", pod.node}};
    run.events.emit({.kind = "pod",
                     .level = io::Level::detail,
                     .subject = pod.name,
                     .text = pod.name + ' ' + state,
                     .fields = std::move(fields)});
  }
}

/// Says what is new, once, and remembers it.
void Track::tell(const Verdict& verdict, const io::Run& run) {
  for (const auto& line : verdict.recovered) run.events.note(fmt::format("{}  recovered: {}", subject(), line));
  for (const auto& warning : verdict.warnings)
    if (verdict.state == State::progressing && warned_.insert(warning).second)
      run.events.warn(fmt::format("{}: {}", subject(), warning));
  if (!snapshot_.events_readable && warned_.insert("events").second)
    run.events.note(fmt::format("{}: events may not be read; causes may be less exact", subject()));
  if (!snapshot_.pods_readable && warned_.insert("pods").second)
    run.events.warn(
        fmt::format("{}: pods may not be read; failures are only seen at the progress deadline", subject()));
  if (verdict.state != State::progressing) return;
  auto line = verdict.text;
  if (verdict.cause) line += "; " + verdict.cause->name + ": " + verdict.cause->text;
  // Counts alone ("7 times", "8 times") are no news.
  auto key = verdict.text;
  if (verdict.cause) key += fmt::format("; {} {} {}", verdict.cause->id, verdict.cause->pod, verdict.cause->pods);
  if (key == said_) return;
  said_ = std::move(key);
  said_at_ = Steady::now();
  const auto& counts = verdict.counts;
  run.events.emit({.kind = "progress",
                   .subject = subject(),
                   .text = line,
                   .fields = {{"cluster", options_.place},
                              {"namespace", outcome_.target.name_space},
                              {"revision", verdict.revision},
                              {"wanted", std::int64_t{counts.wanted}},
                              {"updated", std::int64_t{counts.updated}},
                              {"available", std::int64_t{counts.available}}}});
  if (options_.on_change) options_.on_change(outcome_.target, verdict);
}

void Track::end(State state, std::string text, const io::Run& run) {
  finished_ = true;
  auto& verdict = outcome_.verdict;
  if (state == State::timeout || state == State::unreachable) {
    verdict.state = state;
    if (!text.empty()) verdict.text = std::move(text);
    else if (verdict.text.empty()) verdict.text = "nothing was seen of it";
  }
  outcome_.took = std::chrono::duration_cast<milliseconds>(Steady::now() - begun_);
  if (options_.on_change) options_.on_change(outcome_.target, verdict);
  sets_.reset();
  pods_.reset();
  events_.clear();
  object_.reset();
  if (state != State::unreachable && state != State::gone) gather(run);
  const bool bad = state == State::failed || state == State::timeout || state == State::unreachable;
  run.events.emit({.kind = "verdict",
                   .level = io::Level::detail,  // what a person reads of it is the caller's explanation
                   .subject = outcome_.target.text(),
                   .text = summary_line(outcome_),
                   .fields = {{"cluster", options_.place},
                              {"namespace", outcome_.target.name_space},
                              {"state", std::string(name_of(verdict.state))},
                              {"id", bad && verdict.cause ? verdict.cause->id : ""},
                              {"revision", verdict.revision},
                              {"seconds", static_cast<double>(outcome_.took.count()) / 1000.0}}});
}

/// What a person needs to see, while the pods are still there.
void Track::gather(const io::Run& run) {
  const auto& verdict = outcome_.verdict;
  if (verdict.state == State::done || !verdict.cause || !options_.wait) return;
  const auto& target = outcome_.target;
  const auto& cause = *verdict.cause;
  std::vector<std::string> about;
  if (!cause.pod_uid.empty()) about.push_back(cause.pod_uid);
  else if (const auto* set = snapshot_.object && target.kind == Kind::deployment
                                 ? target_of(*snapshot_.object, snapshot_.replica_sets)
                                 : nullptr)
    about.push_back(set->uid);
  else about.push_back(outcome_.uid);
  if (snapshot_.events_readable)
    for (const auto& uid : about)
      for (auto& event : events_about(client_, target.name_space, uid, run))
        outcome_.events.push_back(std::move(event));
  if (options_.log_lines <= 0 || cause.pod.empty()) return;
  const auto pod = std::ranges::find(snapshot_.pods, cause.pod_uid, &Pod::uid);
  if (pod == snapshot_.pods.end()) return;
  for (const auto& container : pod->containers) {
    const bool ran = container.restarts > 0 || container.ended || container.last || container.running_since;
    if (!ran || (!cause.container.empty() && container.name != cause.container)) continue;
    const bool previous = container.phase == Container::Phase::running && container.restarts > 0;
    auto tail = log_tail(client_, target.name_space, pod->name, container.name, previous, options_.log_lines, run);
    if (tail.lines.empty() && previous)
      tail = log_tail(client_, target.name_space, pod->name, container.name, false, options_.log_lines, run);
    outcome_.logs.push_back(std::move(tail));
    if (outcome_.logs.size() == 2) return;
  }
}

}  // namespace

std::vector<Target> select_workloads(Client& client, const std::string& name_space, const std::string& selector,
                                     const io::Run& run) {
  std::vector<Target> targets;
  for (const auto kind : {Kind::deployment, Kind::stateful_set, Kind::daemon_set, Kind::job}) {
    auto path = path_of(*known_resource(resource_of(kind)), name_space);
    if (!selector.empty()) path = with_query(path, {{"labelSelector", selector}});
    try {
      for (const auto& object : client.list(path, run))
        targets.push_back({kind, text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})});
    } catch (const Error& error) {
      if (error.failure().id != failure::denied.id || error.at().empty() ||
          error.at().front().find("HTTP 403") == std::string::npos)
        throw;
      run.events.detail(fmt::format("{}s may not be listed: left out", name_of(kind)));
    }
  }
  return targets;
}

std::vector<Target> workloads_of(const std::vector<json>& manifest, const std::string& name_space) {
  std::vector<Target> targets;
  for (const auto& object : manifest) {
    const auto kind = kind_of(text_at(object, {"kind"}));
    const auto version = text_at(object, {"apiVersion"});
    if (!kind || *kind == Kind::replica_set || (version != "apps/v1" && version != "batch/v1" && version != "v1"))
      continue;
    auto own = text_at(object, {"metadata", "namespace"});
    targets.push_back({*kind, own.empty() ? name_space : std::move(own), text_at(object, {"metadata", "name"})});
  }
  return targets;
}

std::vector<Outcome> wait_ready(Client& client, const std::vector<Target>& targets, const TrackOptions& options,
                                const io::Run& run) {
  std::vector<std::unique_ptr<Track>> tracks;
  for (const auto& target : targets) tracks.push_back(std::make_unique<Track>(client, target, options));
  // Running out of time is an outcome here, so the clock is ours and not the transport's.
  const io::Run inner{run.events, run.stop, {}};
  bool said_lost = false;
  const auto unfinished = [&] { return std::ranges::any_of(tracks, [](const auto& t) { return !t->finished(); }); };
  const auto end_all = [&](State state, const std::string& text) {
    for (auto& track : tracks)
      if (!track->finished()) track->end(state, text, inner);
  };
  while (unfinished()) {
    inner.stop.check();
    if (run.deadline.passed()) {
      end_all(State::timeout, {});
      break;
    }
    milliseconds wait = run.deadline.left(5s);
    for (auto& track : tracks)
      if (!track->finished()) wait = std::min(wait, track->step(inner));
    client.wait(std::max(wait, 1ms), inner,
                [&] { return std::ranges::any_of(tracks, [](const auto& t) { return t->has_news(); }); });
    std::pair<milliseconds, std::string> lost{0ms, {}};
    bool failed = false;
    for (auto& track : tracks) {
      if (track->finished()) continue;
      // What arrived together is judged together: one more look without waiting takes the rest in.
      track->look(inner);
      if (track->finished()) {
        failed = failed || track->outcome().verdict.state == State::failed;
        continue;
      }
      if (auto now = track->lost(); !now.second.empty() && (lost.second.empty() || now.first > lost.first))
        lost = std::move(now);
    }
    if (failed && !options.settle_all) {
      end_all(State::timeout, "not waited for: another one failed");
      break;
    }
    if (!lost.second.empty() && lost.first >= options.api_grace) {
      end_all(State::unreachable, lost.second);
      break;
    }
    if (!lost.second.empty() && !said_lost) run.events.warn(lost.second + "; trying again, this is no verdict");
    if (lost.second.empty() && said_lost) run.events.note("the API answers again");
    said_lost = !lost.second.empty();
  }
  std::vector<Outcome> outcomes;
  for (auto& track : tracks) outcomes.push_back(std::move(track->outcome()));
  return outcomes;
}

State worst(const std::vector<Outcome>& outcomes) {
  constexpr std::array order{State::failed,  State::unreachable, State::superseded, State::gone,
                             State::timeout, State::held,        State::progressing};
  for (const auto state : order)
    if (std::ranges::any_of(outcomes, [&](const Outcome& each) { return each.verdict.state == state; })) return state;
  return State::done;
}

ExitCode exit_code_of(State state) {
  switch (state) {
  case State::done: return ExitCode::ok;
  case State::progressing:
  case State::held: return ExitCode::pending;
  case State::failed: return ExitCode::no;
  case State::superseded: return ExitCode::try_again;
  case State::gone: return ExitCode::no_input;
  case State::unreachable: return ExitCode::unavailable;
  case State::timeout: return ExitCode::timeout;
  }
  return ExitCode::bug;
}

}  // namespace slipway::kube
