// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a pod (or with making one), and for how long it has to stay wrong before it
// counts: the table of failure classes, and the reading of pods and events into troubles. Whether a
// trouble fails a rollout is decided in kube/workload.hpp.
#pragma once

#include "kube/facts.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// How much it takes to be sure. Deterministic: one pod is enough, no other can fare better.
/// Probable: two pods, or the only one, or the repeat count. Note: shown, never a verdict by itself.
enum class Proof { deterministic, probable, note };

struct TroubleClass {
  std::string_view id;    ///< stable: "image-not-found"
  std::string_view name;  ///< as people read it: "ImageNotFound"
  Proof proof;
  std::chrono::seconds patience;  ///< continuous persistence that it takes
  int attempts;                   ///< tries that must have been seen, where tries can be counted
  std::string_view meaning;
};

/// Every class, most telling first: where a pod has several troubles the first one is the cause.
[[nodiscard]] std::span<const TroubleClass> trouble_classes();
/// @returns null for an unknown id or name (any case)
[[nodiscard]] const TroubleClass* trouble_class(std::string_view id_or_name);

struct Trouble {
  const TroubleClass* kind = nullptr;
  std::string container;                         ///< empty: the pod as a whole
  std::string message;                           ///< the server's or the runtime's words, one line, credentials cut out
  int count = 0;                                 ///< attempts, restarts, events seen; 0 when it cannot be counted
  bool ripe = true;                              ///< seen often enough, where it can be counted
  bool repeated = false;                         ///< proof by repetition: one pod will do even for a probable class
  bool previous_log = false;                     ///< the cause is in the log of the run before
  std::optional<std::chrono::seconds> patience;  ///< where the case at hand differs from its class
};

/// What is remembered of a container's pulls, because ImagePullBackOff hides why the pull failed.
struct PullMemory {
  std::string message;
  int attempts = 0;
};

/// Where the user draws the lines.
struct Limits {
  int max_restarts = 3;                                    ///< of a pod of this revision before it is a crash loop
  std::optional<std::chrono::milliseconds> unready_after;  ///< running and not ready for so long is a failure
};

/// All troubles of one pod now, most telling first.
/// @param events those about this pod
[[nodiscard]] std::vector<Trouble> troubles_of(const Pod& pod, std::span<const EventFact* const> events,
                                               const std::map<std::string, PullMemory>& pulls, const Limits& limits,
                                               Time now);

/// In how long time alone gives this pod a trouble that it does not have yet; nothing when it never does.
[[nodiscard]] std::optional<std::chrono::milliseconds> trouble_due(const Pod& pod, const Limits& limits, Time now);

/// What keeps an owner (ReplicaSet, StatefulSet, ...) from making pods: quota, policy, webhooks.
/// @param message of its ReplicaFailure condition or FailedCreate event
[[nodiscard]] Trouble refusal(std::string_view message, int count);

/// Which class a message of a failed pull belongs to.
[[nodiscard]] const TroubleClass& classify_pull(std::string_view message);

/// One line: control characters and credentials out, the runtime's repetitive prefixes cut.
[[nodiscard]] std::string tidy_message(std::string_view message, std::size_t most = 300);

}  // namespace slipway::kube
