// SPDX-License-Identifier: Apache-2.0
#include "kube/tracked.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/explain.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;

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

}  // namespace

Track::Track(Client& client, Target target, TrackOptions options, Deadline deadline)
    : client_(client), options_(std::move(options)), deadline_(deadline), begun_(Steady::now()), said_at_(begun_) {
  outcome_.target = std::move(target);
  options_.policy.one_look = !options_.wait;
  object_ = watch(outcome_.target.api(), {{"fieldSelector", "metadata.name=" + outcome_.target.name}}, false,
                  [this](Watch::Change change, json& object) { on_object(change, object); });
  if (options_.follow_logs > 0)
    logs_ = std::make_unique<LogFollower>(client_, outcome_.target.name_space, options_.follow_logs,
                                          [this] { news_ = true; });
}

std::unique_ptr<Watch> Track::watch(const Resource& resource, Query query, bool optional, Watch::Sink sink) {
  WatchOptions options;
  options.path = path_of(resource, outcome_.target.name_space);
  options.query = std::move(query);
  options.optional = optional;
  options.once = !options_.wait;
  return std::make_unique<Watch>(client_, std::move(options), std::move(sink));
}

/// The parts of the workload, by its selector, kept in `into`.
template <typename Item, typename Read>
std::unique_ptr<Watch> Track::watch_list(std::string_view kind, std::vector<Item>& into, Read read) {
  return watch(*known_resource(kind), {{"labelSelector", snapshot_.object->selector_text}}, true,
               [this, &into, read](Watch::Change change, json& object) {
                 dirty_ = news_ = true;
                 if (change == Watch::Change::replaced) into.clear();
                 else if (change == Watch::Change::set) put(into, read(object));
                 else if (change == Watch::Change::deleted) drop(into, object);
               });
}

void Track::on_object(Watch::Change change, json& object) {
  dirty_ = news_ = true;
  const auto kind = outcome_.target.kind;
  switch (change) {
  case Watch::Change::replaced: snapshot_.object.reset(); break;
  case Watch::Change::deleted:
    snapshot_.last = read_workload(object, kind, options_.policy.rules);
    snapshot_.object.reset();
    break;
  case Watch::Change::set:
    snapshot_.object = read_workload(object, kind, options_.policy.rules);
    if (kind == Kind::pod) {
      snapshot_.pods.clear();
      snapshot_.pods.push_back(read_pod(object));
    }
    break;
  case Watch::Change::listed:
  case Watch::Change::lost: break;
  }
}

/// ReplicaSets, revisions and pods, once the selector is known.
void Track::watch_parts() {
  if (!lacks_parts()) return;
  const auto kind = outcome_.target.kind;
  pods_ = watch_list("pods", snapshot_.pods, read_pod);
  if (kind == Kind::deployment) sets_ = watch_list("replicasets", snapshot_.replica_sets, read_replica_set);
  if (kind == Kind::stateful_set || kind == Kind::daemon_set)
    revisions_ = watch_list("controllerrevisions", snapshot_.revisions, read_revision);
}

/// Nodes are for the cluster's own people: where they may not be read, nothing is said of them.
void Track::watch_nodes() {
  if (nodes_) return;
  nodes_ = watch(*known_resource("nodes"), {}, true, [this](Watch::Change change, json& object) {
    if (change == Watch::Change::replaced) {
      snapshot_.unready_nodes.clear();
      return;
    }
    if (object.is_null()) {
      dirty_ = news_ = true;
      return;
    }
    const auto name = text_at(object, {"metadata", "name"});
    bool ready = false;
    for (const auto& condition : list_at(object, {"status", "conditions"}))
      if (text_at(condition, {"type"}) == "Ready") ready = text_at(condition, {"status"}) == "True";
    const bool known = snapshot_.unready_nodes.contains(name);
    if (ready || change == Watch::Change::deleted) snapshot_.unready_nodes.erase(name);
    else snapshot_.unready_nodes.insert(name);
    if (known == ready) dirty_ = news_ = true;
  });
}

