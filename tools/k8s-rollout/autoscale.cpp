// SPDX-License-Identifier: Apache-2.0
#include "autoscale.hpp"

#include "actions.hpp"
#include "core/error.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

namespace slipway::rollout {

using kube::Kind;
using kube::text_at;
using nlohmann::json;
using nlohmann::ordered_json;

json autoscaler(const Options& options, const Site& site, const std::string& name) {
  if (options.min && *options.min < 0)
    throw Error(failure::bad_usage, fmt::format("--min has to be 0 or more, not {}", *options.min));
  if (options.max && *options.max < 1)
    throw Error(failure::bad_usage, fmt::format("--max has to be 1 or more, not {}", *options.max));
  if (options.min && options.max && *options.min > *options.max)
    throw Error(failure::bad_usage, fmt::format("--min {} is more than --max {}", *options.min, *options.max));
  json spec{{"scaleTargetRef",
             {{"apiVersion", site.target.api().api_version()},
              {"kind", site.target.api().kind},
              {"name", site.target.name}}}};
  if (options.min) spec["minReplicas"] = *options.min;
  if (options.max) spec["maxReplicas"] = *options.max;
  json metrics = json::array();
  for (const auto& [resource, percent] : {std::pair("cpu", options.cpu), std::pair("memory", options.memory)}) {
    if (!percent) continue;
    if (*percent < 1)
      throw Error(failure::bad_usage, fmt::format("--{} has to be 1 or more, not {}", resource, *percent));
    metrics.push_back(
        {{"type", "Resource"},
         {"resource", {{"name", resource}, {"target", {{"type", "Utilization"}, {"averageUtilization", *percent}}}}}});
  }
  if (!metrics.empty()) spec["metrics"] = metrics;
  if (options.off || options.on) {
    const auto policy = options.off ? "Disabled" : "Max";
    spec["behavior"] = {{"scaleUp", {{"selectPolicy", policy}}}, {"scaleDown", {{"selectPolicy", policy}}}};
  }
  return {{"apiVersion", "autoscaling/v2"},
          {"kind", "HorizontalPodAutoscaler"},
          {"metadata", {{"name", name}, {"namespace", site.target.name_space}}},
          {"spec", spec}};
}

namespace {

std::string apply(Session& session, Site& site) {
  const auto& options = session.options;
  const auto& run = session.run();
  const auto existing = autoscalers_of(site, run);
  if (existing.size() > 1)
    session.run().events.warn(
        fmt::format("{} has {} autoscalers, which work against each other", site.target.text(), existing.size()));
  const auto name = options.name       ? *options.name
                    : existing.empty() ? site.target.name
                                       : text_at(existing.front(), {"metadata", "name"});
  const json* own = nullptr;
  for (const auto& each : existing)
    if (text_at(each, {"metadata", "name"}) == name) own = &each;
  if (!own && (options.off || options.on))
    throw Error(failure::not_found, fmt::format("{} has no autoscaler{}", site.target.text(),
                                                options.name ? fmt::format(" '{}'", name) : ""));
  if (!own && !options.max) throw Error(failure::bad_usage, "a new autoscaler needs --max N");
  auto object = autoscaler(options, site, name);
  const auto path = kube::path_of(*kube::known_resource("hpa"), site.target.name_space, name);
  if (!session.sends()) return own ? "autoscaler would be changed" : "autoscaler would be made";
  if (!own) {
    (void)site.client->patch(path, kube::Patch::apply, object, run);
    return fmt::format("autoscaler '{}' made: {} to {} pods", name, options.min.value_or(1), *options.max);
  }
  // What the options do not name stays as it is, whoever wrote it.
  const json change{{"spec", object["spec"]}};
  const auto before = kube::map_at(*own, {"spec"});
  const auto after = site.client->patch(path, kube::Patch::merge, change, run);
  if (kube::map_at(after, {"spec"}) == before) return fmt::format("autoscaler '{}' is so already", name);
  const auto limits = fmt::format("{} to {} pods", kube::int_at(after, {"spec", "minReplicas"}, 1),
                                  kube::int_at(after, {"spec", "maxReplicas"}));
  // @source HorizontalPodAutoscaler: Disabled policies do not keep it from bringing the number back to its limits
  if (options.off) return fmt::format("autoscaler '{}' switched off: it stays, and only keeps {}", name, limits);
  if (options.on) return fmt::format("autoscaler '{}' switched on", name);
  return fmt::format("autoscaler '{}' changed: {}", name, limits);
}

/// Whether it can be done, as far as can be known before.
void check(Session& session, Site& site) {
  const auto object =
      site.client->get(kube::path_of(site.target.api(), site.target.name_space, site.target.name), session.run());
  if (kube::int_at(object, {"spec", "replicas"}, 1) == 0)
    session.run().events.warn(
        fmt::format("{} is scaled to 0: an autoscaler does not bring it back (scale --restore)", site.target.text()));
  if (!session.many()) return;
  const auto& hpa = *kube::known_resource("hpa");
  for (const auto* verb : {"create", "patch"}) demand_allowed(site, verb, hpa, session.run());
}

}  // namespace

ExitCode autoscale(Session& session, const std::vector<Wish>& wishes) {
  const auto& options = session.options;
  if (options.off && options.on) throw Error(failure::bad_usage, "--off and --on exclude each other");
  if (!options.off && !options.on && !options.min && !options.max && !options.cpu && !options.memory)
    throw Error(failure::bad_usage, "autoscale needs --max, --min, --cpu, --memory, --off or --on");
  ordered_json results = ordered_json::array();
  auto code = ExitCode::ok;
  auto sites = session.sites_everywhere(
      wishes, {Kind::deployment, Kind::stateful_set, Kind::replica_set, Kind::custom},
      [&](Site& site) { check(session, site); }, code);
  if (!sites) return code;
  bool some_done = false;
  for (auto& site : *sites) {
    std::string text;
    try {
      text = apply(session, site).append(session.dry_run_note());
      some_done = true;
    } catch (const Error& error) {
      if (!session.many() || error.failure().id == failure::interrupted.id) throw;
      code = tell_error(session, *site.cluster, error);
      text = "not changed: " + error.message();
    }
    results.push_back({{"cluster", site.cluster->name},
                       {"namespace", site.target.name_space},
                       {"workload", site.target.text()},
                       {"text", text}});
    if (!session.json())
      session.context.out.print_line(
          fmt::format("{}{} \"{}\": {}", session.prefix(*site.cluster), site.target.type(), site.target.name, text));
    if (code != ExitCode::ok) break;  // the next one is not touched
  }
  if (code != ExitCode::ok && some_done) code = ExitCode::partial;
  if (session.json())
    session.context.out.print_line(
        ordered_json{{"schema", schema}, {"command", "autoscale"}, {"status", status(code)}, {"results", results}}
            .dump());
  return code;
}

}  // namespace slipway::rollout
