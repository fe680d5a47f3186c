// SPDX-License-Identifier: Apache-2.0
// Troubles of pods and of what makes them: seen, remembered, and weighed as proof.
#include "core/text.hpp"
#include "kube/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::kube {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

void Judge::remember_pulls() {
  for (const auto* pod : standing_.pods) {
    auto& pulls = memory_.pulls[pod->uid];
    for (const auto& container : pod->containers) {
      auto& last = memory_.pull_state[pod->uid + '/' + container.name];
      if (container.phase != Container::Phase::waiting) {
        pulls.erase(container.name);
        last.clear();
        continue;
      }
      auto& memory = pulls[container.name];
      if (container.reason == "ErrImagePull") {
        if (last != "ErrImagePull") ++memory.attempts;
        if (!container.message.empty()) memory.message = container.message;
      } else if (container.reason == "ImagePullBackOff") {
        // Newer kubelets append the error: 'Back-off pulling image "x": ErrImagePull: ...'.
        const auto at = container.message.find("ErrImagePull: ");
        if (at != std::string::npos) memory.message = container.message.substr(at + 14);
        memory.attempts = std::max(memory.attempts, 1);
      }
      last = container.reason;
      int failed = 0;
      for (const auto& event : now_.events)
        if (event.about == pod->uid && event.reason == "Failed" && event.message.starts_with("Failed to pull image")) {
          failed += event.count;
          if (memory.message.empty()) memory.message = event.message;
        }
      memory.attempts = std::max(memory.attempts, failed);
    }
  }
}

/// As far as the objects themselves tell: since when this pod, or the making of pods, is stuck.
Time Judge::lasts_since(const Pod* pod) const {
  std::optional<Time> since;
  if (pod) {
    const auto* scheduled = find(pod->conditions, "PodScheduled");
    since = scheduled && scheduled->changed ? scheduled->changed : pod->created;
  } else if (const auto* refused = find(object().conditions, "ReplicaFailure")) {
    since = refused->changed;
  }
  return std::min(since.value_or(now_.now), now_.now);
}

void Judge::see(Trouble trouble, const Pod* pod, const std::string& uid) {
  if (mode_of(*trouble.kind) == Mode::off) return;
  const auto key = fmt::format("{}/{}/{}", uid, trouble.container, trouble.kind->id);
  const auto begun = policy_.one_look ? lasts_since(pod) : now_.now;
  auto& seen = memory_.troubles.try_emplace(key, Memory::Seen{begun, {}}).first->second;
  seen.told = fmt::format("{}: {}", pod ? pod->name : standing_.revision_name, trouble.kind->name);
  troubles_.push_back({std::move(trouble), pod, seen.first});
}

/// What keeps the pods, or their ReplicaSet, from being made.
void Judge::see_makers() {
  if (standing_.set_refused && !standing_.complete) {
    auto trouble = refusal(*standing_.set_refused, 0);
    if (trouble.kind->id == "create-denied") trouble.kind = trouble_class("set-denied");
    see(std::move(trouble), nullptr, object().uid);
    return;
  }
  const int made = static_cast<int>(this->made());
  if (made < standing_.counts.wanted && !standing_.complete) {
    int count = 0;
    const EventFact* newest = nullptr;
    for (const auto& event : now_.events)
      if (event.reason == "FailedCreate" &&
          std::ranges::find(standing_.makers, event.about) != standing_.makers.end()) {
        count += event.count;
        if (!newest || event.last >= newest->last) newest = &event;
      }
    // A Deployment's condition comes and goes with the trouble; the others have events only, which stay.
    const bool recent = object().kind != Kind::deployment && newest && newest->last && now_.now - *newest->last < 120s;
    if (standing_.refused || recent) {
      auto trouble = refusal(standing_.refused ? *standing_.refused : newest->message, count);
      if (trouble.kind->id == "quota" && object().kind == Kind::deployment && made == 0 && !standing_.old.empty() &&
          (object().max_unavailable == "0" || object().max_unavailable == "0%")) {
        trouble.repeated = true;
        trouble.patience = 5s;
        trouble.message += "; maxUnavailable is 0, so no old pod goes to make room";
      }
      see(std::move(trouble), nullptr, object().uid);
    }
  }
}

/// A StatefulSet that goes pod by pod waits for every pod, also for one of an older revision that can never get well.
/// @source StatefulSet, "Forced rollback"
void Judge::see_trap() {
  if (object().kind != Kind::stateful_set || !object().one_by_one || object().on_delete || standing_.complete) return;
  for (const auto* pod : standing_.old) {
    if (pod->ready() || pod->deleting) continue;
    const auto own = troubles_of(*pod, {}, {}, {policy_.max_restarts, policy_.fail_unready_after}, now_.now);
    const bool broken = !own.empty() || std::ranges::any_of(pod->containers, [](const Container& c) {
      return c.restarts > 0 || c.reason == "ErrImagePull" || c.reason == "ImagePullBackOff";
    });
    if (!broken) continue;
    Trouble trouble;
    trouble.kind = trouble_class("revision-trap");
    trouble.message = fmt::format("pod {} of an older revision is broken{}, and the controller waits for it: "
                                  "kubectl delete pod {} -n {}",
                                  pod->name, own.empty() ? "" : fmt::format(" ({})", own.front().kind->name), pod->name,
                                  object().name_space);
    see(std::move(trouble), pod, pod->uid);
  }
}

