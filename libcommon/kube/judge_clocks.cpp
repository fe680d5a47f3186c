// SPDX-License-Identifier: Apache-2.0
// What time alone decides: progress and its absence, the controller's deadline, staying done.
#include "core/text.hpp"
#include "kube/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::kube {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// A deadline condition has to stand for so long before it counts: the controller rewrites it late.
constexpr auto deadline_settles = 10s;
/// Joined late, an old condition may be read beside new pods: watch them for so long first.
constexpr auto late_join = 30s;
/// A container without a readiness probe that has ended before has to run for so long before it counts as started.
constexpr milliseconds start_proves = 10s;
/// Its first start has to last for so long: the kubelet calls it ready from its first moment, and notices only a second
/// or two later that it has ended.
constexpr milliseconds first_start_proves = 3s;
/// In so long at most the controller counts a pod that has ended; then it is looked at again.
constexpr milliseconds status_follows = 2s;
constexpr auto default_no_progress = 600s;
/// Where the controller has a deadline of its own, it gets to speak first.
constexpr auto controller_margin = 30s;

}  // namespace

void Judge::note_progress() {
  std::size_t started = 0;
  for (const auto* pod : standing_.pods) {
    started += 1;  // a pod that was made is progress, too
    for (const auto& container : pod->containers)
      if (container.phase == Container::Phase::running || container.restarts > 0 || container.ended) started += 1;
  }
  auto& best = memory_.best;
  const auto& counts = standing_.counts;
  if (memory_.target_wanted != object().wanted) {
    verdict_.warnings.push_back(fmt::format("{} {} -> {}",
                                            object().scaled_by == "kube-controller-manager" ? "HPA" : "wanted",
                                            memory_.target_wanted, object().wanted));
    memory_.target_wanted = object().wanted;
    memory_.progressed = now_.now;
    best = Counts{};
  }
  if (counts.available > best.available) memory_.available_rose = now_.now;
  if (counts.updated > best.updated || counts.ready > best.ready || counts.available > best.available ||
      started > memory_.started)
    memory_.progressed = now_.now;
  if (made() > memory_.made) {
    memory_.made = made();
    memory_.pod_made = now_.now;
  }
  best.updated = std::max(best.updated, counts.updated);
  best.ready = std::max(best.ready, counts.ready);
  best.available = std::max(best.available, counts.available);
  memory_.started = std::max(memory_.started, started);
}

/// Events of the few objects that may have trouble: what cannot make pods, and pods that are late.
void Judge::wish_for_events() {
  constexpr auto late = 5s;
  constexpr std::size_t most = 3;
  auto& wanted = verdict_.wants_events;
  if (object().kind == Kind::daemon_set && (!standing_.complete || policy_.ignore_unready_nodes))
    for (const auto& pod : now_.pods) {
      constexpr auto overdue = 15s;  // then its node may be why
      if (pod.owner != object().uid || pod.ready() || pod.node.empty()) continue;
      if (policy_.ignore_unready_nodes || !pod.created || now_.now - *pod.created >= overdue)
        verdict_.wants_nodes = true;
      else again(to_ms(*pod.created + overdue - now_.now));
    }
  if (standing_.complete || !now_.events_readable) return;
  if (static_cast<int>(made()) < standing_.counts.wanted) wanted = standing_.makers;
  std::size_t pods = 0;
  for (const bool troubled : {true, false})
    for (const auto* pod : standing_.pods) {
      if (pods >= most || pod->ready() || pod->deleting || std::ranges::find(wanted, pod->uid) != wanted.end())
        continue;
      const bool has = std::ranges::any_of(troubles_, [&](const Observed& each) { return each.pod == pod; });
      if (has != troubled) continue;
      const auto age = pod->created ? now_.now - *pod->created : late;
      if (!has && age < late) {
        again(to_ms(late - age));
        continue;
      }
      wanted.push_back(pod->uid);
      ++pods;
    }
}

/// The controller's own deadline, if its condition is about this rollout.
void Judge::deadline() {
  const auto* progress = find(object().conditions, "Progressing");
  if (!progress || progress->status != "False" || progress->reason != "ProgressDeadlineExceeded" ||
      !object().deadline || object().paused) {
    memory_.deadline_seen.reset();
    return;
  }
  const auto updated = progress->updated ? progress->updated : progress->changed;
  std::optional<Time> born = standing_.revision_made;  // of this try: the oldest pod, else the ReplicaSet
  std::optional<Time> oldest;
  for (const auto* pod : standing_.pods)
    if (pod->created && (!oldest || *pod->created < *oldest)) oldest = pod->created;
  if (oldest && (!born || *oldest > *born)) born = oldest;
  if (policy_.changed_at && (!born || *policy_.changed_at > *born)) born = policy_.changed_at;
  if (!updated || (born && *updated <= *born)) {
    memory_.deadline_seen.reset();
    return;
  }
  if (!memory_.deadline_seen) memory_.deadline_seen = now_.now;
  auto settles = std::chrono::duration_cast<milliseconds>(deadline_settles);
  const bool joined_late = memory_.begun && *updated <= *memory_.begun;
  auto since = *memory_.deadline_seen;
  if (joined_late) {
    settles = std::min<milliseconds>(std::chrono::seconds(*object().deadline), late_join);
    if (memory_.best.available > 0) since = std::max(since, memory_.available_rose);
  }
  if (policy_.one_look) since = std::min(since, *updated);  // it stands since then, and nobody looks again
  if (policy_.patience) settles = std::min(settles, *policy_.patience);
  const auto stood = now_.now - since;
  if (stood < settles) {
    again(to_ms(settles - stood));
    return;
  }
  Cause cause;
  if (!verdict_.troubles.empty()) cause = verdict_.troubles.front();  // its pod and container are the evidence
  const auto why = verdict_.troubles.empty() ? standing_.text : cause.name + ": " + cause.text;
  cause.id = "progress-deadline";
  cause.name = "ProgressDeadline";
  cause.text = fmt::format("no progress for {} s; {}", *object().deadline, why);
  cause.since = *updated;
  fail(std::move(cause));
}

