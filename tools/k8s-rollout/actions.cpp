// SPDX-License-Identifier: Apache-2.0
#include "actions.hpp"

#include "canary.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "sequence.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <charconv>

namespace slipway::rollout {

using kube::flag_at;
using kube::int_at;
using kube::Kind;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr int most_tries = 5;
constexpr const char* partition_note = "slipway/partition";

void check_options(const Options& options) {
  if (options.command == "undo") {
    const int ways = (options.to_revision ? 1 : 0) + (options.to_image ? 1 : 0) + (options.previous ? 1 : 0);
    if (ways > 1) throw Error(failure::bad_usage, "--to-revision, --to-image and --previous exclude each other");
    if (options.to_revision && *options.to_revision < 0)
      throw Error(failure::bad_usage, fmt::format("--to-revision has to be 1 or more, not {}", *options.to_revision));
  }
  if (options.batch < 1)
    throw Error(failure::bad_usage, fmt::format("--batch has to be 1 or more, not {}", options.batch));
  if (options.clusters_at_once < 1)
    throw Error(failure::bad_usage,
                fmt::format("--clusters-at-once has to be 1 or more, not {}", options.clusters_at_once));
  if (options.command != "scale") return;
  if (options.replicas.has_value() == options.restore)
    throw Error(failure::bad_usage, options.restore ? "--replicas and --restore exclude each other"
                                                    : "scale needs --replicas N or --restore");
  if (options.replicas && *options.replicas < 0)
    throw Error(failure::bad_usage, fmt::format("--replicas has to be 0 or more, not {}", *options.replicas));
}

void check_pause(Session& session, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  if (site.target.kind == Kind::stateful_set) check_rolling_set(site, object);
}

int partition_of(const json& object) {
  return int_at(object, {"spec", "updateStrategy", "rollingUpdate", "partition"});
}

/// What the partition was before we held the set by it.
std::optional<int> remembered_partition(const json& object) {
  const auto written = text_at(object, {"metadata", "annotations", partition_note});
  int number = 0;
  const auto [end, wrong] = std::from_chars(written.data(), written.data() + written.size(), number);
  if (wrong != std::errc{} || end != written.data() + written.size() || number < 0) return std::nullopt;
  return number;
}

Done pause_set(Session& session, Site& site, const json& object, bool paused) {
  check_rolling_set(site, object);
  Done done;
  done.changed = false;
  done.at = site.client->now();
  const int partition = partition_of(object);
  const int wanted =
      paused ? std::max(partition, int_at(object, {"spec", "replicas"}, 1)) : remembered_partition(object).value_or(0);
  if (partition == wanted) {
    done.text = paused ? "already paused" : "is not paused";
    return done;
  }
  if (paused) {
    done = hold_set(session, site, object, wanted, fmt::format("paused (partition {})", wanted));
    done.to_follow = false;
    return done;
  }
  json change{{"spec", {{"updateStrategy", {{"rollingUpdate", {{"partition", wanted}}}}}}}};
  change["metadata"]["annotations"][partition_note] = nullptr;
  done = patch_site(session, site, change,
                    wanted == 0 ? "resumed" : fmt::format("resumed (partition {}, as before)", wanted));
  return done;
}

}  // namespace

Action action_for(Session& session) {
  check_options(session.options);
  auto* s = &session;
  const auto& command = session.options.command;
  if (command == "undo")
    return {[s](Step& step) { step.planned = plan_undo(step.site, undo_request(*s), s->run()); },
            [s](Site& site) { return undo_site(*s, site); }, true, kinds_with_revisions};
  if (command == "pause" && session.options.at)
    return {[s](Step& step) { check_pause_at(*s, step.site); },
            [s](Site& site) { return pause_at(*s, site); },
            false,
            {Kind::deployment, Kind::stateful_set}};
  if (command == "pause")
    return {[s](Step& step) { check_pause(*s, step.site); },
            [s](Site& site) { return set_paused(*s, site, true); },
            false,
            {Kind::deployment, Kind::stateful_set}};
  if (command == "resume")
    return {[s](Step& step) { check_pause(*s, step.site); },
            [s](Site& site) { return set_paused(*s, site, false); },
            true,
            {Kind::deployment, Kind::stateful_set}};
  if (command == "restart")
    return {[s](Step& step) { check_restart(*s, step.site); }, [s](Site& site) { return restart(*s, site); }, true,
            kinds_with_revisions};
  return {[s](Step& step) { check_scale(*s, step.site); },
          [s](Site& site) { return scale(*s, site); },
          true,
          {Kind::deployment, Kind::stateful_set, Kind::replica_set, Kind::replication_controller, Kind::custom},
          "scale"};
}

