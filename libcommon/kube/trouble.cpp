// SPDX-License-Identifier: Apache-2.0
#include "kube/trouble.hpp"

#include "core/text.hpp"
#include "kube/trouble_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

using namespace std::chrono_literals;

namespace {

int events_with(std::span<const EventFact* const> events, std::string_view reason, std::string_view words = {},
                std::string* message = nullptr) {
  int count = 0;
  const EventFact* newest = nullptr;
  for (const auto* event : events) {
    if (event->reason != reason || event->message.find(words) == std::string::npos) continue;
    count += event->count;
    if (!newest || (event->last && (!newest->last || *event->last >= *newest->last))) newest = event;
  }
  if (newest && message) *message = newest->message;
  return count;
}

/// The container's last end, whether it is over now or runs again.
const Termination* last_end(const Container& container) {
  if (container.ended) return &*container.ended;
  return container.last ? &*container.last : nullptr;
}

Trouble make(const TroubleClass* kind, const Container& container, std::string_view message) {
  Trouble trouble;
  trouble.kind = kind;
  trouble.container = container.name;
  trouble.message = tidy_message(message);
  return trouble;
}

std::optional<Trouble> pull_trouble(const Container& container, const std::map<std::string, PullMemory>& pulls) {
  const auto& reason = container.reason;
  if (reason == "InvalidImageName") return make(of("invalid-image-name"), container, container.message);
  if (reason == "ErrImageNeverPull") return make(of("image-never-pull"), container, container.message);
  if (reason != "ErrImagePull" && reason != "ImagePullBackOff" && reason != "ImageInspectError" &&
      reason != "RegistryUnavailable")
    return std::nullopt;
  const auto memory = pulls.find(container.name);
  const bool remembered = memory != pulls.end() && !memory->second.message.empty();
  const std::string& message = remembered ? memory->second.message : container.message;
  auto trouble = make(&classify_pull(message), container, message);
  trouble.count = memory == pulls.end() ? 0 : memory->second.attempts;
  trouble.ripe = trouble.count >= trouble.kind->attempts;
  return trouble;
}

bool cannot_start(std::string_view message) {
  return text::contains_any(message,
                            {"executable file not found", "no such file or directory", "permission denied",
                             "exec format error", "no command specified", "is a directory", "not a directory"});
}

std::optional<Trouble> waiting_trouble(const Container& container) {
  const auto& reason = container.reason;
  const auto& message = container.message;
  if (reason == "CreateContainerConfigError" || reason == "CreateContainerError") {
    if (text::contains_any(message, {"failed to sync", "cache to sync", "timed out waiting for the condition"}))
      return make(of("config-sync"), container, message);
    if (cannot_start(message)) return make(of("cannot-run"), container, message);
    if (reason == "CreateContainerError" && text::contains_any(message, {"deadline exceeded", "is reserved"}))
      return make(of("start-error"), container, message);
    return make(of("config-error"), container, message);
  }
  if (reason == "RunContainerError" || reason == "PostStartHookError" || reason == "PreCreateHookError") {
    auto trouble = make(cannot_start(message) ? of("cannot-run") : of("start-error"), container, message);
    trouble.count = container.restarts + 1;
    trouble.ripe = trouble.kind->attempts == 0 || trouble.count >= trouble.kind->attempts;
    return trouble;
  }
  return std::nullopt;
}

std::string how_it_ended(const Termination& end) {
  auto text = end.signal != 0 ? fmt::format("signal {}", end.signal) : fmt::format("exit {}", end.exit_code);
  if (!end.reason.empty() && end.reason != "Error" && end.reason != "Completed") text += " (" + end.reason + ')';
  if (end.exit_code == 0 && end.signal == 0) text = "ends at once with exit 0, and its restart policy is Always";
  if (!end.message.empty()) text += ": " + tidy_message(end.message, 160);
  return text;
}

std::optional<Trouble> crash_trouble(const Pod& pod, const Container& container,
                                     std::span<const EventFact* const> events, int max_restarts) {
  const auto* end = last_end(container);
  if (!end) return std::nullopt;
  const bool backing_off = container.reason == "CrashLoopBackOff";
  const bool over_now = container.phase == Container::Phase::terminated;
  if (container.init && over_now && end->exit_code == 0) return std::nullopt;  // that is its job
  if (pod.restart_policy != "Always" && !container.sidecar && end->exit_code == 0) return std::nullopt;
  if (container.restarts == 0 && !backing_off && !over_now) return std::nullopt;
  if (container.phase == Container::Phase::running && (container.ready || container.init)) return std::nullopt;

  Trouble trouble = make(of("crash-loop"), container, how_it_ended(*end));
  trouble.count = container.restarts;
  trouble.previous_log = container.phase == Container::Phase::running;
  const int often = container.init ? std::min(2, max_restarts) : max_restarts;
  trouble.repeated = container.restarts >= often;
  trouble.ripe =
      trouble.repeated || (backing_off && container.restarts >= (container.init ? often : std::max(1, often - 1)));

  std::string probe;
  const bool oom = end->reason == "OOMKilled";
  const bool killed_by_probe =
      events_with(events, "Killing", "probe") > 0 || events_with(events, "Killing", "failed liveness") > 0;
  if (end->exit_code == 126 || end->exit_code == 127 || (end->exit_code == 128 && cannot_start(end->message))) {
    trouble.kind = of("cannot-run");
    trouble.ripe = container.restarts >= 1;
  } else if (end->exit_code == 128 && end->reason == "StartError") {
    trouble.kind = of("start-error");
  } else if (oom || (end->exit_code == 137 && !container.memory_limit.empty() && !killed_by_probe &&
                     pod.deleting == std::nullopt)) {
    trouble.kind = of("oom-killed");
    trouble.repeated = container.restarts >= 2;
    trouble.ripe = trouble.repeated || (container.restarts >= 1 && backing_off);
    trouble.message = fmt::format("{}; memory limit {}, request {}", how_it_ended(*end),
                                  container.memory_limit.empty() ? "none" : container.memory_limit,
                                  container.memory_request.empty() ? "none" : container.memory_request);
  } else if (killed_by_probe && events_with(events, "Unhealthy", "probe failed", &probe) > 0) {
    trouble.kind = of("probe-kill");
    const auto& which = probe.starts_with("Startup") ? container.startup : container.liveness;
    trouble.message = tidy_message(probe);
    if (which)
      trouble.message += fmt::format(" ({}, every {} s, {} times, after {} s)", which->text, which->period,
                                     which->failures, which->initial_delay);
  }
  return trouble;
}

/// How long a container may take to become ready by its own probes, and a minute on top.
std::chrono::seconds ready_budget(const Container& container) {
  std::chrono::seconds budget{0};
  for (const auto* probe : {&container.startup, &container.readiness})
    if (*probe)
      budget = std::max(budget, std::chrono::seconds((*probe)->initial_delay + (*probe)->period * (*probe)->failures +
                                                     (*probe)->timeout));
  return budget + 60s;
}

std::string gates_text(const Pod& pod) {
  std::string text;
  for (const auto& gate : pod.readiness_gates) {
    const auto* condition = find(pod.conditions, gate);
    if (condition && condition->status == "True") continue;
    text += fmt::format("; readiness gate {} is not met{}", gate,
                        condition && !condition->message.empty() ? ": " + tidy_message(condition->message, 100) : "");
  }
  return text;
}

std::optional<Trouble> unready_trouble(const Pod& pod, const Container& container,
                                       std::span<const EventFact* const> events, const Limits& limits, Time now) {
  if (container.init || container.phase != Container::Phase::running || container.ready || !container.running_since)
    return std::nullopt;
  const auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(now - *container.running_since);
  const bool over = limits.unready_after && ran >= *limits.unready_after;
  if (ran < ready_budget(container) && !over) return std::nullopt;
  std::string probe;
  auto trouble = make(of("never-ready"), container, "");
  trouble.count = events_with(events, "Unhealthy", "Readiness", &probe);
  trouble.ripe = trouble.repeated = over;
  trouble.message = fmt::format("runs for {} and is not ready", text::show_duration(ran));
  if (container.readiness) trouble.message += "; readiness probe " + container.readiness->text;
  if (!probe.empty()) trouble.message += ": " + tidy_message(probe, 160);
  trouble.message += gates_text(pod);
  return trouble;
}

/// All containers are ready and the pod is not: somebody outside has not opened a readiness gate.
std::optional<Trouble> gate_trouble(const Pod& pod, const Limits& limits, Time now) {
  if (pod.readiness_gates.empty() || pod.ready() || pod.finished()) return std::nullopt;
  const auto* all = find(pod.conditions, "ContainersReady");
  if (!all || all->status != "True" || !all->changed) return std::nullopt;
  const auto stood = std::chrono::duration_cast<std::chrono::milliseconds>(now - *all->changed);
  const bool over = limits.unready_after && stood >= *limits.unready_after;
  const auto gates = gates_text(pod);
  if ((stood < 60s && !over) || gates.empty()) return std::nullopt;
  Trouble trouble;
  trouble.kind = of("never-ready");
  trouble.ripe = trouble.repeated = over;
  trouble.message = fmt::format("its containers are ready for {}{}", text::show_duration(stood), gates);
  return trouble;
}

std::optional<Trouble> scheduling_trouble(const Pod& pod, std::span<const EventFact* const> events) {
  const auto* scheduled = find(pod.conditions, "PodScheduled");
  if (!scheduled || scheduled->status != "False" || scheduled->reason != "Unschedulable") return std::nullopt;
  Trouble trouble;
  trouble.message = tidy_message(scheduled->message);
  const bool about_claim = text::contains_any(scheduled->message, {"ersistentvolumeclaim", "ersistentVolumeClaim"});
  // "unbound immediate PersistentVolumeClaims. not found" is the scheduler's way to say that one is not bound.
  const bool missing = text::contains_any(scheduled->message, {"\" not found"});
  trouble.kind = about_claim ? (missing ? of("volume-missing") : of("volume-pending")) : of("unschedulable");
  if (!pod.nominated_node.empty() || events_with(events, "TriggeredScaleUp") > 0) trouble.patience = 600s;
  return trouble;
}

std::optional<Trouble> volume_trouble(const Pod& pod, std::span<const EventFact* const> events) {
  const bool started = std::ranges::any_of(pod.containers, [](const Container& c) {
    return c.phase == Container::Phase::running || c.phase == Container::Phase::terminated || c.restarts > 0;
  });
  if (started) return std::nullopt;
  std::string message;
  const int mounts = events_with(events, "FailedMount", {}, &message);
  const int count = mounts + events_with(events, "FailedAttachVolume", {}, mounts > 0 ? nullptr : &message) +
                    events_with(events, "ProvisioningFailed", {}, mounts > 0 ? nullptr : &message);
  if (count == 0) return std::nullopt;
  Trouble trouble;
  const bool missing = text::contains_any(message, {"not found", "references non-existent"});
  trouble.kind = missing ? of("volume-missing") : of("volume-pending");
  trouble.message = tidy_message(message);
  trouble.count = count;
  trouble.ripe = missing || count >= 3;
  return trouble;
}

}  // namespace