/// Our own clock, for what no controller's deadline covers.
void Judge::no_progress() {
  const auto limit = policy_.no_progress ? *policy_.no_progress
                     : object().deadline ? milliseconds(std::chrono::seconds(*object().deadline)) + controller_margin
                                         : milliseconds(default_no_progress);
  // A job may work in silence for hours, and what a custom resource does is not seen at all.
  if ((object().kind == Kind::job || object().kind == Kind::custom) && !policy_.no_progress) return;
  // Where pods are not known, neither are their starts: a slow start would look like none.
  if (!pods_known() && !object().deadline && !policy_.no_progress) return;
  const auto still = now_.now - memory_.progressed;
  if (still < limit) {
    again(to_ms(limit - still));
    return;
  }
  Cause cause;
  if (!verdict_.troubles.empty()) cause = verdict_.troubles.front();
  const auto why = verdict_.troubles.empty() ? standing_.text : cause.name + ": " + cause.text;
  cause.id = "no-progress";
  cause.name = "NoProgress";
  cause.text = fmt::format("nothing got better for {}; {}", text::show_duration(limit), why);
  fail(std::move(cause));
}

/// A container that has ended before, and counts as ready only because nothing asks it: another start of a crash loop
/// looks just like that for a moment. And when it has ended again, the workload's status says so a little later.
std::chrono::milliseconds Judge::start_unproven() {
  const auto proof = policy_.patience ? std::min<milliseconds>(start_proves, *policy_.patience) : start_proves;
  milliseconds left{0};
  for (const auto* pod : standing_.pods)
    for (const auto& container : pod->containers) {
      if (pod->deleting || pod->finished() || (container.init && !container.sidecar)) continue;
      const bool first = container.restarts == 0;
      if (first && (policy_.one_look || pod->restart_policy != "Always")) continue;
      const bool runs = container.phase == Container::Phase::running && container.running_since;
      if (runs && container.readiness) continue;
      if (first && !runs && !container.ended) continue;  // it has not been told of yet
      const auto needs = first ? std::min(first_start_proves, proof) : proof;
      const auto missing = runs              ? to_ms(*container.running_since + needs - now_.now)
                           : container.ready ? 0ms
                                             : status_follows;
      if (missing <= left) continue;
      left = missing;
      verdict_.text = first ? fmt::format("{}; pod {} has only just started", standing_.text, pod->name)
                            : fmt::format("{}; pod {} has started {} times, the last a moment ago", standing_.text,
                                          pod->name, container.restarts + 1);
    }
  return left;
}

/// Complete now; is it to stay so? Or was it, and is not any more?
void Judge::settle() {
  const auto unproven = standing_.complete ? start_unproven() : 0ms;
  const bool complete = standing_.complete && unproven == 0ms;
  if (complete && !memory_.completed) memory_.completed = now_.now;
  std::string crashed;
  std::string crashed_uid;
  int restarts = 0;
  for (const auto* pod : standing_.pods) {
    int count = 0;
    // A crash in the same second as the first availability is a start that failed once, not a fall from grace.
    bool since_then = false;
    for (const auto& container : pod->containers) {
      count += container.restarts;
      const auto* end = container.ended ? &*container.ended : container.last ? &*container.last : nullptr;
      since_then = since_then || (end && (!end->finished || !memory_.completed || *end->finished > *memory_.completed));
    }
    // Whether the status or the pod tells of the crash first is chance: what was good once is remembered.
    if (complete) memory_.restarts_when_done.try_emplace(pod->uid, count);
    const auto known = memory_.restarts_when_done.find(pod->uid);
    if (known != memory_.restarts_when_done.end() && count > known->second && since_then && crashed.empty()) {
      crashed = pod->name;
      crashed_uid = pod->uid;
      restarts = count - known->second;
    }
  }
  if (!crashed.empty()) {
    Cause cause;
    cause.id = "unstable";
    cause.name = "Unstable";
    cause.text = fmt::format("became available, then pod {} restarted {}", crashed,
                             restarts == 1 ? "once" : fmt::format("{} times", restarts));
    cause.pod = crashed;
    cause.pod_uid = crashed_uid;
    cause.pods = 1;
    cause.previous_log = true;
    for (const auto* pod : standing_.pods)
      if (pod->uid == crashed_uid)
        for (const auto& container : pod->containers)
          if (container.restarts > 0) {
            cause.container = container.name;
            if (container.phase != Container::Phase::running) cause.previous_log = false;
          }
    fail(std::move(cause));
    return;
  }
  if (!complete) {
    memory_.done_since.reset();
    if (unproven > 0ms) {
      again(unproven);
      verdict_.waiting.push_back(verdict_.text);
    }
    return;
  }
  if (!memory_.done_since) memory_.done_since = now_.now;
  const auto stood = now_.now - *memory_.done_since;
  if (stood >= policy_.stable) {
    verdict_.state = State::done;
    return;
  }
  again(to_ms(policy_.stable - stood));
  verdict_.text = fmt::format("{}; watching it for {}", standing_.text, text::show_duration(policy_.stable));
  verdict_.waiting.push_back(fmt::format("complete, but not yet for {}", text::show_duration(policy_.stable)));
}

}  // namespace slipway::kube