Done hold_set(Session& session, Site& site, const json& object, int partition, std::string text) {
  json change{{"spec", {{"updateStrategy", {{"rollingUpdate", {{"partition", partition}}}}}}}};
  change["metadata"]["annotations"][partition_note] =
      std::to_string(remembered_partition(object).value_or(partition_of(object)));
  return patch_site(session, site, change, std::move(text));
}

void check_rolling_set(const Site& site, const json& object) {
  if (text_at(object, {"spec", "updateStrategy", "type"}) == "OnDelete")
    throw Error(failure::bad_usage,
                fmt::format("{} updates on deletion only (OnDelete): there is nothing to pause", site.target.text()),
                fmt::format("k8s-rollout restart {} evicts its pods", site.arguments()));
}

Done patch_site(Session& session, Site& site, const json& change, std::string text) {
  Done done;
  done.at = site.client->now();
  done.text = std::move(text);
  if (session.sends()) (void)site.client->patch(path_of(site), kube::Patch::merge, change, session.run());
  return done;
}

json patch_with(Session& session, Site& site, const std::function<json(const json&)>& make) {
  const auto& run = session.run();
  auto object = site.client->get(path_of(site), run);
  for (int tries = 1;; ++tries) {
    try {
      return site.client->patch(path_of(site), kube::Patch::json, make(object), run);
    } catch (const Error& error) {
      if (error.failure().id != failure::conflict.id) throw;
      auto now = site.client->get(path_of(site), run);
      const bool same = now.at("metadata").at("uid") == object.at("metadata").at("uid") &&
                        kube::map_at(now, {"spec"}) == kube::map_at(object, {"spec"});
      if (!same || tries == most_tries)
        throw Error(failure::conflict, fmt::format("{} was changed by someone else meanwhile", site.target.text()),
                    fmt::format("k8s-rollout history {}", site.arguments()));
      object = std::move(now);
    }
  }
}

Done undo_site(Session& session, Site& site) {
  const auto request = undo_request(session);
  const auto undone = undo(site, request, session.run());
  Done done;
  done.at = undone.at;
  done.changed = undone.changed;
  done.fields = {{"from", undone.from},
                 {"to", undone.to},
                 {"why", undone.why},
                 {"images", undone.images},
                 {"changes", undone.changes}};
  if (!undone.changed) {
    done.text = fmt::format("already at revision {}", undone.to);
    return done;
  }
  done.text = fmt::format("rolled back: revision {} -> {}, {}", undone.from, undone.to, undone.why);
  if (request.dry_run || session.options.with_diff)
    for (const auto& change : undone.changes) done.details += "\n  " + change;
  return done;
}

Done set_paused(Session& session, Site& site, bool paused) {
  const auto object = site.client->get(path_of(site), session.run());
  Done done;
  done.changed = false;
  done.at = site.client->now();
  if (site.target.kind == Kind::stateful_set) return pause_set(session, site, object, paused);
  if (flag_at(object, {"spec", "paused"}) == paused) {
    done.text = paused ? "already paused" : "is not paused";
    return done;
  }
  if (!paused && is_canary(object))
    throw Error(failure::conflict, fmt::format("{} stands at a canary's share", site.target.text()),
                fmt::format("k8s-rollout canary promote {}", site.arguments()));
  json change{{"spec", {{"paused", paused ? json(true) : json(nullptr)}}}};
  if (paused && !session.options.reason.empty())
    change["metadata"]["annotations"]["kubernetes.io/change-cause"] = session.options.reason;
  done = patch_site(session, site, change, paused ? "paused" : "resumed");
  done.to_follow = !paused;
  return done;
}

}  // namespace slipway::rollout
