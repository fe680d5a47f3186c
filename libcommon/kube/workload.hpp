// SPDX-License-Identifier: Apache-2.0
// The verdict: is it rolled out? Pure: from what the API holds now, the clock, and a memory of what
// was seen before, to one of five answers with its reason. No network, no environment, no waiting;
// kube/track.hpp feeds it. The rules are those of k8s-rollout(1): a verdict needs evidence that
// persisted, and only pods of the revision that is being rolled out can fail it.
#pragma once

#include "kube/facts.hpp"
#include "kube/trouble.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// All that is known about one workload at a moment. The order of the lists does not matter.
struct Snapshot {
  std::optional<Workload> object;  ///< nothing: it does not exist (any more)
  std::vector<ReplicaSet> replica_sets;
  std::vector<Pod> pods;
  std::vector<EventFact> events;
  std::vector<RevisionFact> revisions;  ///< of StatefulSets and DaemonSets
  std::set<std::string> unready_nodes;  ///< as far as nodes may be read
  std::optional<Workload> last;         ///< what was seen of it when it was deleted
  bool sets_readable = true;
  bool pods_readable = true;
  bool events_readable = true;
  Time now;  ///< the server's clock
};

enum class Mode { fail, warn, off };

/// A restart by eviction. The pods that were there when it began are the old ones, whatever their revision, and all
/// others the new ones.
struct Renewal {
  std::set<std::string> before;   ///< UIDs
  std::set<std::string> evicted;  ///< of those: done when they are gone, and as many new ones are ready
};

/// How to judge.
struct Policy {
  std::chrono::milliseconds stable{0};  ///< stay done for so long
  bool wait_terminated = false;         ///< old pods have to be gone, too
  bool fail_fast = true;
  std::map<std::string, Mode, std::less<>> classes;   ///< by id; over fail_fast
  std::optional<std::chrono::milliseconds> patience;  ///< upper bound for every class's own
  int max_restarts = 3;
  std::optional<std::chrono::milliseconds> fail_unready_after;  ///< running and not ready for so long fails
  /// There will be no second look: how long trouble has lasted is taken from what the objects say themselves.
  bool one_look = false;
  bool ignore_unready_nodes = false;  ///< pods of a DaemonSet on nodes that are not ready are not waited for
  ReadyRules rules;                   ///< of custom resources
  std::optional<std::chrono::milliseconds> no_progress;  ///< default: the deadline, else 10 min
  bool follow_superseded = false;
  std::optional<std::int64_t> revision;  ///< the only one that is waited for: another is State::superseded
  std::optional<int> enough_ready;       ///< done as soon as so many new pods are ready: a canary
  bool require_full = false;             ///< a StatefulSet's partition counts as held
  std::optional<Renewal> renewal;        ///< pods are waited for that were evicted, and not a revision
  /// When we changed it ourselves (server's clock): an older deadline condition is not about this rollout.
  std::optional<Time> changed_at;
};

enum class State {
  done,         ///< rolled out
  progressing,  ///< neither
  held,         ///< someone has to let it go on: paused, partition, OnDelete, suspended
  no_rule,      ///< a custom resource of which nothing says when it is ready
  failed,
  superseded,   ///< another template took over while we watched
  gone,         ///< it does not exist, or was deleted and made anew
  unreachable,  ///< no verdict: the API was out of reach (set by the tracker only)
  timeout,      ///< no verdict: time ran out (set by the tracker only)
};
[[nodiscard]] std::string_view name_of(State state);

/// A trouble seen over all pods of the revision.
struct Cause {
  std::string id;  ///< of the trouble class, or "progress-deadline", "unstable", "job-failed", ...
  std::string name;
  std::string text;  ///< one sentence: what, how many pods, the runtime's words
  int pods = 0;      ///< that have it
  std::string pod;   ///< the one with the fullest evidence
  std::string pod_uid;
  std::string container;
  bool previous_log = false;
  int count = 0;  ///< attempts or restarts of that pod
  std::optional<Time> since;
};

struct Counts {
  int wanted = 0;
  int updated = 0;
  int ready = 0;
  int available = 0;
  int total = 0;
  int old = 0;  ///< pods of other revisions that still exist
};

struct Verdict {
  State state = State::progressing;
  std::string text;             ///< one line: "2 of 4 updated, 1 available"
  std::optional<Cause> cause;   ///< of a failure; else the worst trouble so far
  std::vector<Cause> troubles;  ///< all, worst first
  std::vector<std::string> warnings;
  std::vector<std::string> recovered;  ///< troubles that ended since the last look
  std::vector<std::string> waiting;    ///< what is not so yet, most telling first: for a timeout
  Counts counts;
  std::int64_t revision = 0;
  std::string revision_name;  ///< ReplicaSet or ControllerRevision
  std::vector<std::string> images;
  std::string serving;                ///< who answers now: "rev 13: 4 of 4 pods available"
  std::int64_t serving_revision = 0;  ///< the old revision with available pods; 0: none
  std::string changed;                ///< what differs from that revision, or from the one before
  bool partitioned = false;
  int restarts = 0;                        ///< of all containers of the revision
  std::vector<std::string> revision_pods;  ///< UIDs of pods of the revision, not ready ones first; a few
  bool wants_nodes = false;                ///< whether nodes are ready would tell more
  std::vector<std::string> wants_events;   ///< UIDs of objects whose events would tell more
  /// When time alone can change this answer.
  std::optional<std::chrono::milliseconds> look_again;
};

/// What has to be remembered between two looks. Default-made at the first.
struct Memory {
  std::string uid;
  std::string template_text;
  std::optional<Time> begun;
  struct Seen {
    Time first;
    std::string told;  ///< the trouble in a few words, for when it ends
  };
  std::map<std::string, Seen> troubles;                            ///< key: pod uid / container / class id
  std::map<std::string, std::map<std::string, PullMemory>> pulls;  ///< pod uid, container
  std::map<std::string, std::string> pull_state;                   ///< pod uid / container: reason at the last look
  Counts best;                                                     ///< highest so far
  int target_wanted = 0;
  std::size_t started = 0;  ///< containers of this revision that have started
  Time progressed;          ///< when anything last got better
  Time available_rose;
  std::size_t made = 0;               ///< most pods of this revision at once
  Time pod_made;                      ///< when that last grew
  std::optional<Time> deadline_seen;  ///< since when the deadline condition stands
  std::optional<Time> unobserved;
  std::optional<Time> done_since;
  std::optional<Time> completed;                  ///< when it was whole for the first time
  std::map<std::string, int> restarts_when_done;  ///< pod uid
  std::int64_t baseline_revision = 0;             ///< what served at the first look
  bool first = true;
};

/// The policy with what annotations of the workload say over it: slipway/fail-fast, slipway/patience,
/// slipway/no-progress, slipway/max-restarts, slipway/fail-unready-after, slipway/stable. What cannot be read is told
/// in `wrong` and left out.
[[nodiscard]] Policy with_annotations(Policy policy, const std::map<std::string, std::string>& annotations,
                                      std::vector<std::string>& wrong);

/// "on", "off", or classes with =fail, =warn or =off, separated by commas.
/// @throws Error bad_usage, with the nearest class
void read_fail_fast(const std::string& text, Policy& policy);

/// @param memory changed: what this look adds
[[nodiscard]] Verdict judge(const Snapshot& now, const Policy& policy, Memory& memory);

/// The ReplicaSet whose template is the Deployment's; null while the controller has not made it.
[[nodiscard]] const ReplicaSet* target_of(const Workload& deployment, const std::vector<ReplicaSet>& sets);

}  // namespace slipway::kube
