// SPDX-License-Identifier: Apache-2.0
#include "kube/workload.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::kube {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr auto controller_silence = 60s;

}  // namespace

/// A Job that was cleaned up the moment it had ended: what was seen of it last decides.
bool Judge::ended_before_it_went() {
  if (!now_.last || now_.last->kind != Kind::job || (!memory_.uid.empty() && now_.last->uid != memory_.uid))
    return false;
  const auto is_true = [&](std::string_view type) {
    const auto* condition = find(now_.last->conditions, type);
    return condition && condition->status == "True" ? condition : nullptr;
  };
  if (is_true("Complete")) {
    verdict_.state = State::done;
    verdict_.text = "completed, and was cleaned up";
    return true;
  }
  const auto* failed = is_true("Failed");
  if (!failed) return false;
  Cause cause;
  cause.id = "job-failed";
  cause.name = "JobFailed";
  cause.text =
      failed->reason + (failed->message.empty() ? "" : ": " + tidy_message(failed->message)) + "; it was cleaned up";
  fail(std::move(cause));
  return true;
}

/// The same object and the same template as at the first look?
bool Judge::identity() {
  if (!now_.object) {
    if (ended_before_it_went()) return false;
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

Verdict Judge::run() {
  if (!identity()) return std::move(verdict_);
  standing_ = standing_of(now_, policy_);
  constexpr std::size_t most = 8;
  for (const bool ready : {false, true})
    for (const auto* pod : standing_.pods)
      if (pod->ready() == ready && !pod->deleting && verdict_.revision_pods.size() < most)
        verdict_.revision_pods.push_back(pod->uid);
  for (const auto* pod : standing_.pods)
    for (const auto& container : pod->containers) verdict_.restarts += container.restarts;
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
  if (policy_.revision && standing_.revision != 0 && *policy_.revision != standing_.revision) {
    verdict_.state = State::superseded;
    verdict_.text = fmt::format("revision {} is rolled out, not {}", standing_.revision, *policy_.revision);
    return std::move(verdict_);
  }

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
  if (verdict_.state != State::failed && policy_.enough_ready && standing_.counts.ready >= *policy_.enough_ready) {
    if (const auto left = start_unproven(); left > 0ms) {
      again(left);
      return std::move(verdict_);
    }
    verdict_.state = State::done;
    verdict_.text = fmt::format("{} new pods are ready", standing_.counts.ready);
    return std::move(verdict_);
  }
  if (verdict_.state != State::failed) settle();
  if (verdict_.state != State::progressing) return std::move(verdict_);
  if (standing_.no_rule) {
    verdict_.state = State::no_rule;
    verdict_.text = standing_.text;
    return std::move(verdict_);
  }
  if (!standing_.held.empty()) {
    verdict_.state = State::held;
    verdict_.text = standing_.held;
    return std::move(verdict_);
  }
  if (!standing_.complete) {
    deadline();
    if (verdict_.state == State::progressing && !policy_.one_look) no_progress();
  }
  return std::move(verdict_);
}

std::string_view name_of(State state) {
  switch (state) {
  case State::done: return "done";
  case State::progressing: return "progressing";
  case State::held: return "held";
  case State::no_rule: return "no-rule";
  case State::failed: return "failed";
  case State::superseded: return "superseded";
  case State::gone: return "gone";
  case State::unreachable: return "unreachable";
  case State::timeout: return "timeout";
  }
  return "unknown";
}

Verdict judge(const Snapshot& now, const Policy& policy, Memory& memory) {
  const bool annotated = now.object && std::ranges::any_of(now.object->annotations, [](const auto& note) {
                           return note.first.starts_with("slipway/");
                         });
  if (!annotated) return Judge(now, policy, memory).run();
  std::vector<std::string> wrong;
  const auto own = with_annotations(policy, now.object->annotations, wrong);
  auto verdict = Judge(now, own, memory).run();
  verdict.warnings.insert(verdict.warnings.end(), wrong.begin(), wrong.end());
  return verdict;
}

}  // namespace slipway::kube
