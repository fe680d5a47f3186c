// SPDX-License-Identifier: Apache-2.0
// New pods from the same template: a stamp in it where the controller does the rest, evictions where it waits for a
// person (OnDelete).
#include "actions.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "judged.hpp"
#include "kube/fields.hpp"
#include "share.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace slipway::rollout {

using namespace std::chrono_literals;
using kube::flag_at;
using kube::text_at;
using nlohmann::json;

namespace {

std::vector<kube::Pod> pods_of(Site& site, const json& object, const io::Run& run) {
  const auto facts = kube::read_workload(object, site.target.kind);
  const auto path = kube::with_query(kube::path_of(*kube::known_resource("pods"), site.target.name_space),
                                     {{"labelSelector", facts.selector_text}});
  std::vector<kube::Pod> pods;
  for (const auto& each : site.client->list(path, run)) {
    auto pod = kube::read_pod(each);
    // A Deployment's pods belong to its ReplicaSets, whose selector is narrower than its own.
    if (site.target.kind == kube::Kind::deployment || pod.owner == facts.uid) pods.push_back(std::move(pod));
  }
  std::ranges::sort(pods, {}, &kube::Pod::name);
  return pods;
}

/// A PodDisruptionBudget's no is waited out: the pod that went before may not count as healthy again yet.
void evict_when_allowed(Site& site, const kube::Pod& pod, std::chrono::milliseconds most, const io::Run& run) {
  const auto end = std::chrono::steady_clock::now() + most;
  for (bool said = false;; said = true) {
    try {
      evict(site, pod, run);
      return;
    } catch (const Error& error) {
      if (error.failure().id != failure::busy.id || std::chrono::steady_clock::now() >= end) throw;
      if (!said)
        run.events.note(fmt::format("{}: {} may not go yet: {}", site.target.text(), pod.name, error.message()));
    }
    site.client->wait(1s, run);
  }
}

/// One after the other: evicted, replaced, ready again. Where one does not get well, the others stay as they are.
Done evict_all(Session& session, Site& site, const json& object, const kube::Workload& facts) {
  constexpr std::chrono::milliseconds budget_patience = 10min;
  const auto& run = session.run();
  Done done;
  done.at = site.client->now();
  done.to_follow = false;
  auto old = pods_of(site, object, run);
  // As the controller of a StatefulSet itself goes: from the highest ordinal down.
  if (site.target.kind == kube::Kind::stateful_set)
    std::ranges::sort(old, std::greater{}, [](const kube::Pod& pod) { return std::pair(pod.name.size(), pod.name); });
  const auto batch = static_cast<std::size_t>(session.options.batch);
  done.text = fmt::format("restarted: {} pod{}, {}", old.size(), old.size() == 1 ? "" : "s",
                          batch == 1 ? "one by one" : fmt::format("{} at once", batch));
  done.fields = {{"pods", old.size()}};
  if (session.context.common.dry_run) {
    if (session.sends())
      for (const auto& pod : old) evict(site, pod, run);
    return done;
  }
  auto options = track_options(session.options, *site.cluster);
  options.wait = true;
  options.policy.stable =
      std::max<std::chrono::milliseconds>(options.policy.stable, std::chrono::seconds(facts.min_ready_seconds));
  auto& renewal = options.policy.renewal.emplace();
  for (const auto& pod : old) renewal.before.insert(pod.uid);
  for (std::size_t i = 0; i < old.size();) {
    for (const auto end = std::min(old.size(), i + batch); i < end; ++i) {
      run.events.note(fmt::format("{}: evicting {} ({} of {})", site.target.text(), old[i].name, i + 1, old.size()));
      evict_when_allowed(site, old[i], session.options.no_progress.value_or(budget_patience), run);
      renewal.evicted.insert(old[i].uid);
      session.leaves(site, fmt::format("{} of {} pods evicted; the others are as they were", i + 1, old.size()));
    }
    done.outcome = kube::wait_ready(*site.client, {site.target}, options, run).front();
    if (done.outcome->verdict.state == kube::State::done) continue;
    done.text = fmt::format("stopped: {} of {} pods evicted, the others are as they were", i, old.size());
    tell_outcome(session, site, *done.outcome);
    break;
  }
  done.fields["evicted"] = renewal.evicted.size();
  return done;
}

}  // namespace

void check_restart(Session& session, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  if (flag_at(object, {"spec", "paused"}))
    throw Error(failure::conflict, fmt::format("{} is paused: a restart would wait for ever", site.target.text()),
                fmt::format("k8s-rollout {} {}", is_canary(object) ? "canary promote" : "resume", site.arguments()));
}

Done restart(Session& session, Site& site) {
  check_restart(session, site);
  const auto object = site.client->get(path_of(site), session.run());
  const auto now = site.client->now();
  if (session.options.if_older) {
    const auto pods = pods_of(site, object, session.run());
    const auto young = [&](const kube::Pod& pod) {
      return pod.created && now - *pod.created < *session.options.if_older;
    };
    if (!pods.empty() && std::ranges::all_of(pods, young)) {
      Done done;
      done.at = now;
      done.changed = false;
      done.text = fmt::format("not restarted: no pod is older than {}", text::show_duration(*session.options.if_older));
      return done;
    }
  }
  const auto facts = kube::read_workload(object, site.target.kind);
  if (facts.on_delete) return evict_all(session, site, object, facts);
  // With nanoseconds, so that two restarts within a second are two.
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count() % 1'000'000'000;
  const auto stamp = fmt::format("{}.{:09}Z", text::rfc3339(now).substr(0, 19), nanoseconds);
  const json note{{"kubectl.kubernetes.io/restartedAt", stamp}};
  json change{{"spec", {{"template", {{"metadata", {{"annotations", note}}}}}}}};
  if (!session.options.reason.empty())
    change["metadata"]["annotations"]["kubernetes.io/change-cause"] = session.options.reason;
  auto done = patch_site(session, site, change, "restarted");
  done.at = now;
  return done;
}

}  // namespace slipway::rollout
