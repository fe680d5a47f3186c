// SPDX-License-Identifier: Apache-2.0
// A Deployment's standing: its status for the counts, its ReplicaSets for who is who.
#include "core/text.hpp"
#include "kube/standing_parts.hpp"
#include "kube/template_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

namespace {

/// The old ReplicaSets that still have pods, the one that serves most first.
std::vector<const ReplicaSet*> old_sets(const Snapshot& snapshot, const ReplicaSet* target) {
  std::vector<const ReplicaSet*> sets;
  for (const auto& set : snapshot.replica_sets)
    if (set.owner == snapshot.object->uid && (!target || set.uid != target->uid)) sets.push_back(&set);
  std::ranges::sort(sets, [](const ReplicaSet* a, const ReplicaSet* b) {
    return a->available != b->available ? a->available > b->available : a->revision > b->revision;
  });
  return sets;
}

void who_serves(Standing& standing, const Workload& object, const ReplicaSet* target,
                const std::vector<const ReplicaSet*>& old) {
  std::vector<std::string> parts;
  int available = 0;
  for (const auto* set : old) {
    if (set->available <= 0) continue;
    if (standing.serving_revision == 0) standing.serving_revision = set->revision;
    parts.push_back(fmt::format("rev {}: {} of {} pods available", set->revision, set->available, object.wanted));
    available += set->available;
  }
  if (target && target->available > 0) {
    parts.push_back(fmt::format("rev {}: {} of {} pods available", target->revision, target->available, object.wanted));
    available += target->available;
  }
  if (parts.empty()) {
    standing.serving = object.wanted == 0 ? "nothing: scaled to 0" : "nobody: no pod of any revision is available";
    return;
  }
  standing.serving = text::join(parts, ", ");
  standing.serving += available >= object.wanted
                          ? "; no capacity lost"
                          : fmt::format("; {} of {} missing", object.wanted - available, object.wanted);
}

void what_changed(Standing& standing, const ReplicaSet* target, const std::vector<const ReplicaSet*>& old) {
  const ReplicaSet* from = nullptr;
  for (const auto* set : old) {
    if (standing.serving_revision != 0
            ? set->revision == standing.serving_revision
            : (!target || set->revision < target->revision) && (!from || set->revision > from->revision))
      from = set;
  }
  if (!from || !target) return;
  standing.before = from->revision;
  standing.limits_before = memory_limits(from->template_text);
  const auto changes = template_changes(from->template_text, target->template_text);
  standing.changed = fmt::format("rev {} -> {}: {}", from->revision, target->revision,
                                 changes.empty() ? "nothing that matters" : text::join(changes, "; "));
}

}  // namespace

Standing deployment_standing(const Snapshot& snapshot, const Policy& policy) {
  const auto& object = *snapshot.object;
  Standing standing;
  const auto* target = target_of(object, snapshot.replica_sets);
  const auto old = old_sets(snapshot, target);
  standing.revision = target && target->revision > 0 ? target->revision : object.revision;
  if (target) {
    standing.revision_name = target->name;
    standing.revision_made = target->created;
    standing.makers.push_back(target->uid);
  }
  for (const auto& pod : snapshot.pods) {
    if (target && pod.owner == target->uid) standing.pods.push_back(&pod);
    else if (std::ranges::find(old, pod.owner, [](const ReplicaSet* set) -> const std::string& { return set->uid; }) !=
             old.end())
      standing.old.push_back(&pod);
  }
  auto& counts = standing.counts;
  counts.wanted = object.wanted;
  counts.updated = object.updated;
  counts.total = object.replicas;
  counts.old = std::max(static_cast<int>(standing.old.size()), object.replicas - object.updated);
  counts.ready = target ? target->ready : 0;
  counts.available = target ? target->available : 0;
  who_serves(standing, object, target, old);
  what_changed(standing, target, old);

  const bool full = object.updated == object.wanted && object.replicas == object.updated;
  const int going = object.terminating ? *object.terminating : static_cast<int>(standing.old.size());
  const bool gone = !policy.wait_terminated || going == 0;
  standing.complete = full && object.available == object.wanted && object.unavailable == 0 &&
                      (target || object.wanted == 0 || !snapshot.sets_readable) && gone;

  if (policy.wait_terminated && !object.terminating && !(snapshot.pods_readable && snapshot.sets_readable))
    standing.warnings.emplace_back("whether old pods are still terminating cannot be seen");
  auto& waiting = standing.waiting;
  if (!snapshot.sets_readable) {
    standing.warnings.emplace_back("ReplicaSets may not be read: causes and who serves are unknown");
    counts.available = std::min(object.available, object.updated);
    standing.serving.clear();
  } else if (!target && object.wanted > 0) waiting.emplace_back("no ReplicaSet for the template yet");
  if (object.updated < object.wanted)
    waiting.push_back(fmt::format("{} of {} pods updated", object.updated, object.wanted));
  else if (counts.available < object.wanted)
    waiting.push_back(fmt::format("{} of {} updated pods available", counts.available, object.wanted));
  if (object.replicas > object.updated)
    waiting.push_back(plural(object.replicas - object.updated, "old pod") + " still there");
  else if (full && !gone) waiting.push_back(plural(going, "pod") + " still terminating");
  standing.text = standing.complete
                      ? fmt::format("{} of {} pods updated and available", object.available, object.wanted)
                      : fmt::format("{} of {} updated, {} available", object.updated, object.wanted, counts.available);
  if (!standing.complete && object.replicas > object.updated)
    standing.text += fmt::format(", {} old", object.replicas - object.updated);
  if (object.paused && !standing.complete) standing.held = "paused: " + standing.text;
  if (object.wanted == 0 && standing.complete) standing.warnings.emplace_back("nothing runs: it is scaled to 0");
  for (const auto* conditions : {target ? &target->conditions : &object.conditions, &object.conditions})
    if (const auto* refused = find(*conditions, "ReplicaFailure");
        refused && refused->status == "True" && !standing.refused)
      standing.refused = refused->message;
  if (const auto* progress = find(object.conditions, "Progressing");
      progress && progress->status == "False" && progress->reason.ends_with("CreateError"))
    standing.set_refused = progress->reason + ": " + progress->message;
  return standing;
}

const ReplicaSet* target_of(const Workload& deployment, const std::vector<ReplicaSet>& sets) {
  const ReplicaSet* found = nullptr;
  // The oldest of equal ones, as the controller chooses. @source deploymentutil.FindNewReplicaSet
  for (const auto& set : sets)
    if (set.owner == deployment.uid && set.template_text == deployment.template_text &&
        (!found || set.created < found->created || (set.created == found->created && set.name < found->name)))
      found = &set;
  if (found || deployment.paused || deployment.observed < deployment.generation || deployment.revision == 0)
    return found;
  // A server that adds defaults to one of the two only: the numbers agree once the controller has caught up.
  for (const auto& set : sets)
    if (set.owner == deployment.uid && set.revision == deployment.revision) return &set;
  return nullptr;
}

}  // namespace slipway::kube
