// SPDX-License-Identifier: Apache-2.0
// The standing of StatefulSets and DaemonSets: counted from their pods, since their statuses leave out, or serve
// late, what decides.
#include "core/text.hpp"
#include "kube/standing_parts.hpp"
#include "kube/template_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::kube {

namespace {

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

/// What its pods say of a StatefulSet or, where they may not be read, its status.
struct SetCounts {
  int updated_due = 0;  ///< of the revision, of those that the partition lets go
  int ready = 0;        ///< of any revision
  int available = 0;
};

/// available is young; where it is not served, ready pods count (absent and 0 look alike, ready > 0 tells).
int available_of(const Workload& object, int ready) {
  const bool serves_available = object.available > 0 || object.min_ready_seconds > 0;
  return serves_available ? std::min(object.available, ready) : ready;
}

SetCounts counts_of_pods(Standing& standing, const Workload& object) {
  count_pods(standing, object.wanted);
  const int old_ready = static_cast<int>(std::ranges::count_if(standing.old, [](const Pod* p) { return p->ready(); }));
  SetCounts set;
  set.ready = standing.counts.ready + old_ready;
  set.available = available_of(object, set.ready);
  standing.counts.available = std::min(standing.counts.ready, set.available);
  set.updated_due = static_cast<int>(std::ranges::count_if(standing.pods, [&](const Pod* pod) {
    const auto ordinal = ordinal_of(pod->name);
    return !pod->deleting && ordinal && *ordinal - object.ordinals_start >= object.partition;
  }));
  return set;
}

/// As `kubectl rollout status` counts. Which pods are the ready ones is not told: as many of them as there can be are
/// taken for older ones.
SetCounts counts_of_status(Standing& standing, const Workload& object) {
  // Some controllers leave out updatedReplicas once the revision is closed: then the current one is the same.
  const bool closed = object.current_revision == object.update_revision;
  auto& counts = standing.counts;
  counts.wanted = object.wanted;
  counts.total = object.replicas;
  counts.updated = closed ? std::max(object.updated, object.current_replicas) : object.updated;
  counts.old = std::max(0, object.replicas - counts.updated);
  SetCounts set;
  set.ready = object.ready;
  set.available = available_of(object, set.ready);
  set.updated_due = counts.updated;
  counts.ready = std::max(0, set.ready - counts.old);
  counts.available = std::max(0, set.available - counts.old);
  return set;
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

const RevisionFact* revision_called(const Snapshot& snapshot, const std::string& word) {
  for (const auto& each : snapshot.revisions)
    if (each.owner == snapshot.object->uid && (each.name == word || each.hash == word)) return &each;
  return nullptr;
}

/// The number of the revision, which older one serves, and what differs, from the ControllerRevisions.
void number_revisions(Standing& standing, const Snapshot& snapshot, const std::string& target_word) {
  const auto* target = revision_called(snapshot, target_word);
  if (!target) return;
  standing.revision = target->number;
  standing.revision_name = target->name;
  const RevisionFact* from = nullptr;
  if (!snapshot.pods_readable && snapshot.object->ready > standing.counts.ready)
    if (const auto* serves = revision_called(snapshot, snapshot.object->current_revision); serves != target)
      from = serves;
  for (const auto* pod : standing.old)
    if (pod->ready() && !pod->deleting)
      if (const auto* serves = revision_called(snapshot, pod->revision);
          serves && serves != target && (!from || serves->number > from->number))
        from = serves;
  if (from) standing.serving_revision = from->number;
  for (const auto& each : snapshot.revisions)
    if (!standing.serving_revision && each.owner == snapshot.object->uid && each.number < target->number &&
        (!from || each.number > from->number))
      from = &each;
  if (!from) return;
  standing.before = from->number;
  standing.limits_before = memory_limits(from->template_text);
  const auto changes = template_changes(from->template_text, target->template_text);
  standing.changed = fmt::format("rev {} -> {}: {}", from->number, target->number,
                                 changes.empty() ? "nothing that matters" : text::join(changes, "; "));
}

/// The newest of the owner's revisions; null when they may not be read.
const RevisionFact* newest_revision(const Snapshot& snapshot) {
  const RevisionFact* newest = nullptr;
  for (const auto& each : snapshot.revisions)
    if (each.owner == snapshot.object->uid && (!newest || each.number > newest->number)) newest = &each;
  return newest;
}

}  // namespace

Standing stateful_set_standing(const Snapshot& snapshot, const Policy& policy) {
  const auto& object = *snapshot.object;
  Standing standing;
  split_by_revision(standing, snapshot,
                    object.update_revision.empty() ? std::vector<std::string>{}
                                                   : std::vector<std::string>{object.update_revision});
  by_name(standing.old);
  const bool by_pods = snapshot.pods_readable;
  const auto [updated_due, ready, available] =
      by_pods ? counts_of_pods(standing, object) : counts_of_status(standing, object);
  const auto& counts = standing.counts;
  const int due = std::max(0, object.wanted - object.partition);
  standing.revision_name = object.update_revision;
  standing.makers.push_back(object.uid);
  if (by_pods) serving_text(standing);
  else standing.serving = fmt::format("{} of {} pods ready, by its status", ready, object.wanted);
  number_revisions(standing, snapshot, object.update_revision);
  if (object.on_delete) {
    standing.complete = counts.old == 0 && counts.updated == object.wanted && counts.ready == object.wanted;
    if (counts.old > 0)
      standing.held = fmt::format("OnDelete: {} at an older revision; delete to update: {}", plural(counts.old, "pod"),
                                  by_pods ? names_of(standing.old) : "names are unknown");
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

Standing daemon_set_standing(const Snapshot& snapshot, const Policy& policy) {
  const auto& object = *snapshot.object;
  Standing standing;
  const auto* newest = newest_revision(snapshot);
  split_by_revision(standing, snapshot,
                    newest ? std::vector<std::string>{newest->hash, newest->name} : std::vector<std::string>{});
  auto& counts = standing.counts;
  counts.wanted = object.wanted;
  counts.updated = object.updated;
  counts.ready = object.ready;
  counts.available = object.available;
  counts.total = object.replicas;
  counts.old = std::max(0, object.replicas - object.updated);
  standing.makers.push_back(object.uid);
  if (newest) number_revisions(standing, snapshot, newest->name);

  // A pod on a node that is not ready cannot become available, whatever the revision.
  std::vector<const Pod*> stuck;
  for (const auto& pod : snapshot.pods)
    if (pod.owner == object.uid && !pod.ready() && snapshot.unready_nodes.contains(pod.node)) stuck.push_back(&pod);
  by_name(stuck);
  const int forgiven = policy.ignore_unready_nodes ? static_cast<int>(stuck.size()) : 0;
  const int due = std::max(0, object.wanted - forgiven);
  // The status is written now and then, and between two starts of a crash loop a pod counts as available: what the
  // pods themselves say is newer.
  const bool by_pods = newest && snapshot.pods_readable;
  const int ready_now = static_cast<int>(
      std::ranges::count_if(standing.pods, [](const Pod* pod) { return pod->ready() && !pod->deleting; }));
  standing.complete = object.updated >= due && object.available >= due && object.unavailable <= forgiven &&
                      (!by_pods || ready_now >= due);
  if (forgiven > 0 && standing.complete)
    standing.warnings.push_back(
        fmt::format("{} on nodes that are not ready: not waited for ({})", plural(forgiven, "pod"), names_of(stuck)));
  if (object.on_delete && object.updated < object.wanted) {
    standing.held = fmt::format("OnDelete: {} at an older revision; delete to update: {}",
                                plural(object.wanted - object.updated, "pod"),
                                standing.old.empty() ? "names are unknown" : names_of(standing.old));
    standing.complete = false;
  }
  if (object.updated < due) standing.waiting.push_back(fmt::format("{} of {} pods updated", object.updated, due));
  if (object.available < due) standing.waiting.push_back(fmt::format("{} of {} pods available", object.available, due));
  else if (by_pods && ready_now < due) standing.waiting.push_back(fmt::format("{} of {} pods ready", ready_now, due));
  for (const auto* pod : stuck)
    if (forgiven == 0)
      standing.waiting.push_back(fmt::format("pod {}: its node {} is not ready", pod->name, pod->node));
  standing.text = standing.complete
                      ? fmt::format("{} of {} pods updated and available", object.available, object.wanted)
                      : fmt::format("{} of {} updated, {} available", object.updated, object.wanted, object.available);
  if (object.wanted == 0) standing.warnings.emplace_back("nothing runs: no node matches");
  standing.serving = fmt::format("{} of {} pods available", object.available, object.wanted);
  // Old pods that crash must not fail it: without the revisions, the youngest pods are taken for the updated ones.
  if (!newest && object.updated < object.wanted && object.updated > 0) {
    std::ranges::sort(standing.pods, [](const Pod* a, const Pod* b) { return a->created > b->created; });
    const auto keep = std::min(standing.pods.size(), static_cast<std::size_t>(object.updated));
    standing.old.assign(standing.pods.begin() + static_cast<std::ptrdiff_t>(keep), standing.pods.end());
    standing.pods.resize(keep);
  }
  return standing;
}

}  // namespace slipway::kube
