// SPDX-License-Identifier: Apache-2.0
#include "kube/workload.hpp"

#include "core/text.hpp"
#include "kube/standing.hpp"

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
constexpr auto controller_silence = 60s;
constexpr auto default_no_progress = 600s;
/// Where the controller has a deadline of its own, it gets to speak first.
constexpr auto controller_margin = 30s;

milliseconds to_ms(Time::duration d) { return std::chrono::ceil<milliseconds>(d); }

/// A trouble of one pod (or of the maker of pods) with what is remembered of it.
struct Observed {
  Trouble trouble;
  const Pod* pod;  ///< null: pods cannot be made at all
  Time since;
};

class Judge {
 public:
  Judge(const Snapshot& snapshot, const Policy& policy, Memory& memory)
      : now_(snapshot), policy_(policy), memory_(memory) {}

  Verdict run();

 private:
  [[nodiscard]] const Workload& object() const { return *now_.object; }
  bool identity();
  bool observed();
  void remember_pulls();
  void see_troubles();
  void see(Trouble trouble, const Pod* pod, const std::string& uid);
  void weigh_troubles();
  void note_progress();
  void wish_for_events();
  void deadline();
  void no_progress();
  void settle();
  void fail(Cause cause);
  void again(milliseconds in) {
    if (!verdict_.look_again || in < *verdict_.look_again) verdict_.look_again = std::max(in, 1ms);
  }
  [[nodiscard]] milliseconds patience_of(const Trouble& trouble) const {
    const milliseconds own = trouble.patience.value_or(trouble.kind->patience);
    return policy_.patience ? std::min(own, *policy_.patience) : own;
  }
  [[nodiscard]] Mode mode_of(const TroubleClass& kind) const {
    if (const auto set = policy_.classes.find(kind.id); set != policy_.classes.end()) return set->second;
    return kind.proof == Proof::note ? Mode::warn : policy_.fail_fast ? Mode::fail : Mode::warn;
  }

  const Snapshot& now_;
  const Policy& policy_;
  Memory& memory_;
  Standing standing_;
  std::vector<Observed> troubles_;
  Verdict verdict_;
};

/// The same object and the same template as at the first look?
bool Judge::identity() {
  if (!now_.object) {
    verdict_.state = State::gone;
    verdict_.text = memory_.uid.empty() ? "does not exist" : "was deleted";
    return false;
  }
  if (memory_.uid.empty()) memory_.uid = object().uid;
  if (memory_.uid != object().uid) {
    verdict_.state = State::gone;
    verdict_.text = "was deleted and made anew";
    return false;
  }
  if (object().deleting) {
    verdict_.state = State::gone;
    verdict_.text = "is being deleted";
    return false;
  }
  if (memory_.first) memory_.template_text = object().template_text;
  if (memory_.template_text != object().template_text) {
    if (!policy_.follow_superseded) {
      verdict_.state = State::superseded;
      verdict_.text = "another template took over while we watched";
      verdict_.images = object().images;
      return false;
    }
    verdict_.warnings.emplace_back("another template took over; following it");
    const auto uid = memory_.uid;
    memory_ = Memory{};
    memory_.uid = uid;
    memory_.template_text = object().template_text;
  }
  if (memory_.first) {
    memory_.begun = memory_.progressed = memory_.available_rose = now_.now;
    memory_.target_wanted = object().wanted;
  }
  return true;
}

bool Judge::observed() {
  if (object().observed >= object().generation) {
    memory_.unobserved.reset();
    return true;
  }
  if (!memory_.unobserved) memory_.unobserved = now_.now;
  verdict_.text = "waiting for the controller to see the change";
  verdict_.waiting.push_back(
      fmt::format("the controller has not seen generation {} (it knows {})", object().generation, object().observed));
  const auto silent = now_.now - *memory_.unobserved;
  if (silent >= controller_silence)
    verdict_.warnings.emplace_back(
        "the controller is not acting on this object for a minute: does the controller manager run?");
  else again(to_ms(controller_silence - silent));
  return false;
}

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

void Judge::see(Trouble trouble, const Pod* pod, const std::string& uid) {
  if (mode_of(*trouble.kind) == Mode::off) return;
  const auto key = fmt::format("{}/{}/{}", uid, trouble.container, trouble.kind->id);
  auto& seen = memory_.troubles.try_emplace(key, Memory::Seen{now_.now, {}}).first->second;
  seen.told = fmt::format("{}: {}", pod ? pod->name : standing_.revision_name, trouble.kind->name);
  troubles_.push_back({std::move(trouble), pod, seen.first});
}

