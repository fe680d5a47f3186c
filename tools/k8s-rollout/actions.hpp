// SPDX-License-Identifier: Apache-2.0
// The commands that change something: undo, pause, resume, restart, scale. Each is looked at before anything is
// written anywhere, and then done site by site; plan.hpp runs them over several clusters.
#pragma once

#include "session.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace slipway::rollout {

/// What came of one workload.
struct Done {
  std::string text;     ///< "restarted", "scaled 2 -> 3"
  std::string details;  ///< further lines for people, each after a line break
  bool changed = true;
  bool to_follow = true;                      ///< there is an outcome to wait for
  std::optional<kube::Outcome> outcome = {};  ///< of an action that has waited for it itself, and told it
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
  kube::Time at;
};

struct Step;

struct Action {
  std::function<void(Step&)> check;  ///< before anything is written; may throw
  std::function<Done(Site&)> apply;  ///< may throw
  bool waits_by_itself = false;      ///< on several clusters each is followed before the next
  std::vector<kube::Kind> kinds;
  /// To be allowed for: verb and subresource.
  std::string subresource = {};
};

/// @throws Error bad_usage: options that contradict each other
[[nodiscard]] Action action_for(Session& session);

// The actions themselves.
[[nodiscard]] Done undo_site(Session& session, Site& site);
[[nodiscard]] Done set_paused(Session& session, Site& site, bool paused);
void check_restart(Session& session, Site& site);
[[nodiscard]] Done restart(Session& session, Site& site);
void check_scale(Session& session, Site& site);
[[nodiscard]] Done scale(Session& session, Site& site);

/// @throws Error bad_usage for a StatefulSet that updates on deletion only: it has no partition to hold it by
void check_rolling_set(const Site& site, const nlohmann::json& object);

/// A StatefulSet is held by its partition: that many pods stay where they are. What somebody had set there before is
/// remembered in the annotation slipway/partition, for resume.
[[nodiscard]] Done hold_set(Session& session, Site& site, const nlohmann::json& object, int partition,
                            std::string text);

/// A merge patch, unless it is a dry run.
Done patch_site(Session& session, Site& site, const nlohmann::json& change, std::string text);
/// A JSON patch made from what is there, and made again as long as only the status moved in between. Needs the UID and
/// the version as `test`s. @throws Error conflict: someone else changed what a person decides
nlohmann::json patch_with(Session& session, Site& site,
                          const std::function<nlohmann::json(const nlohmann::json&)>& make);
/// The autoscalers that target the workload; nothing where they may not be read.
[[nodiscard]] std::vector<nlohmann::json> autoscalers_of(Site& site, const io::Run& run);

}  // namespace slipway::rollout
