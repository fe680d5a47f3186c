// SPDX-License-Identifier: Apache-2.0
// Waiting for workloads of one cluster until each has a verdict, driven by watches: the one wait that
// k8s-rollout status, deploy-helm apply and pipeline-test e2e share. It ends within a tenth of a
// second of the API holding the last fact. The rules are kube/workload.hpp's; what a failure looks
// like on a screen is kube/explain.hpp's.
#pragma once

#include "kube/client.hpp"
#include "kube/evidence.hpp"
#include "kube/workload.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace slipway::kube {

struct Target {
  Kind kind = Kind::deployment;
  std::string name_space;
  std::string name;
  std::optional<Resource> resource;        ///< of a custom resource
  [[nodiscard]] std::string type() const;  ///< "deployment", "certificate.cert-manager.io"
  [[nodiscard]] std::string text() const { return type() + '/' + name; }
  [[nodiscard]] const Resource& api() const;  ///< where it is read and written
  friend bool operator==(const Target&, const Target&) = default;
};

/// The workloads that a label selector matches ("app.kubernetes.io/instance=x"), all kinds that have
/// a readiness of their own: Deployments, StatefulSets, DaemonSets, Jobs.
/// @throws as Client::list; kinds that may not be listed are left out
[[nodiscard]] std::vector<Target> select_workloads(Client& client, const std::string& name_space,
                                                   const std::string& selector, const io::Run& run);
/// The workloads among the objects of a manifest, in its order; `name_space` where it names none.
[[nodiscard]] std::vector<Target> workloads_of(const std::vector<nlohmann::json>& manifest,
                                               const std::string& name_space);

struct Outcome {
  Target target;
  Verdict verdict;
  std::string uid;            ///< of the workload
  std::string selector;       ///< its label selector, as a query
  std::string template_text;  ///< that was judged
  std::chrono::milliseconds took{0};
  std::vector<EventFact> events;       ///< about the failing pod, its owner and the workload
  std::vector<LogTail> logs;           ///< of the failing container
  std::int64_t baseline_revision = 0;  ///< that served when the wait began; 0: none
};

/// One thing that was seen of a workload while it was waited for: for who wants it as data. The sentences for people
/// are events on the run.
struct Sighting {
  enum class What {
    start,     ///< the first look
    progress,  ///< of counts or text, not of every look
    pod,       ///< a pod's state; `pod` is it
    warning,
    recovered,  ///< a trouble ended by itself
    cause,      ///< another trouble than before is the worst one; the verdict has it
  };
  What what = What::progress;
  std::string text;
  const Pod* pod = nullptr;
};

struct FollowUp;

struct TrackOptions {
  Policy policy;
  bool wait = true;                              ///< false: one look at each
  std::chrono::milliseconds api_grace{300'000};  ///< out of contact for longer: State::unreachable
  std::string place;  ///< the cluster's name, before the object's in progress lines; may be empty
  int log_lines = 25;
  int follow_logs = 0;     ///< lines a second of the new pods' logs that are told meanwhile; 0: none
  bool explain = false;    ///< with `wait` false: fetch events and logs of what is wrong, too
  bool settle_all = true;  ///< go on with the others after one has failed
  /// Told what is new, with the outcome as it is by then.
  std::function<void(const Outcome&, const Sighting&)> on_sight;
  /// Told each outcome as soon as it is there, with its events and logs, while the others are still watched. It may
  /// use the client. Where it changed something, the same workload is watched on by what it returns; the outcome of
  /// that is told to that one's on_end only.
  std::function<std::optional<FollowUp>(const Outcome&)> on_end;
};

/// How a workload is watched on after its outcome.
struct FollowUp {
  TrackOptions options;
  Deadline deadline;  ///< its own, whatever becomes of the wait's
};

/// One outcome for each target, in their order. Failures are outcomes, not Errors; so is running out of
/// `run.deadline` (State::timeout, with what was still missing).
/// Emits events of kind "progress" (subject KIND/NAME), "pod" (subject = the pod) and "verdict" on `run`.
/// @throws Error denied when the workload itself may not be read; interrupted; what `on_end` throws
[[nodiscard]] std::vector<Outcome> wait_ready(Client& client, const std::vector<Target>& targets,
                                              const TrackOptions& options, const io::Run& run);

/// The worst of several by the exit order 1 69 75 66 124 3 0.
[[nodiscard]] State worst(const std::vector<Outcome>& outcomes);
/// The status that goes with it: failed 1, held 3, no rule 65, superseded 75, gone 66, unreachable 69, timeout 124,
/// progressing 3 (a look without waiting), done 0.
[[nodiscard]] ExitCode exit_code_of(State state);

}  // namespace slipway::kube