void Judge::see_troubles() {
  const auto before = memory_.troubles;
  std::set<std::string> keys;
  for (const auto* pod : standing_.pods) {
    if (pod->deleting || pod->phase == "Succeeded") continue;
    std::vector<const EventFact*> events;
    for (const auto& event : now_.events)
      if (event.about == pod->uid) events.push_back(&event);
    for (auto& trouble : troubles_of(*pod, events, memory_.pulls[pod->uid], policy_.max_restarts, now_.now))
      see(std::move(trouble), pod, pod->uid);
  }
  for (const auto* pod : standing_.old) {
    if (!pod->deleting) continue;
    for (auto& trouble : troubles_of(*pod, {}, {}, policy_.max_restarts, now_.now))
      see(std::move(trouble), pod, pod->uid);
  }
  const int made = static_cast<int>(standing_.pods.size());
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
  for (const auto* pod : standing_.pods) live += pod->deleting ? 0U : 1U;
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
      const auto left = patience_of(each.trouble) - (now_.now - each.since);
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
      cause.text = fmt::format("{} of {} new pod{}: {}", pods.size(), live, live == 1 ? "" : "s", trouble.message);
    } else {
      cause.text = fmt::format("no pod can be made: {}", trouble.message);
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
    if (kind->proof != Proof::deterministic && sample->pod) {
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
    verdict_.warnings.push_back(fmt::format("wanted {} -> {}", memory_.target_wanted, object().wanted));
    memory_.target_wanted = object().wanted;
    memory_.progressed = now_.now;
    best = Counts{};
  }
  if (counts.available > best.available) memory_.available_rose = now_.now;
  if (counts.updated > best.updated || counts.ready > best.ready || counts.available > best.available ||
      started > memory_.started)
    memory_.progressed = now_.now;
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
  if (standing_.complete || !now_.events_readable) return;
  if (static_cast<int>(standing_.pods.size()) < standing_.counts.wanted) wanted = standing_.makers;
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
  if (object().kind == Kind::job && !policy_.no_progress) return;  // a job may work in silence for hours
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

/// Complete now; is it to stay so? Or was it, and is not any more?
void Judge::settle() {
  std::string crashed;
  std::string crashed_uid;
  int restarts = 0;
  for (const auto* pod : standing_.pods) {
    int count = 0;
    for (const auto& container : pod->containers) count += container.restarts;
    const auto [known, fresh] = memory_.restarts_when_done.try_emplace(pod->uid, count);
    if (memory_.done_since && !fresh && count > known->second && crashed.empty()) {
      crashed = pod->name;
      crashed_uid = pod->uid;
      restarts = count - known->second;
    }
    if (!memory_.done_since) known->second = count;
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
  if (!standing_.complete) {
    memory_.done_since.reset();
    memory_.restarts_when_done.clear();
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

Verdict Judge::run() {
  if (!identity()) return std::move(verdict_);
  standing_ = standing_of(now_, policy_);
  verdict_.counts = standing_.counts;
  verdict_.revision = standing_.revision;
  verdict_.revision_name = standing_.revision_name;
  verdict_.images = object().images;
  verdict_.serving = standing_.serving;
  verdict_.serving_revision = standing_.serving_revision;
  verdict_.changed = standing_.changed;
  verdict_.partitioned = standing_.partitioned;
  verdict_.warnings.insert(verdict_.warnings.end(), standing_.warnings.begin(), standing_.warnings.end());
  if (memory_.first) {
    // Before our change the revision that served is the newest one with available pods besides the target.
    memory_.baseline_revision = standing_.serving_revision != 0 ? standing_.serving_revision
                                : standing_.complete            ? standing_.revision
                                                                : 0;
    memory_.first = false;
  }
  if (!observed()) return std::move(verdict_);

  verdict_.text = standing_.text;
  verdict_.waiting = standing_.waiting;
  remember_pulls();
  note_progress();
  see_troubles();
  weigh_troubles();
  wish_for_events();
  if (standing_.failed) {
    if (verdict_.state != State::failed) fail(*standing_.failed);
  }
  if (verdict_.state != State::failed) settle();
  if (verdict_.state != State::progressing) return std::move(verdict_);
  if (!standing_.held.empty()) {
    verdict_.state = State::held;
    verdict_.text = standing_.held;
    return std::move(verdict_);
  }
  if (!standing_.complete) {
    deadline();
    if (verdict_.state == State::progressing) no_progress();
  }
  return std::move(verdict_);
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
  case State::done: return "done";
  case State::progressing: return "progressing";
  case State::held: return "held";
  case State::failed: return "failed";
  case State::superseded: return "superseded";
  case State::gone: return "gone";
  case State::unreachable: return "unreachable";
  case State::timeout: return "timeout";
  }
  return "unknown";
}

Verdict judge(const Snapshot& now, const Policy& policy, Memory& memory) { return Judge(now, policy, memory).run(); }

}  // namespace slipway::kube
