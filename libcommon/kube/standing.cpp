// SPDX-License-Identifier: Apache-2.0
#include "kube/standing.hpp"

#include "core/text.hpp"
#include "kube/template_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::kube {

namespace {

std::string plural(int count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

void by_name(std::vector<const Pod*>& pods) {
  std::ranges::sort(pods, {}, [](const Pod* pod) -> const std::string& { return pod->name; });
}

// ---- Deployment

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
  const auto changes = template_changes(from->template_text, target->template_text);
  standing.changed = fmt::format("rev {} -> {}: {}", from->revision, target->revision,
                                 changes.empty() ? "nothing that matters" : text::join(changes, "; "));
}

Standing deployment(const Snapshot& snapshot, const Policy& policy) {
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
    standing.refused = progress->message;
  return standing;
}

// ---- the kinds whose revision stands on the pods

void split_by_revision(Standing& standing, const Snapshot& snapshot, const std::string& revision) {
  for (const auto& pod : snapshot.pods) {
    if (pod.owner != snapshot.object->uid) continue;
    if (revision.empty() || pod.revision == revision) standing.pods.push_back(&pod);
    else standing.old.push_back(&pod);
  }
}

std::string names_of(const std::vector<const Pod*>& pods, std::size_t most = 5) {
  std::string list;
  for (std::size_t i = 0; i < pods.size() && i < most; ++i) list += (i == 0 ? "" : " ") + pods[i]->name;
  if (pods.size() > most) list += fmt::format(" and {} more", pods.size() - most);
  return list;
}

void count_pods(Standing& standing, int wanted) {
  auto& counts = standing.counts;
  counts.wanted = wanted;
  counts.old = static_cast<int>(standing.old.size());
  counts.total = static_cast<int>(standing.pods.size() + standing.old.size());
  for (const auto* pod : standing.pods) {
    if (pod->deleting) continue;
    ++counts.updated;
    if (pod->ready()) ++counts.ready;
  }
}

/// "web-3" -> 3. @source StatefulSet pod identity
std::optional<int> ordinal_of(const std::string& name) {
  const auto dash = name.rfind('-');
  if (dash == std::string::npos) return std::nullopt;
  int number = 0;
  const auto* end = name.data() + name.size();
  const auto [stop, fault] = std::from_chars(name.data() + dash + 1, end, number);
  return fault == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

void serving_text(Standing& standing) {
  int old_ready = 0;
  for (const auto* pod : standing.old) old_ready += pod->ready() ? 1 : 0;
  if (old_ready + standing.counts.ready == 0) {
    standing.serving =
        standing.counts.wanted == 0 ? "nothing: no pod is wanted" : "nobody: no pod of any revision is ready";
    return;
  }
  standing.serving =
      fmt::format("{} of {} pods ready ({} of this revision, {} older)", old_ready + standing.counts.ready,
                  standing.counts.wanted, standing.counts.ready, old_ready);
}

Standing stateful_set(const Snapshot& snapshot, const Policy& policy) {
  const auto& object = *snapshot.object;
  Standing standing;
  split_by_revision(standing, snapshot, object.update_revision);
  by_name(standing.old);
  count_pods(standing, object.wanted);
  standing.revision_name = object.update_revision;
  standing.makers.push_back(object.uid);
  serving_text(standing);
  auto& counts = standing.counts;
  // available is young; where it is not served, ready pods count (absent and 0 look alike, ready > 0 tells).
  const int old_ready = static_cast<int>(std::ranges::count_if(standing.old, [](const Pod* p) { return p->ready(); }));
  const int ready = counts.ready + old_ready;
  const bool serves_available = object.available > 0 || object.min_ready_seconds > 0;
  const int available = serves_available ? std::min(object.available, ready) : ready;
  counts.available = std::min(counts.ready, available);

  const int due = std::max(0, object.wanted - object.partition);
  const int updated_due = static_cast<int>(std::ranges::count_if(standing.pods, [&](const Pod* pod) {
    const auto ordinal = ordinal_of(pod->name);
    return !pod->deleting && ordinal && *ordinal - object.ordinals_start >= object.partition;
  }));
  if (object.on_delete) {
    standing.complete = standing.old.empty() && counts.updated == object.wanted && counts.ready == object.wanted;
    if (!standing.old.empty())
      standing.held = fmt::format("OnDelete: {} at an older revision; delete to update: {}",
                                  plural(static_cast<int>(standing.old.size()), "pod"), names_of(standing.old));
  } else {
    standing.complete = updated_due >= due && ready >= object.wanted && available >= object.wanted &&
                        counts.total == object.wanted &&
                        (object.partition > 0 || object.current_revision == object.update_revision);
    if (object.partition > 0 && standing.complete && counts.updated < object.wanted) {
      standing.partitioned = true;
      const auto note =
          fmt::format("{} of {} at revision {}, {} held back by partition {}", counts.updated, object.wanted,
                      object.update_revision, object.wanted - counts.updated, object.partition);
      if (policy.require_full) {
        standing.complete = false;
        standing.held = note;
      } else {
        standing.warnings.push_back(note);
      }
    }
  }
  if (updated_due < due) standing.waiting.push_back(fmt::format("{} of {} pods updated", updated_due, due));
  if (ready < object.wanted) standing.waiting.push_back(fmt::format("{} of {} pods ready", ready, object.wanted));
  else if (available < object.wanted)
    standing.waiting.push_back(fmt::format("{} of {} pods available", available, object.wanted));
  if (counts.total > object.wanted)
    standing.waiting.push_back(plural(counts.total - object.wanted, "pod") + " too many");
  if (standing.waiting.empty() && !standing.complete)
    standing.waiting.emplace_back("the controller has not closed the revision yet");
  standing.text = standing.complete ? fmt::format("{} of {} pods ready", ready, object.wanted)
                                    : fmt::format("{} of {} updated, {} ready", counts.updated, object.wanted, ready);
  return standing;
}

Standing daemon_set(const Snapshot& snapshot) {
  const auto& object = *snapshot.object;
  Standing standing;
  // The hash of the newest generation is not in the status; the pods that the controller counts as
  // updated are those with the most recent pod-template-generation, which the counts already say.
  split_by_revision(standing, snapshot, "");
  auto& counts = standing.counts;
  counts.wanted = object.wanted;
  counts.updated = object.updated;
  counts.ready = object.ready;
  counts.available = object.available;
  counts.total = object.replicas;
  counts.old = std::max(0, object.replicas - object.updated);
  standing.makers.push_back(object.uid);
  standing.complete = object.updated >= object.wanted && object.available >= object.wanted && object.unavailable == 0;
  if (object.on_delete && object.updated < object.wanted)
    standing.held = fmt::format("OnDelete: {} at an older revision wait to be deleted",
                                plural(object.wanted - object.updated, "pod"));
  if (object.updated < object.wanted)
    standing.waiting.push_back(fmt::format("{} of {} pods updated", object.updated, object.wanted));
  if (object.available < object.wanted)
    standing.waiting.push_back(fmt::format("{} of {} pods available", object.available, object.wanted));
  standing.text = standing.complete
                      ? fmt::format("{} of {} pods updated and available", object.available, object.wanted)
                      : fmt::format("{} of {} updated, {} available", object.updated, object.wanted, object.available);
  if (object.wanted == 0) standing.warnings.emplace_back("nothing runs: no node matches");
  standing.serving = fmt::format("{} of {} pods available", object.available, object.wanted);
  // Old pods that crash must not fail it: with a rollout under way only pods younger than it are judged.
  if (object.updated < object.wanted && object.updated > 0) {
    std::ranges::sort(standing.pods, [](const Pod* a, const Pod* b) { return a->created > b->created; });
    const auto keep = std::min(standing.pods.size(), static_cast<std::size_t>(object.updated));
    standing.old.assign(standing.pods.begin() + static_cast<std::ptrdiff_t>(keep), standing.pods.end());
    standing.pods.resize(keep);
  }
  return standing;
}

Standing job(const Snapshot& snapshot) {
  const auto& object = *snapshot.object;
  Standing standing;
  split_by_revision(standing, snapshot, "");
  standing.makers.push_back(object.uid);
  standing.counts.wanted = object.wanted;
  standing.counts.total = static_cast<int>(standing.pods.size());
  standing.counts.available = standing.counts.updated = object.succeeded;
  standing.text = fmt::format("{} of {} completed{}", object.succeeded, object.wanted,
                              object.failed > 0 ? fmt::format(", {} failed", object.failed) : "");
  if (const auto* complete = find(object.conditions, "Complete"); complete && complete->status == "True")
    standing.complete = true;
  for (const std::string_view type : {"Failed", "FailureTarget"})
    if (const auto* failed = find(object.conditions, type);
        failed && failed->status == "True" && !standing.failed && !standing.complete) {
      Cause cause;
      cause.id = "job-failed";
      cause.name = "JobFailed";
      cause.text = failed->reason + (failed->message.empty() ? "" : ": " + tidy_message(failed->message));
      for (const auto* pod : standing.pods)
        if (pod->phase == "Failed" && !pod->containers.empty()) {
          cause.pod = pod->name;
          cause.pod_uid = pod->uid;
          cause.container = pod->containers.back().name;
          cause.pods = 1;
        }
      standing.failed = std::move(cause);
    }
  if (object.paused && !standing.complete) standing.held = "suspended";
  if (!standing.complete) standing.waiting.push_back(standing.text);
  return standing;
}

Standing replica_set(const Snapshot& snapshot) {
  const auto& object = *snapshot.object;
  Standing standing;
  split_by_revision(standing, snapshot, "");
  standing.makers.push_back(object.uid);
  auto& counts = standing.counts;
  counts = {object.wanted, object.replicas, object.ready, object.available, object.replicas, 0};
  standing.complete = object.available == object.wanted && object.replicas == object.wanted;
  standing.text = fmt::format("{} of {} pods available", object.available, object.wanted);
  if (!standing.complete) standing.waiting.push_back(standing.text);
  if (const auto* refused = find(object.conditions, "ReplicaFailure"); refused && refused->status == "True")
    standing.refused = refused->message;
  standing.serving = standing.text;
  return standing;
}

Standing pod(const Snapshot& snapshot) {
  const auto& object = *snapshot.object;
  Standing standing;
  const auto self = std::ranges::find(snapshot.pods, object.uid, &Pod::uid);
  standing.counts.wanted = 1;
  if (self == snapshot.pods.end()) {
    standing.text = "not seen yet";
    standing.waiting.push_back(standing.text);
    return standing;
  }
  standing.pods.push_back(&*self);
  standing.complete = self->phase == "Succeeded" || (self->phase == "Running" && self->ready());
  standing.counts = {1, 1, self->ready() ? 1 : 0, standing.complete ? 1 : 0, 1, 0};
  standing.text = self->phase.empty() ? "Pending" : self->phase + (self->ready() ? ", ready" : ", not ready");
  if (self->gated) standing.held = "it has scheduling gates";
  if (!standing.complete) standing.waiting.push_back(standing.text);
  if (self->phase == "Failed") {
    Cause cause;
    cause.id = "pod-failed";
    cause.name = "PodFailed";
    cause.pod = self->name;
    cause.pod_uid = self->uid;
    cause.pods = 1;
    cause.text = self->reason.empty() ? "a container ended with a non-zero status" : self->reason;
    if (!self->message.empty()) cause.text += ": " + tidy_message(self->message);
    for (const auto& container : self->containers)
      if (container.ended && container.ended->exit_code != 0) {
        cause.container = container.name;
        if (self->reason.empty())
          cause.text = fmt::format("container {}: exit {}", container.name, container.ended->exit_code);
      }
    standing.failed = std::move(cause);
  }
  return standing;
}

}  // namespace

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

Standing standing_of(const Snapshot& snapshot, const Policy& policy) {
  Standing standing;
  switch (snapshot.object->kind) {
  case Kind::deployment: standing = deployment(snapshot, policy); break;
  case Kind::stateful_set: standing = stateful_set(snapshot, policy); break;
  case Kind::daemon_set: standing = daemon_set(snapshot); break;
  case Kind::job:
    standing = job(snapshot);
    standing.judges_pods = true;
    break;
  case Kind::replica_set: standing = replica_set(snapshot); break;
  case Kind::pod: standing = pod(snapshot); break;
  }
  by_name(standing.pods);
  by_name(standing.old);
  if (standing.complete) standing.waiting.clear();
  return standing;
}

}  // namespace slipway::kube
