// SPDX-License-Identifier: Apache-2.0
#include "undo.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/template_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::rollout {

using kube::text_at;
using nlohmann::json;

namespace {

constexpr int most_tries = 5;

struct Plan {
  json deployment;
  History history;
  Choice choice;
  Undone undone;
};

std::vector<json> replica_sets(Site& site, const json& deployment, const io::Run& run) {
  const auto facts = kube::read_workload(deployment, kube::Kind::deployment);
  return site.client->list(kube::with_query(kube::path_of(*kube::known_resource("replicasets"), site.target.name_space),
                                            {{"labelSelector", facts.selector_text}}),
                           run);
}

/// The ConfigMaps and Secrets that the old template names may have been pruned since.
void check_needs(Site& site, const Revision& to, bool force, const io::Run& run) {
  std::vector<std::string> missing;
  for (const auto& [plural, name] : needs_of(to.pod_template)) {
    try {
      if (!site.client->find(kube::path_of(*kube::known_resource(plural), site.target.name_space, name), run))
        missing.push_back(fmt::format("{}/{}", plural, name));
    } catch (const Error& error) {
      if (error.failure().id != failure::denied.id) throw;
      run.events.detail(fmt::format("{}: {} may not be read, so it is not checked whether {} still exists",
                                    site.place(), plural, name));
    }
  }
  if (missing.empty()) return;
  const auto what = fmt::format("revision {} of {} needs what no longer exists: {}", to.number, site.target.text(),
                                text::join(missing, ", "));
  if (!force) throw Error(failure::bad_input, what, "--force goes there all the same");
  run.events.warn(what);
}

void check_guard(const Guard& guard, const json& deployment, const Site& site) {
  if (text_at(deployment, {"metadata", "uid"}) == guard.uid &&
      kube::canonical_template(kube::map_at(deployment, {"spec", "template"})) == guard.template_text)
    return;
  throw Error(failure::conflict,
              fmt::format("{} was changed by someone else meanwhile: not undone", site.target.text()));
}

Plan make_plan(Site& site, const UndoRequest& request, bool first, const io::Run& run) {
  Plan plan;
  plan.deployment = site.client->get(path_of(site), run);
  if (request.guard) check_guard(*request.guard, plan.deployment, site);
  if (kube::flag_at(plan.deployment, {"spec", "paused"}) && !request.resume)
    throw Error(failure::conflict, fmt::format("{} is paused: an undo would wait for ever", site.target.text()),
                fmt::format("k8s-rollout undo {} --resume", site.arguments()));
  plan.history = read_history(plan.deployment, replica_sets(site, plan.deployment, run));
  plan.choice = choose(plan.history, request.wanted);
  const auto* current = plan.history.current();
  auto& undone = plan.undone;
  undone.to = plan.choice.to->number;
  undone.why = plan.choice.why;
  undone.images = plan.choice.to->images;
  undone.from = current ? current->number : 0;
  const auto now = kube::canonical_template(kube::map_at(plan.deployment, {"spec", "template"}));
  const auto then = plan.choice.to->pod_template.dump();
  undone.changed = now != then;
  undone.changes = kube::template_changes(now, then);
  if (undone.changed) check_needs(site, *plan.choice.to, request.force, run);
  if (first && undone.changed)
    for (const auto& owner : owners_of(plan.deployment))
      run.events.warn(fmt::format("{} {}: {}", site.cluster->name, site.target.text(), owner));
  return plan;
}

/// Whose write was the last one, for the message about a lost race.
std::string last_writer(const json& deployment) {
  std::string manager;
  std::optional<kube::Time> latest;
  for (const auto& entry : kube::list_at(deployment, {"metadata", "managedFields"})) {
    const auto time = kube::time_at(entry, {"time"});
    if (text_at(entry, {"subresource"}) == "status" || !time || (latest && *time <= *latest)) continue;
    latest = time;
    manager = text_at(entry, {"manager"});
  }
  return manager.empty() ? "someone else" : manager;
}

}  // namespace

std::string path_of(const Site& site, std::string_view subresource) {
  return kube::path_of(*kube::known_resource(kube::resource_of(site.target.kind)), site.target.name_space,
                       site.target.name, subresource);
}

History fetch_history(Site& site, const io::Run& run) {
  const auto deployment = site.client->get(path_of(site), run);
  return read_history(deployment, replica_sets(site, deployment, run));
}

Undone plan_undo(Site& site, const UndoRequest& request, const io::Run& run) {
  return make_plan(site, request, true, run).undone;
}

Undone undo(Site& site, const UndoRequest& request, const io::Run& run) {
  for (int tries = 1;; ++tries) {
    auto plan = make_plan(site, request, tries == 1, run);
    auto& undone = plan.undone;
    undone.at = site.client->now();
    if (!undone.changed || request.dry_run) return undone;
    const UndoNote note{site.cluster->access.user, undone.at, request.reason, request.sync_last_applied,
                        request.resume};
    try {
      (void)site.client->patch(path_of(site), kube::Patch::json, undo_patch(plan.deployment, *plan.choice.to, note),
                               run);
      return undone;
    } catch (const Error& error) {
      if (error.failure().id != failure::conflict.id) throw;
      const auto now = site.client->get(path_of(site), run);
      const bool same =
          kube::map_at(now, {"spec", "template"}) == kube::map_at(plan.deployment, {"spec", "template"}) &&
          kube::flag_at(now, {"spec", "paused"}) == kube::flag_at(plan.deployment, {"spec", "paused"}) &&
          text_at(now, {"metadata", "uid"}) == text_at(plan.deployment, {"metadata", "uid"});
      if (!same || tries == most_tries)
        throw Error(failure::conflict,
                    fmt::format("{} was changed by {} meanwhile: not undone", site.target.text(), last_writer(now)),
                    fmt::format("k8s-rollout history {}", site.arguments()));
    }
  }
}

}  // namespace slipway::rollout