void Judge::see_troubles() {
  const auto before = memory_.troubles;
  const Limits limits{policy_.max_restarts, policy_.fail_unready_after};
  std::set<std::string> keys;
  for (const auto* list : {&standing_.pods, &standing_.old})
    for (const auto* pod : *list)
      if (const auto in = trouble_due(*pod, limits, now_.now)) again(*in);
  for (const auto* pod : standing_.pods) {
    if (pod->deleting || pod->phase == "Succeeded") continue;
    std::vector<const EventFact*> events;
    for (const auto& event : now_.events)
      if (event.about == pod->uid) events.push_back(&event);
    for (auto& trouble : troubles_of(*pod, events, memory_.pulls[pod->uid], limits, now_.now))
      see(std::move(trouble), pod, pod->uid);
  }
  for (const auto* pod : standing_.old) {
    if (!pod->deleting) continue;
    for (auto& trouble : troubles_of(*pod, {}, {}, limits, now_.now)) see(std::move(trouble), pod, pod->uid);
  }
  see_makers();
  see_trap();
  for (const auto& each : troubles_)
    keys.insert(fmt::format("{}/{}/{}", each.pod ? each.pod->uid : object().uid, each.trouble.container,
                            each.trouble.kind->id));
  for (const auto& [key, seen] : before)
    if (!keys.contains(key)) {
      verdict_.recovered.push_back(seen.told);
      memory_.troubles.erase(key);
    }
  std::ranges::stable_sort(troubles_, {}, [](const Observed& each) { return each.trouble.kind; });
}

/// Gathers the troubles by class and fails the rollout for the first class that has proof enough.
void Judge::weigh_troubles() {
  std::size_t live = 0;
  for (const auto* pod : standing_.pods) live += pod->deleting || pod->phase == "Failed" ? 0U : 1U;
  for (std::size_t begin = 0; begin < troubles_.size();) {
    auto end = begin;
    const auto* kind = troubles_[begin].trouble.kind;
    while (end < troubles_.size() && troubles_[end].trouble.kind == kind) ++end;

    Cause cause;
    cause.id = kind->id;
    cause.name = kind->name;
    std::set<const Pod*> pods;
    std::set<const Pod*> proven;
    const Observed* sample = nullptr;
    bool repeated = false;
    std::optional<Time> since;
    for (auto i = begin; i < end; ++i) {
      const auto& each = troubles_[i];
      pods.insert(each.pod);
      if (!sample || each.trouble.count > sample->trouble.count ||
          (each.trouble.count == sample->trouble.count && each.since < sample->since))
        sample = &each;
      if (!since || each.since < *since) since = each.since;
      // A pod that could be made meanwhile shows that the maker is not shut out for good.
      const auto begun = each.pod ? each.since : std::max(each.since, memory_.pod_made);
      const auto left = patience_of(each.trouble) - (now_.now - begun);
      // Who sets a limit to the patience does not want to wait for a registry's second answer either.
      const bool counts_answers = kind->id.starts_with("image-") || kind->id == "create-denied";
      if (!each.trouble.ripe && !(policy_.patience && counts_answers)) continue;
      if (left > Time::duration{0}) {
        again(to_ms(left));
        continue;
      }
      proven.insert(each.pod);
      repeated = repeated || each.trouble.repeated;
    }
    const auto& trouble = sample->trouble;
    cause.pods = sample->pod ? static_cast<int>(pods.size()) : 0;
    if (sample->pod) {
      cause.pod = sample->pod->name;
      cause.pod_uid = sample->pod->uid;
      cause.text = kind->id == "revision-trap"
                       ? trouble.message
                       : fmt::format("{} of {} new pod{}: {}", pods.size(), std::max(live, pods.size()),
                                     std::max(live, pods.size()) == 1 ? "" : "s", trouble.message);
    } else {
      cause.text = fmt::format("no pod can be made: {}", trouble.message);
    }
    if (kind->id == "oom-killed")
      if (const auto was = standing_.limits_before.find(trouble.container); was != standing_.limits_before.end()) {
        const auto container = std::ranges::find(sample->pod->containers, trouble.container, &Container::name);
        const auto now_limit =
            container != sample->pod->containers.end() ? quantity(container->memory_limit) : std::nullopt;
        const auto old_limit = quantity(was->second);
        if (now_limit && old_limit && *now_limit < *old_limit)
          cause.text += fmt::format("; the limit was lowered from {} in rev {}", was->second, standing_.before);
      }
    cause.container = trouble.container;
    cause.previous_log = trouble.previous_log;
    cause.count = trouble.count;
    cause.since = since;
    if (trouble.count > 1)
      cause.text += fmt::format(" ({} {})", trouble.count,
                                kind->id.starts_with("image")       ? "attempts"
                                : sample->pod && trouble.count == 1 ? "time"
                                                                    : "times");
    verdict_.troubles.push_back(cause);

    bool proof = !proven.empty() && mode_of(*kind) == Mode::fail;
    if (kind->id == "pod-lost") {  // the controller replaces them: it takes several, and one was never enough
      proof = proof && proven.size() >= static_cast<std::size_t>(kind->attempts);
    } else if (kind->proof != Proof::deterministic && sample->pod) {
      proof = proof && (repeated || proven.size() >= 2 || live == 1);
      const auto calm = now_.now - memory_.available_rose;
      const auto grace = patience_of(trouble);
      if (proof && memory_.best.available > 0 && calm < grace) {
        again(to_ms(grace - calm));
        proof = false;
      }
    }
    if (proof && standing_.judges_pods && !standing_.complete) fail(cause);
    begin = end;
  }
  if (!verdict_.cause && !verdict_.troubles.empty()) verdict_.cause = verdict_.troubles.front();
}

void Judge::fail(Cause cause) {
  if (verdict_.state == State::failed) return;
  verdict_.state = State::failed;
  verdict_.text = cause.name + ": " + cause.text;
  verdict_.cause = std::move(cause);
}

}  // namespace slipway::kube
