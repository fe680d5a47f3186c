// SPDX-License-Identifier: Apache-2.0
// The number of replicas, through the scale subresource that every scalable kind has; the autoscaler that owns the
// number is asked first.
#include "actions.hpp"
#include "core/error.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <charconv>

namespace slipway::rollout {

using kube::int_at;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr const char* before_zero = "slipway/replicas-before-zero";

struct Scaling {
  int from = 0;
  int to = 0;
  std::string version;
};

void check_autoscaler(Session& session, Site& site, int to) {
  auto& events = session.run().events;
  for (const auto& scaler : autoscalers_of(site, session.run())) {
    const auto name = text_at(scaler, {"metadata", "name"});
    const int least = int_at(scaler, {"spec", "minReplicas"}, 1);
    const int most = int_at(scaler, {"spec", "maxReplicas"}, 1);
    if (to == 0) {
      events.warn(
          fmt::format("{}: 0 switches the autoscaler '{}' off: it does not come back by itself (scale --restore)",
                      site.place(), name));
    } else if (to < least || to > most) {
      const auto what = fmt::format("the autoscaler '{}' keeps {} between {} and {}: {} would not last", name,
                                    site.target.text(), least, most, to);
      if (!session.options.force) throw Error(failure::conflict, what, "--force scales all the same");
      events.warn(what);
    } else {
      events.warn(fmt::format("the autoscaler '{}' may change it again, between {} and {}", name, least, most));
    }
  }
}

Scaling plan_scale(Session& session, Site& site) {
  const auto& options = session.options;
  const auto object = site.client->get(path_of(site), session.run());
  Scaling scaling;
  scaling.from = int_at(object, {"spec", "replicas"}, 1);
  scaling.version = text_at(object, {"metadata", "resourceVersion"});
  if (options.current_replicas && *options.current_replicas != scaling.from)
    throw Error(failure::conflict, fmt::format("{} has {} replicas, not {}: not scaled", site.target.text(),
                                               scaling.from, *options.current_replicas));
  if (options.resource_version && *options.resource_version != scaling.version)
    throw Error(failure::conflict, fmt::format("{} is at version {}, not {}: not scaled", site.target.text(),
                                               scaling.version, *options.resource_version));
  if (options.replicas) {
    scaling.to = *options.replicas;
  } else {
    const auto stored = text_at(object, {"metadata", "annotations", before_zero});
    std::from_chars(stored.data(), stored.data() + stored.size(), scaling.to);
    if (scaling.to <= 0)
      throw Error(
          failure::not_found,
          fmt::format("{} was not scaled to 0 by this tool: how many there were is not known", site.target.text()),
          fmt::format("k8s-rollout scale {} --replicas N", site.arguments()));
    if (scaling.from != 0) scaling.to = scaling.from;  // it runs already
  }
  if (scaling.from != scaling.to) check_autoscaler(session, site, scaling.to);
  return scaling;
}

}  // namespace

std::vector<json> autoscalers_of(Site& site, const io::Run& run) {
  std::vector<json> found;
  try {
    for (auto& scaler : site.client->list(kube::path_of(*kube::known_resource("hpa"), site.target.name_space), run))
      if (text_at(scaler, {"spec", "scaleTargetRef", "name"}) == site.target.name &&
          text_at(scaler, {"spec", "scaleTargetRef", "kind"}) == site.target.api().kind)
        found.push_back(std::move(scaler));
  } catch (const Error& error) {
    if (error.failure().id != failure::denied.id && error.failure().id != failure::not_found.id) throw;
  }
  return found;
}

void check_scale(Session& session, Site& site) { (void)plan_scale(session, site); }

Done scale(Session& session, Site& site) {
  const auto plan = plan_scale(session, site);
  Done done;
  done.at = site.client->now();
  done.fields = {{"from", plan.from}, {"to", plan.to}};
  // A custom resource is scaled, but what its controller makes of it is its own rule.
  done.to_follow = site.target.kind != kube::Kind::custom;
  if (plan.from == plan.to) {
    done.changed = false;
    done.text = fmt::format("already has {} replica{}", plan.to, plan.to == 1 ? "" : "s");
    return done;
  }
  done.text = fmt::format("scaled {} -> {}", plan.from, plan.to);
  if (!session.sends()) return done;
  auto version = plan.version;
  if (plan.to == 0 || session.options.restore) {
    const json remembered = plan.to == 0 ? json(std::to_string(plan.from)) : json(nullptr);
    const json note{{"metadata", {{"annotations", {{before_zero, remembered}}}, {"resourceVersion", version}}}};
    version = text_at(site.client->patch(path_of(site), kube::Patch::merge, note, session.run()),
                      {"metadata", "resourceVersion"});
  }
  json change{{"spec", {{"replicas", plan.to}}}};
  if (session.options.current_replicas || session.options.resource_version)
    change["metadata"]["resourceVersion"] = version;
  (void)site.client->patch(path_of(site, "scale"), kube::Patch::merge, change, session.run());
  return done;
}

}  // namespace slipway::rollout
