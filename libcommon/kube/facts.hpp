// SPDX-License-Identifier: Apache-2.0
// What the verdict reads of Kubernetes objects, as plain structs: small (a thousand pods fit in a
// few megabytes) and easy to make up in a test. Reading them from JSON never throws: a field that is
// absent or of another type is taken as absent, because a server newer or older than us is normal.
#pragma once

#include "kube/custom.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

using Time = std::chrono::system_clock::time_point;

struct Condition {
  std::string type;
  std::string status;  ///< True, False, Unknown
  std::string reason;
  std::string message;
  std::optional<Time> changed;  ///< lastTransitionTime
  std::optional<Time> updated;  ///< lastUpdateTime
};
using Conditions = std::vector<Condition>;
[[nodiscard]] const Condition* find(const Conditions& conditions, std::string_view type);

struct Termination {
  std::string reason;
  std::string message;
  int exit_code = 0;
  int signal = 0;
  std::optional<Time> started;
  std::optional<Time> finished;
};

struct Probe {
  std::string text;  ///< "http-get :8080/healthz", "exec", "tcp :80", "grpc :9000"
  int initial_delay = 0;
  int period = 10;
  int timeout = 1;
  int failures = 3;
};

struct Container {
  enum class Phase { unknown, waiting, running, terminated };
  std::string name;
  std::string image;
  bool init = false;     ///< runs to its end before the others
  bool sidecar = false;  ///< an init container with restartPolicy Always: counts as a container
  bool ready = false;
  int restarts = 0;
  Phase phase = Phase::unknown;
  std::string reason;  ///< of waiting
  std::string message;
  std::optional<Termination> ended;  ///< now terminated
  std::optional<Termination> last;   ///< the run before
  std::optional<Time> running_since;
  std::string memory_limit;
  std::string memory_request;
  std::optional<Probe> readiness;
  std::optional<Probe> liveness;
  std::optional<Probe> startup;
};

struct Pod {
  std::string name;
  std::string uid;
  std::string owner;     ///< UID of the controller
  std::string revision;  ///< pod-template-hash or controller-revision-hash
  std::string node;
  std::string phase;
  std::string reason;
  std::string message;
  std::string restart_policy = "Always";
  std::string nominated_node;
  std::optional<Time> created;
  std::optional<Time> deleting;  ///< deletionTimestamp: the end of its grace
  std::optional<Time> lost_at;   ///< evicted, preempted or lost with its node
  std::vector<std::string> finalizers;
  bool gated = false;  ///< schedulingGates
  Conditions conditions;
  std::vector<std::string> readiness_gates;
  std::vector<Container> containers;  ///< init containers first
  std::vector<std::string> claims;    ///< PersistentVolumeClaims
  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool finished() const { return phase == "Succeeded" || phase == "Failed"; }
};

struct ReplicaSet {
  std::string name;
  std::string uid;
  std::string owner;
  std::string hash;  ///< pod-template-hash
  std::int64_t revision = 0;
  int wanted = 0;
  int replicas = 0;
  int ready = 0;
  int available = 0;
  std::optional<Time> created;
  std::string template_text;  ///< canonical JSON of the pod template without the hash label
  std::vector<std::string> images;
  Conditions conditions;
};

/// What a StatefulSet or DaemonSet keeps of each of its revisions.
struct RevisionFact {
  std::string name;
  std::string uid;
  std::string owner;
  std::string hash;  ///< its pods carry it, or the name, in controller-revision-hash
  std::int64_t number = 0;
  std::string template_text;
  std::vector<std::string> images;
};

enum class Kind { deployment, stateful_set, daemon_set, job, replica_set, pod, replication_controller, custom };
[[nodiscard]] std::string_view name_of(Kind kind);                 ///< "deployment"
[[nodiscard]] std::string_view resource_of(Kind kind);             ///< "Deployment"; empty for a custom resource
[[nodiscard]] std::optional<Kind> kind_of(std::string_view name);  ///< kind, plural, short name; any case

/// One workload: what was asked for, and what its controller says of it. A count that the server
/// does not serve is absent, not zero.
struct Workload {
  Kind kind = Kind::deployment;
  std::string name;
  std::string name_space;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::int64_t observed = 0;
  std::optional<Time> created;
  std::optional<Time> deleting;
  std::int64_t revision = 0;  ///< deployment.kubernetes.io/revision
  bool paused = false;        ///< or a suspended Job
  bool on_delete = false;
  bool recreate = false;
  bool one_by_one = false;  ///< podManagementPolicy OrderedReady
  int wanted = 1;
  int partition = 0;  ///< of a StatefulSet
  int ordinals_start = 0;
  int min_ready_seconds = 0;
  std::string max_surge;  ///< as written: "25%" or "1"; empty when there is none
  std::string max_unavailable;
  std::optional<int> deadline;  ///< progressDeadlineSeconds; absent: none
  std::string template_text;
  std::vector<std::string> images;
  std::map<std::string, std::string> selector;  ///< matchLabels
  std::string selector_text;                    ///< as a labelSelector query, with matchExpressions
  std::string current_revision;                 ///< of a StatefulSet
  std::string update_revision;
  int current_replicas = 0;  ///< at current_revision
  int replicas = 0;
  int updated = 0;
  int ready = 0;
  int available = 0;
  int unavailable = 0;
  std::optional<int> terminating;
  int succeeded = 0;  ///< of a Job
  int failed = 0;
  int active = 0;
  Conditions conditions;
  std::string scaled_by;  ///< field manager that wrote the replicas last; empty: unknown
  std::optional<CustomReading> custom;
  std::map<std::string, std::string> annotations;  ///< slipway/* and deployment.kubernetes.io/* only
};

struct EventFact {
  std::string about;       ///< involvedObject.uid
  std::string about_name;  ///< involvedObject.kind/name
  std::string type;        ///< Normal, Warning
  std::string reason;
  std::string message;
  int count = 1;
  std::optional<Time> last;
};

[[nodiscard]] Pod read_pod(const nlohmann::json& object);
[[nodiscard]] ReplicaSet read_replica_set(const nlohmann::json& object);
[[nodiscard]] RevisionFact read_revision(const nlohmann::json& object);
/// @param rules of a custom resource; other kinds have their own
[[nodiscard]] Workload read_workload(const nlohmann::json& object, Kind kind, const ReadyRules& rules = {});
[[nodiscard]] EventFact read_event(const nlohmann::json& object);

/// "512Mi" as a number; nothing when it is none. @source resource.Quantity
[[nodiscard]] std::optional<double> quantity(std::string_view text);

/// The template without the label that the controller adds, dumped with sorted keys.
[[nodiscard]] std::string canonical_template(const nlohmann::json& pod_template);

}  // namespace slipway::kube
