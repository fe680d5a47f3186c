// SPDX-License-Identifier: Apache-2.0
#include "kube/standing.hpp"

#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/standing_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

std::string plural(int count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

void by_name(std::vector<const Pod*>& pods) {
  std::ranges::sort(pods, {}, [](const Pod* pod) -> const std::string& { return pod->name; });
}

std::string names_of(const std::vector<const Pod*>& pods, std::size_t most) {
  std::string list;
  for (std::size_t i = 0; i < pods.size() && i < most; ++i) list += (i == 0 ? "" : " ") + pods[i]->name;
  if (pods.size() > most) list += fmt::format(" and {} more", pods.size() - most);
  return list;
}

void split_by_revision(Standing& standing, const Snapshot& snapshot, const std::vector<std::string>& hashes) {
  for (const auto& pod : snapshot.pods) {
    if (pod.owner != snapshot.object->uid) continue;
    const bool of_it = hashes.empty() || std::ranges::find(hashes, pod.revision) != hashes.end();
    (of_it ? standing.pods : standing.old).push_back(&pod);
  }
}

std::map<std::string, std::string> memory_limits(const std::string& template_text) {
  std::map<std::string, std::string> limits;
  const auto pod_template = nlohmann::json::parse(template_text, nullptr, false);
  for (const char* list : {"initContainers", "containers"})
    for (const auto& container : list_at(pod_template, {"spec", list}))
      if (auto limit = text_at(container, {"resources", "limits", "memory"}); !limit.empty())
        limits.emplace(text_at(container, {"name"}), std::move(limit));
  return limits;
}

void name_terminating(Standing& standing) {
  constexpr std::size_t most = 3;
  std::size_t named = 0;
  for (const auto* pod : standing.old) {
    if (!pod->deleting || ++named > most) continue;
    auto text = fmt::format("old pod {} is terminating (node {}", pod->name, pod->node.empty() ? "none" : pod->node);
    if (!pod->finalizers.empty()) text += ", held by finalizer " + text::join(pod->finalizers, ", ");
    text += fmt::format(", its grace ends {})", text::rfc3339(*pod->deleting).substr(11, 8));
    standing.waiting.push_back(std::move(text));
  }
}

namespace {

Standing job(const Snapshot& snapshot) {
  const auto& object = *snapshot.object;
  Standing standing;
  split_by_revision(standing, snapshot, {});
  standing.makers.push_back(object.uid);
  standing.counts.wanted = object.wanted;
  standing.counts.total = snapshot.pods_readable ? static_cast<int>(standing.pods.size())
                                                 : object.active + object.succeeded + object.failed;
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
  if (standing.complete) standing.serving = standing.text;
  if (!standing.complete) standing.waiting.push_back(standing.text);
  return standing;
}

Standing replica_set(const Snapshot& snapshot) {
  const auto& object = *snapshot.object;
  Standing standing;
  split_by_revision(standing, snapshot, {});
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

Standing custom(const Snapshot& snapshot) {
  const auto& reading = *snapshot.object->custom;
  using Reading = CustomReading::State;
  Standing standing;
  standing.counts.wanted = 1;
  standing.text = reading.text.empty() ? "nothing in its status says whether it is ready" : reading.text;
  switch (reading.state) {
  case Reading::ready:
    standing.complete = true;
    standing.counts = {1, 1, 1, 1, 1, 0};
    break;
  case Reading::going: break;
  case Reading::held: standing.held = reading.text; break;
  case Reading::no_rule: standing.no_rule = true; break;
  case Reading::failed: {
    Cause cause;
    cause.id = "resource-failed";
    cause.name = "ResourceFailed";
    cause.text = fmt::format("{} (by {})", reading.text, reading.rule);
    standing.failed = std::move(cause);
    break;
  }
  }
  if (!standing.complete) standing.waiting.push_back(standing.text);
  return standing;
}

/// Of a set whose pods are evicted one after the other, over what its kind says of it.
void renewed(Standing& standing, const Snapshot& snapshot, const Renewal& renewal) {
  standing.pods.clear();
  standing.old.clear();
  standing.waiting.clear();
  standing.held.clear();
  standing.partitioned = false;
  int ready = 0;
  int staying = 0;
  int going = 0;
  for (const auto& pod : snapshot.pods) {
    if (pod.owner != snapshot.object->uid) continue;
    if (!renewal.before.contains(pod.uid)) {
      standing.pods.push_back(&pod);
      if (pod.ready() && !pod.deleting) ++ready;
      continue;
    }
    standing.old.push_back(&pod);
    ++(renewal.evicted.contains(pod.uid) ? going : staying);
  }
  // Fewer than were evicted when it was scaled down, or lost a node, meanwhile.
  const int evicted = static_cast<int>(renewal.evicted.size());
  const int due = std::clamp(snapshot.object->wanted - staying, 0, evicted);
  const int made =
      static_cast<int>(std::ranges::count_if(standing.pods, [](const Pod* pod) { return !pod->deleting; }));
  standing.counts = {due, made, ready, ready, made + staying + going, staying + going};
  standing.complete = going == 0 && ready >= due;
  standing.text = fmt::format("{} of {} restarted", std::min(ready, evicted),
                              plural(static_cast<int>(renewal.before.size()), "pod"));
  if (going > 0) standing.waiting.push_back(fmt::format("{} evicted and not gone yet", plural(going, "pod")));
  if (ready < due) standing.waiting.push_back(fmt::format("{} of {} ready", ready, plural(due, "new pod")));
}

}  // namespace

Standing standing_of(const Snapshot& snapshot, const Policy& policy) {
  Standing standing;
  switch (snapshot.object->kind) {
  case Kind::deployment: standing = deployment_standing(snapshot, policy); break;
  case Kind::stateful_set: standing = stateful_set_standing(snapshot, policy); break;
  case Kind::daemon_set: standing = daemon_set_standing(snapshot, policy); break;
  case Kind::job:
    standing = job(snapshot);
    standing.judges_pods = true;
    break;
  case Kind::replica_set:
  case Kind::replication_controller: standing = replica_set(snapshot); break;
  case Kind::custom: standing = custom(snapshot); break;
  case Kind::pod: standing = pod(snapshot); break;
  }
  if (policy.renewal) renewed(standing, snapshot, *policy.renewal);
  by_name(standing.pods);
  by_name(standing.old);
  if (standing.complete) standing.waiting.clear();
  else name_terminating(standing);
  return standing;
}

}  // namespace slipway::kube
