// SPDX-License-Identifier: Apache-2.0
// New pods from the same template: a stamp in it where the controller does the rest, evictions where it waits for a
// person (OnDelete).
#include "actions.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "share.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <algorithm>

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

/// One after the other: evicted, replaced, ready again. A PodDisruptionBudget is obeyed by the server.
Done evict_all(Session& session, Site& site, const json& object) {
  const auto& run = session.run();
  Done done;
  done.at = site.client->now();
  done.to_follow = false;
  const auto old = pods_of(site, object, run);
  done.text = fmt::format("restarted: {} pods, one by one", old.size());
  done.fields = {{"pods", old.size()}};
  if (session.context.common.dry_run) return done;
  const auto batch = static_cast<std::size_t>(session.options.batch);
  for (std::size_t begin = 0; begin < old.size(); begin += batch) {
    const auto end = std::min(old.size(), begin + batch);
    for (auto i = begin; i < end; ++i) {
      run.events.note(fmt::format("{}: evicting {} ({} of {})", site.target.text(), old[i].name, i + 1, old.size()));
      evict(site, old[i], run);
      session.leaves(site, fmt::format("{} of {} pods restarted; the others are as they were", i + 1, old.size()));
    }
    for (bool whole = false; !whole;) {
      site.client->wait(500ms, run);
      const auto now = pods_of(site, object, run);
      const bool gone = std::ranges::none_of(now, [&](const kube::Pod& pod) {
        return std::ranges::any_of(old.begin() + static_cast<std::ptrdiff_t>(begin),
                                   old.begin() + static_cast<std::ptrdiff_t>(end),
                                   [&](const kube::Pod& each) { return each.uid == pod.uid; });
      });
      whole = gone && now.size() >= old.size() &&
              std::ranges::all_of(now, [](const kube::Pod& pod) { return pod.ready(); });
    }
  }
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
  if (facts.on_delete) return evict_all(session, site, object);
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