void Track::watch_events(const std::vector<std::string>& wanted) {
  std::erase_if(events_, [&](const auto& entry) { return std::ranges::find(wanted, entry.first) == wanted.end(); });
  for (const auto& uid : wanted) {
    if (events_.contains(uid)) continue;
    auto& slot = events_[uid];
    auto* facts = &slot.events;
    slot.watch = watch(*known_resource("events"), {{"fieldSelector", "involvedObject.uid=" + uid}}, true,
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
  if (outcome_.target.kind == Kind::pod || outcome_.target.kind == Kind::custom) return true;
  return pods_ && pods_->synced() && (!sets_ || sets_->synced()) && (!revisions_ || revisions_->synced());
}

milliseconds Track::step(const io::Run& run) {
  milliseconds wait = 60s;
  news_ = false;
  watch_parts();
  wait = std::min(wait, object_->step(run));
  if (sets_) wait = std::min(wait, sets_->step(run));
  if (pods_) wait = std::min(wait, pods_->step(run));
  if (revisions_) wait = std::min(wait, revisions_->step(run));
  if (nodes_) wait = std::min(wait, nodes_->step(run));
  if (logs_) wait = std::min(wait, logs_->step(snapshot_.pods, outcome_.verdict.revision_pods, run));
  for (auto& [uid, each] : events_) wait = std::min(wait, each.watch->step(run));
  if (due_) wait = std::min(wait, std::max(0ms, std::chrono::ceil<milliseconds>(*due_ - Steady::now())));
  return wait;
}

std::pair<milliseconds, std::string> Track::lost() const {
  std::pair<milliseconds, std::string> worst{0ms, {}};
  for (const auto* each : {object_.get(), sets_.get(), pods_.get(), revisions_.get()})
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
  if (!options_.wait && asked_events_ &&
      std::ranges::any_of(events_, [](const auto& entry) { return !entry.second.watch->synced(); }))
    return;  // a single look waits for the events that it asked for, and for no others
  const auto before = std::exchange(outcome_.verdict, judge(snapshot_, options_.policy, memory_));
  auto& verdict = outcome_.verdict;
  if (verdict.revision == 0) {  // overtaken, or gone: what was waited for was this
    verdict.revision = before.revision;
    verdict.revision_name = before.revision_name;
    verdict.images = before.images;
  }
  due_.reset();
  if (verdict.look_again) due_ = Steady::now() + *verdict.look_again;
  if (snapshot_.object) {
    outcome_.uid = snapshot_.object->uid;
    outcome_.selector = snapshot_.object->selector_text;
    outcome_.template_text = snapshot_.object->template_text;
  }
  outcome_.baseline_revision = memory_.baseline_revision;
  if (snapshot_.object && !std::exchange(started_, true)) sight(Sighting::What::start, verdict.text);
  tell_pods(run);
  tell_cause();
  tell(verdict, run);
  if (!options_.wait && !asked_events_ && verdict.state != State::done && !verdict.wants_events.empty()) {
    asked_events_ = true;
    watch_events(verdict.wants_events);
    return;
  }
  if (verdict.state != State::progressing || !options_.wait) {
    end(verdict.state, verdict.text, run);
    return;
  }
  if (snapshot_.object && !limit_) {
    const auto written = snapshot_.object->annotations.find("slipway/timeout");
    const auto own =
        written == snapshot_.object->annotations.end() ? std::nullopt : text::parse_duration(written->second);
    limit_ = Deadline::in(own.value_or(0ms));
  }
  if (limit_ && limit_->passed()) {
    end(State::timeout, "slipway/timeout of the object ran out: " + verdict.text, run);
    return;
  }
  if (verdict.wants_nodes) watch_nodes();
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
    sight(Sighting::What::pod, state, &pod);
  }
}

/// The trouble that is the worst by now, when it is another one.
void Track::tell_cause() {
  const auto& cause = outcome_.verdict.cause;
  auto key = cause ? fmt::format("{} {} {}", cause->id, cause->pod, cause->pods) : std::string();
  if (key == said_cause_) return;
  said_cause_ = std::move(key);
  if (cause) sight(Sighting::What::cause, cause->text);
}

/// Says what is new, once, and remembers it.
void Track::tell(const Verdict& verdict, const io::Run& run) {
  for (const auto& line : verdict.recovered) {
    run.events.note(fmt::format("{}  recovered: {}", subject(), line));
    sight(Sighting::What::recovered, line);
  }
  const auto warn = [&](const std::string& text, io::Level level = io::Level::warning) {
    if (!warned_.insert(text).second) return;
    if (level == io::Level::warning) run.events.warn(fmt::format("{}: {}", subject(), text));
    else run.events.note(fmt::format("{}: {}", subject(), text));
    sight(Sighting::What::warning, text);
  };
  if (verdict.state == State::progressing)
    for (const auto& warning : verdict.warnings) warn(warning);
  if (!snapshot_.events_readable) warn("events may not be read; causes may be less exact", io::Level::note);
  if (!snapshot_.pods_readable)
    warn(
        snapshot_.object && snapshot_.object->deadline
            ? "pods may not be read; failures are only seen at the progress deadline"
            : "pods may not be read; it is judged by its status alone, and what keeps a pod from starting is not seen");
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
                              {"ready", std::int64_t{counts.ready}},
                              {"available", std::int64_t{counts.available}}}});
  sight(Sighting::What::progress, verdict.text);
}

