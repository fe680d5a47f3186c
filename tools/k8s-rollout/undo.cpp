// SPDX-License-Identifier: Apache-2.0
#include "undo.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/template_diff.hpp"
#include "share.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::rollout {

using kube::text_at;
using nlohmann::json;

namespace {

constexpr int most_tries = 5;

struct Plan {
  json workload;
  History history;
  Choice choice;
  Undone undone;
};

std::vector<json> list_parts(Site& site, const char* plural, const std::string& selector, const io::Run& run) {
  return site.client->list(kube::with_query(kube::path_of(*kube::known_resource(plural), site.target.name_space),
                                            {{"labelSelector", selector}}),
                           run);
}

History history_of(Site& site, const json& workload, const io::Run& run) {
  const auto kind = site.target.kind;
  const auto selector = kube::read_workload(workload, kind).selector_text;
  if (kind == kube::Kind::deployment) return read_history(workload, list_parts(site, "replicasets", selector, run));
  std::vector<json> pods;
  try {
    pods = list_parts(site, "pods", selector, run);
  } catch (const Error& error) {
    if (error.failure().id != failure::denied.id) throw;  // who serves is then unknown, the rest is not
  }
  return read_history(workload, kind, list_parts(site, "controllerrevisions", selector, run), pods);
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

/// @source kube-apiserver, dryRun=All
bool same_to_server(Site& site, const json& workload, const Revision& to, const std::string& now, const io::Run& run) {
  auto patch = to.data;
  patch["metadata"]["resourceVersion"] = text_at(workload, {"metadata", "resourceVersion"});
  const auto would_be = site.client->patch(path_of(site), kube::Patch::strategic, patch, run, true);
  return kube::canonical_template(kube::map_at(would_be, {"spec", "template"})) == now;
}

void warn_of_partition(Site& site, const json& workload, const io::Run& run) {
  const int partition = kube::int_at(workload, {"spec", "updateStrategy", "rollingUpdate", "partition"});
  if (site.target.kind != kube::Kind::stateful_set || partition == 0) return;
  const int start = kube::int_at(workload, {"spec", "ordinals", "start"});
  run.events.warn(fmt::format("{}: partition {} holds pods {}-{} to {}-{} where they are", site.target.text(),
                              partition, site.target.name, start, site.target.name, start + partition - 1));
}

/// Evicts pods of other revisions that are not ready: a StatefulSet would wait for them for ever. Not before the
/// controller has seen the template: until then its status names the broken revision, and a pod that goes comes back
/// just as broken.
/// @source StatefulSet, "Forced rollback"
void unstick(Site& site, const io::Run& run) {
  constexpr auto most = std::chrono::seconds(60);
  kube::Workload facts;
  for (const auto end = std::chrono::steady_clock::now() + most;;) {
    facts = kube::read_workload(site.client->get(path_of(site), run), site.target.kind);
    if (facts.observed >= facts.generation) break;
    if (std::chrono::steady_clock::now() >= end) {
      run.events.warn(fmt::format("{}: the controller has not seen the change for {}: no pod is evicted; again later: "
                                  "k8s-rollout undo {} --unstick --to-revision N",
                                  site.target.text(), text::show_duration(most), site.arguments()));
      return;
    }
    site.client->wait(std::chrono::milliseconds(200), run);
  }
  for (const auto& object : list_parts(site, "pods", facts.selector_text, run)) {
    const auto pod = kube::read_pod(object);
    if (pod.owner != facts.uid || pod.ready() || pod.deleting || pod.revision == facts.update_revision) continue;
    evict(site, pod, run);
    run.events.note(fmt::format("evicted pod {}, which was in the way", pod.name));
  }
}

/// Has an undo brought it to where it is, a moment ago or still on its way?
bool under_way(const History& history, const kube::Workload& facts, kube::Time now) {
  constexpr auto a_moment = std::chrono::minutes(2);
  const auto* current = history.current();
  if (!history.returned || !current) return false;
  const auto when = text::parse_rfc3339(history.returned->when);
  return facts.observed < facts.generation || current->available < facts.wanted || (when && now - *when < a_moment);
}

/// Two people undo the same failure: the second must not go on from where the first one's is still on its way. What
/// is in the way of it may go all the same.
std::optional<Choice> choice_under_way(const UndoRequest& request, const Plan& plan, Site& site) {
  const auto& wanted = request.wanted;
  const auto facts = kube::read_workload(plan.workload, site.target.kind);
  if (wanted.revision || wanted.image || wanted.previous || request.guard ||
      !under_way(plan.history, facts, site.client->now()))
    return std::nullopt;
  const auto& returned = *plan.history.returned;
  if (request.unstick && site.target.kind == kube::Kind::stateful_set)
    return Choice{plan.history.current(), "it is on its way there"};
  throw Error(failure::conflict,
              fmt::format("{} was brought back from revision {} already, by {} at {}", site.target.text(),
                          returned.from, returned.who, returned.when),
              fmt::format("k8s-rollout status {}", site.arguments()));
}

Plan make_plan(Site& site, const UndoRequest& request, bool first, const io::Run& run) {
  Plan plan;
  plan.workload = site.client->get(path_of(site), run);
  if (request.guard) check_guard(*request.guard, plan.workload, site);
  if (is_canary(plan.workload))  // going back by the template alone would leave the canary's settings behind
    throw Error(failure::conflict, fmt::format("{} stands at a canary's share", site.target.text()),
                fmt::format("k8s-rollout canary abort {}", site.arguments()));
  if (kube::flag_at(plan.workload, {"spec", "paused"}) && !request.resume)
    throw Error(failure::conflict, fmt::format("{} is paused: an undo would wait for ever", site.target.text()),
                fmt::format("k8s-rollout undo {} --resume", site.arguments()));
  plan.history = history_of(site, plan.workload, run);
  const auto on_its_way = choice_under_way(request, plan, site);
  plan.choice = on_its_way ? *on_its_way : choose(plan.history, request.wanted);
  const auto* current = plan.history.current();
  auto& undone = plan.undone;
  undone.to = plan.choice.to->number;
  undone.why = plan.choice.why;
  undone.images = plan.choice.to->images;
  undone.from = current ? current->number : 0;
  const auto now = kube::canonical_template(kube::map_at(plan.workload, {"spec", "template"}));
  const auto then = plan.choice.to->pod_template.dump();
  undone.changed = now != then;
  // Bytes of an old ControllerRevision lack what a newer server adds: the server itself says whether it differs.
  if (undone.changed && site.target.kind != kube::Kind::deployment)
    undone.changed = !same_to_server(site, plan.workload, *plan.choice.to, now, run);
  if (plan.history.current() == plan.choice.to) undone.changed = false;
  if (const auto& left = plan.history.returned; undone.changed && left && left->from == undone.to)
    undone.doubt = fmt::format("revision {} was left by an undo of {} at {}{}", undone.to, left->who, left->when,
                               left->reason.empty() ? "" : fmt::format(" ({})", left->reason));
  undone.changes =
      kube::template_changes(now, then, request.show_env ? kube::EnvValues::shown : kube::EnvValues::hidden);
  if (first && undone.changed) warn_of_partition(site, plan.workload, run);
  if (undone.changed) check_needs(site, *plan.choice.to, request.force, run);
  if (first && undone.changed)
    for (const auto& owner : owners_of(plan.workload))
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

UndoRequest undo_request(const Session& session) {
  const auto& options = session.options;
  UndoRequest request;
  // kubectl's 0 means "the one before".
  if (options.to_revision && *options.to_revision > 0) request.wanted.revision = *options.to_revision;
  request.wanted.image = options.to_image;
  request.wanted.previous = options.previous || options.to_revision == 0;
  request.reason = options.reason;
  request.resume = options.resume;
  request.force = options.force;
  request.unstick = options.unstick;
  request.dry_run = session.context.common.dry_run;
  request.sends = session.sends();
  request.show_env = options.show_env;
  request.sync_last_applied = options.last_applied == "sync";
  return request;
}

void evict(Site& site, const kube::Pod& pod, const io::Run& run) {
  const json eviction{{"apiVersion", "policy/v1"},
                      {"kind", "Eviction"},
                      {"metadata", {{"name", pod.name}, {"namespace", site.target.name_space}}},
                      {"deleteOptions", {{"preconditions", {{"uid", pod.uid}}}}}};
  try {
    (void)site.client->create(
        kube::path_of(*kube::known_resource("pods"), site.target.name_space, pod.name, "eviction"), eviction, run);
  } catch (const Error& error) {
    if (error.failure().id != failure::not_found.id) throw;  // gone by itself: that was the aim
  }
}

History fetch_history(Site& site, const io::Run& run) {
  const auto workload = site.client->get(path_of(site), run);
  return history_of(site, workload, run);
}

Undone plan_undo(Site& site, const UndoRequest& request, const io::Run& run) {
  return make_plan(site, request, true, run).undone;
}

Undone undo(Site& site, const UndoRequest& request, const io::Run& run) {
  for (int tries = 1;; ++tries) {
    auto plan = make_plan(site, request, tries == 1, run);
    auto& undone = plan.undone;
    undone.at = site.client->now();
    const bool unsticks = request.unstick && site.target.kind == kube::Kind::stateful_set;
    if (!undone.changed || !request.sends) {
      // Someone put the template back before, and the broken pod stands in the way still.
      if (unsticks && !request.dry_run) unstick(site, run);
      return undone;
    }
    const UndoNote note{site.cluster->access.user, undone.at, request.reason, request.sync_last_applied,
                        request.resume};
    try {
      if (site.target.kind == kube::Kind::deployment)
        (void)site.client->patch(path_of(site), kube::Patch::json, undo_patch(plan.workload, *plan.choice.to, note),
                                 run);
      else
        (void)site.client->patch(path_of(site), kube::Patch::strategic,
                                 revision_patch(plan.workload, *plan.choice.to, undone.from, note), run);
    } catch (const Error& error) {
      if (error.failure().id != failure::conflict.id) throw;
      const auto now = site.client->get(path_of(site), run);
      const bool same = kube::map_at(now, {"spec", "template"}) == kube::map_at(plan.workload, {"spec", "template"}) &&
                        kube::flag_at(now, {"spec", "paused"}) == kube::flag_at(plan.workload, {"spec", "paused"}) &&
                        text_at(now, {"metadata", "uid"}) == text_at(plan.workload, {"metadata", "uid"});
      if (!same || tries == most_tries)
        throw Error(failure::conflict,
                    fmt::format("{} was changed by {} meanwhile: not undone", site.target.text(), last_writer(now)),
                    fmt::format("k8s-rollout history {}", site.arguments()));
      continue;
    }
    // After the write: a conflict here must not write it again.
    if (unsticks && !request.dry_run) unstick(site, run);
    return undone;
  }
}

}  // namespace slipway::rollout