std::optional<std::chrono::milliseconds> trouble_due(const Pod& pod, const Limits& limits, Time now) {
  std::optional<std::chrono::milliseconds> soonest;
  const auto at = [&](Time when) {
    if (when <= now) return;
    const auto in = std::chrono::ceil<std::chrono::milliseconds>(when - now);
    if (!soonest || in < *soonest) soonest = in;
  };
  const auto both = [&](Time begun, std::chrono::milliseconds budget) {
    at(begun + budget);
    if (limits.unready_after) at(begun + *limits.unready_after);
  };
  if (pod.deleting) {
    at(*pod.deleting + 60s);
    return soonest;
  }
  if (pod.finished() || pod.ready()) return soonest;
  for (const auto& container : pod.containers)
    if (!container.init && container.phase == Container::Phase::running && !container.ready && container.running_since)
      both(*container.running_since, ready_budget(container));
  if (const auto* all = find(pod.conditions, "ContainersReady");
      !pod.readiness_gates.empty() && all && all->status == "True" && all->changed)
    both(*all->changed, 60s);
  return soonest;
}

std::vector<Trouble> troubles_of(const Pod& pod, std::span<const EventFact* const> events,
                                 const std::map<std::string, PullMemory>& pulls, const Limits& limits, Time now) {
  std::vector<Trouble> troubles;
  const auto add = [&troubles](std::optional<Trouble> trouble) {
    if (trouble) troubles.push_back(std::move(*trouble));
    return trouble.has_value();
  };
  constexpr auto recent = 600s;
  if ((pod.phase == "Failed" || pod.reason == "NodeLost") && !pod.reason.empty()) {
    Trouble trouble;
    trouble.kind = of("pod-lost");
    trouble.message = pod.reason + (pod.message.empty() ? "" : ": " + tidy_message(pod.message, 160));
    // Pods that were lost long ago stay as objects and say nothing about now.
    const auto when = pod.lost_at ? pod.lost_at : pod.created;
    trouble.ripe = !when || now - *when < recent;
    return {trouble};
  }
  if (pod.deleting) {
    if (now < *pod.deleting + 60s) return troubles;
    Trouble trouble;
    trouble.kind = of("stuck-terminating");
    trouble.repeated = true;  // for who takes it for a failure one such pod is enough
    trouble.message = fmt::format("{} should have been gone at {}, node {}", pod.name,
                                  text::rfc3339(*pod.deleting).substr(11, 8), pod.node.empty() ? "(none)" : pod.node);
    if (!pod.finalizers.empty()) trouble.message += ", held by finalizer " + text::join(pod.finalizers, ", ");
    return {trouble};
  }
  for (const auto& container : pod.containers) {
    if (container.phase == Container::Phase::waiting &&
        (add(pull_trouble(container, pulls)) || add(waiting_trouble(container))))
      continue;
    if (add(crash_trouble(pod, container, events, limits.max_restarts))) continue;
    add(unready_trouble(pod, container, events, limits, now));
  }
  add(gate_trouble(pod, limits, now));
  add(scheduling_trouble(pod, events));
  if (troubles.empty()) add(volume_trouble(pod, events));
  std::string message;
  if (const int count = events_with(events, "FailedCreatePodSandBox", {}, &message);
      count > 0 && troubles.empty() && !pod.ready() &&
      std::ranges::none_of(pod.containers, [](const Container& c) { return c.running_since || c.ended || c.last; })) {
    Trouble trouble;
    trouble.kind = of("sandbox");
    trouble.message = tidy_message(message);
    trouble.count = count;
    trouble.ripe = count >= 3;
    troubles.push_back(std::move(trouble));
  }
  std::ranges::stable_sort(troubles, {}, [](const Trouble& t) { return t.kind; });  // the table's order
  return troubles;
}

}  // namespace slipway::kube