void Track::end(State state, std::string text, const io::Run& run) {
  finished_ = true;
  auto& verdict = outcome_.verdict;
  if (state == State::timeout || state == State::unreachable) {
    verdict.state = state;
    if (!text.empty()) verdict.text = std::move(text);
    else if (verdict.text.empty()) verdict.text = "nothing was seen of it";
  }
  // Out of time and without a server to ask: whatever is asked would only be tried for longer.
  const bool away = state == State::timeout && (outcome_.uid.empty() || !lost().second.empty());
  if (verdict.state == State::timeout || verdict.state == State::failed) list_unready();
  outcome_.took = std::chrono::duration_cast<milliseconds>(Steady::now() - begun_);
  sets_.reset();
  pods_.reset();
  revisions_.reset();
  nodes_.reset();
  logs_.reset();
  events_.clear();
  object_.reset();
  if (state != State::unreachable && state != State::gone && !away) gather_in(state == State::timeout ? 2s : 10s, run);
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
                              {"wanted", std::int64_t{verdict.counts.wanted}},
                              {"updated", std::int64_t{verdict.counts.updated}},
                              {"available", std::int64_t{verdict.counts.available}},
                              {"seconds", static_cast<double>(outcome_.took.count()) / 1000.0}}});
  if (options_.on_end) next_ = options_.on_end(outcome_);
}

/// Each pod that was waited for, with its own reason: "not ready" alone helps nobody.
void Track::list_unready() {
  constexpr std::size_t most = 10;
  std::size_t more = 0;
  auto& waiting = outcome_.verdict.waiting;
  std::size_t listed = 0;
  for (const auto& pod : snapshot_.pods) {
    if (pod.ready() || pod.deleting || pod.finished()) continue;
    if (listed++ >= most) {
      ++more;
      continue;
    }
    std::string why = pod.phase.empty() ? "Pending" : pod.phase;
    for (const auto& container : pod.containers)
      if (!container.ready && (container.phase == Container::Phase::waiting || container.restarts > 0))
        why =
            fmt::format("container {} {}{}", container.name, container.reason.empty() ? "not ready" : container.reason,
                        container.restarts > 0 ? fmt::format(", {} restarts", container.restarts) : "");
    if (const auto* scheduled = find(pod.conditions, "PodScheduled"); scheduled && scheduled->status == "False")
      why = scheduled->reason + ": " + tidy_message(scheduled->message, 120);
    waiting.push_back(fmt::format("pod {}: {}", pod.name, why));
  }
  if (more > 0) waiting.push_back(fmt::format("and {} more pods that are not ready", more));
}

/// What cannot be had in that time is left out: the verdict is due.
void Track::gather_in(milliseconds time, const io::Run& run) {
  const io::Run brief{run.events, run.stop, Deadline::in(time).sooner(run.deadline)};
  try {
    gather(brief);
  } catch (const Error& error) {
    if (error.failure().id != failure::timed_out.id) throw;
    run.events.detail(fmt::format("{}: events and logs did not come in time", subject()));
  }
}

/// What a person needs to see, while the pods are still there.
void Track::gather(const io::Run& run) {
  const auto& verdict = outcome_.verdict;
  const bool bad = verdict.state == State::failed || verdict.state == State::timeout;
  if (verdict.state == State::done || (!verdict.cause && !bad) || (!options_.wait && !options_.explain)) return;
  const auto& target = outcome_.target;
  auto cause = verdict.cause.value_or(Cause{});
  if (cause.pod_uid.empty() && bad) {  // no pod is to blame by name: the first that is not ready may tell
    const auto pod = std::ranges::find_if(snapshot_.pods, [&](const Pod& each) {
      return !each.ready() && !each.finished() &&
             std::ranges::find(verdict.revision_pods, each.uid) != verdict.revision_pods.end();
    });
    if (pod != snapshot_.pods.end()) {
      cause.pod = pod->name;
      cause.pod_uid = pod->uid;
    }
  }
  const auto pod = std::ranges::find(snapshot_.pods, cause.pod_uid, &Pod::uid);
  std::vector<std::string> about;
  if (!cause.pod_uid.empty()) about.push_back(cause.pod_uid);
  else if (const auto* set = snapshot_.object && target.kind == Kind::deployment
                                 ? target_of(*snapshot_.object, snapshot_.replica_sets)
                                 : nullptr)
    about.push_back(set->uid);
  else about.push_back(outcome_.uid);
  if (cause.id.starts_with("volume") && pod != snapshot_.pods.end())
    for (const auto& claim : pod->claims) about.push_back(claim_uid(client_, target.name_space, claim, run));
  if (snapshot_.events_readable && (target.kind == Kind::deployment || target.kind == Kind::stateful_set))
    for (auto& uid : autoscaler_uids(client_, target.name_space, target.api().kind, target.name, run))
      about.push_back(std::move(uid));
  if (snapshot_.events_readable)
    for (const auto& uid : about)
      if (!uid.empty())
        for (auto& event : events_about(client_, target.name_space, uid, run))
          outcome_.events.push_back(std::move(event));
  if (options_.log_lines <= 0 || pod == snapshot_.pods.end()) return;
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

}  // namespace slipway::kube
