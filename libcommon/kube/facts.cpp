// SPDX-License-Identifier: Apache-2.0
#include "kube/facts.hpp"

#include "core/text.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace slipway::kube {

using nlohmann::json;

namespace {

/// progressDeadlineSeconds of "no deadline". @source apps/v1 Deployment, controller's HasProgressDeadline
constexpr int no_deadline = 2147483647;

Conditions read_conditions(const json& object) {
  Conditions list;
  for (const auto& item : list_at(object, {"status", "conditions"})) {
    if (!item.is_object()) continue;
    list.push_back({text_at(item, {"type"}), text_at(item, {"status"}), text_at(item, {"reason"}),
                    text_at(item, {"message"}), time_at(item, {"lastTransitionTime"}),
                    time_at(item, {"lastUpdateTime"})});
  }
  return list;
}

std::string owner_of(const json& object) {
  for (const auto& reference : list_at(object, {"metadata", "ownerReferences"}))
    if (flag_at(reference, {"controller"})) return text_at(reference, {"uid"});
  return {};
}

std::vector<std::string> images_of(const json& pod_template) {
  std::vector<std::string> images;
  for (const auto& container : list_at(pod_template, {"spec", "containers"}))
    images.push_back(text_at(container, {"image"}));
  return images;
}

Termination read_termination(const json& ended) {
  return {text_at(ended, {"reason"}), text_at(ended, {"message"}),   int_at(ended, {"exitCode"}),
          int_at(ended, {"signal"}),  time_at(ended, {"startedAt"}), time_at(ended, {"finishedAt"})};
}

std::string port_text(const json& action) {
  const auto* port = field(action, {"port"});
  if (!port) return {};
  return port->is_string() ? port->get<std::string>() : port->dump();
}

std::optional<Probe> read_probe(const json& container, std::string_view name) {
  const auto* probe = field(container, {name});
  if (!probe || !probe->is_object()) return std::nullopt;
  Probe read;
  if (const auto* http = field(*probe, {"httpGet"}))
    read.text = fmt::format("http-get :{}{}", port_text(*http), text_at(*http, {"path"}));
  else if (const auto* tcp = field(*probe, {"tcpSocket"})) read.text = fmt::format("tcp :{}", port_text(*tcp));
  else if (const auto* grpc = field(*probe, {"grpc"})) read.text = fmt::format("grpc :{}", port_text(*grpc));
  else read.text = "exec";
  read.initial_delay = int_at(*probe, {"initialDelaySeconds"}, 0);
  read.period = int_at(*probe, {"periodSeconds"}, 10);
  read.timeout = int_at(*probe, {"timeoutSeconds"}, 1);
  read.failures = int_at(*probe, {"failureThreshold"}, 3);
  return read;
}

void read_state(Container& container, const json& status) {
  container.ready = flag_at(status, {"ready"});
  container.restarts = int_at(status, {"restartCount"});
  if (const auto* waiting = field(status, {"state", "waiting"})) {
    container.phase = Container::Phase::waiting;
    container.reason = text_at(*waiting, {"reason"});
    container.message = text_at(*waiting, {"message"});
  } else if (const auto* running = field(status, {"state", "running"})) {
    container.phase = Container::Phase::running;
    container.running_since = time_at(*running, {"startedAt"});
  } else if (const auto* ended = field(status, {"state", "terminated"})) {
    container.phase = Container::Phase::terminated;
    container.ended = read_termination(*ended);
  }
  if (const auto* last = field(status, {"lastState", "terminated"})) container.last = read_termination(*last);
}

void read_containers(Pod& pod, const json& object, std::string_view spec_list, std::string_view status_list,
                     bool init) {
  for (const auto& spec : list_at(object, {"spec", spec_list})) {
    Container container;
    container.name = text_at(spec, {"name"});
    container.image = text_at(spec, {"image"});
    container.sidecar = init && text_at(spec, {"restartPolicy"}) == "Always";
    container.init = init && !container.sidecar;
    container.memory_limit = text_at(spec, {"resources", "limits", "memory"});
    container.memory_request = text_at(spec, {"resources", "requests", "memory"});
    container.readiness = read_probe(spec, "readinessProbe");
    container.liveness = read_probe(spec, "livenessProbe");
    container.startup = read_probe(spec, "startupProbe");
    for (const auto& status : list_at(object, {"status", status_list}))
      if (text_at(status, {"name"}) == container.name) read_state(container, status);
    pod.containers.push_back(std::move(container));
  }
}

/// A LabelSelector as the API's query wants it.
std::string selector_query(const json& selector) {
  std::vector<std::string> terms;
  for (const auto& [key, value] : map_at(selector, {"matchLabels"}).items())
    if (value.is_string()) terms.push_back(fmt::format("{}={}", key, value.get<std::string>()));
  for (const auto& expression : list_at(selector, {"matchExpressions"})) {
    const auto key = text_at(expression, {"key"});
    const auto verb = text_at(expression, {"operator"});
    std::vector<std::string> values;
    for (const auto& value : list_at(expression, {"values"}))
      if (value.is_string()) values.push_back(value.get<std::string>());
    const auto set = '(' + text::join(values, ",") + ')';
    if (verb == "In") terms.push_back(fmt::format("{} in {}", key, set));
    else if (verb == "NotIn") terms.push_back(fmt::format("{} notin {}", key, set));
    else if (verb == "Exists") terms.push_back(key);
    else if (verb == "DoesNotExist") terms.push_back('!' + key);
  }
  return text::join(terms, ",");
}

std::string int_or_percent(const json& object, Path path) {
  const auto* value = field(object, path);
  if (!value) return {};
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::int64_t revision_of(const json& object) {
  const auto& annotations = map_at(object, {"metadata", "annotations"});
  const auto written = text_at(annotations, {"deployment.kubernetes.io/revision"});
  std::int64_t number = 0;
  std::from_chars(written.data(), written.data() + written.size(), number);
  return number;
}

void read_status(Workload& workload, const json& object) {
  workload.replicas = int_at(object, {"status", "replicas"});
  workload.updated = int_at(object, {"status", "updatedReplicas"});
  workload.ready = int_at(object, {"status", "readyReplicas"});
  workload.available = int_at(object, {"status", "availableReplicas"});
  workload.unavailable = int_at(object, {"status", "unavailableReplicas"});
  if (const auto count = maybe_number(object, {"status", "terminatingReplicas"}))
    workload.terminating = static_cast<int>(*count);
}

void read_kind(Workload& workload, const json& object) {
  switch (workload.kind) {
  case Kind::deployment:
    workload.paused = flag_at(object, {"spec", "paused"});
    workload.recreate = text_at(object, {"spec", "strategy", "type"}) == "Recreate";
    workload.max_surge = int_or_percent(object, {"spec", "strategy", "rollingUpdate", "maxSurge"});
    workload.max_unavailable = int_or_percent(object, {"spec", "strategy", "rollingUpdate", "maxUnavailable"});
    if (const auto seconds = maybe_number(object, {"spec", "progressDeadlineSeconds"});
        seconds && *seconds != no_deadline)
      workload.deadline = static_cast<int>(*seconds);
    break;
  case Kind::stateful_set:
    workload.on_delete = text_at(object, {"spec", "updateStrategy", "type"}) == "OnDelete";
    workload.partition = int_at(object, {"spec", "updateStrategy", "rollingUpdate", "partition"});
    workload.ordinals_start = int_at(object, {"spec", "ordinals", "start"});
    workload.current_revision = text_at(object, {"status", "currentRevision"});
    workload.update_revision = text_at(object, {"status", "updateRevision"});
    break;
  case Kind::daemon_set:
    workload.on_delete = text_at(object, {"spec", "updateStrategy", "type"}) == "OnDelete";
    workload.wanted = int_at(object, {"status", "desiredNumberScheduled"});
    workload.replicas = int_at(object, {"status", "currentNumberScheduled"});
    workload.updated = int_at(object, {"status", "updatedNumberScheduled"});
    workload.ready = int_at(object, {"status", "numberReady"});
    workload.available = int_at(object, {"status", "numberAvailable"});
    workload.unavailable = int_at(object, {"status", "numberUnavailable"});
    break;
  case Kind::job:
    workload.paused = flag_at(object, {"spec", "suspend"});
    workload.wanted = int_at(object, {"spec", "completions"}, 1);
    workload.succeeded = int_at(object, {"status", "succeeded"});
    workload.failed = int_at(object, {"status", "failed"});
    workload.observed = workload.generation;  // a Job has no observedGeneration
    break;
  case Kind::replica_set: break;
  case Kind::pod:
    workload.observed = workload.generation;
    workload.template_text.clear();
    break;
  }
}

}  // namespace

const Condition* find(const Conditions& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool Pod::ready() const {
  const auto* condition = find(conditions, "Ready");
  return condition && condition->status == "True";
}

std::string_view name_of(Kind kind) {
  switch (kind) {
  case Kind::deployment: return "deployment";
  case Kind::stateful_set: return "statefulset";
  case Kind::daemon_set: return "daemonset";
  case Kind::job: return "job";
  case Kind::replica_set: return "replicaset";
  case Kind::pod: return "pod";
  }
  return "workload";
}

std::string_view resource_of(Kind kind) {
  switch (kind) {
  case Kind::deployment: return "Deployment";
  case Kind::stateful_set: return "StatefulSet";
  case Kind::daemon_set: return "DaemonSet";
  case Kind::job: return "Job";
  case Kind::replica_set: return "ReplicaSet";
  case Kind::pod: return "Pod";
  }
  return "";
}

std::optional<Kind> kind_of(std::string_view name) {
  struct Row {
    Kind kind;
    std::initializer_list<std::string_view> names;
  };
  static const Row rows[] = {
      {Kind::deployment, {"deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"}},
      {Kind::stateful_set, {"statefulset", "statefulsets", "sts", "statefulset.apps", "statefulsets.apps"}},
      {Kind::daemon_set, {"daemonset", "daemonsets", "ds", "daemonset.apps", "daemonsets.apps"}},
      {Kind::job, {"job", "jobs", "job.batch", "jobs.batch"}},
      {Kind::replica_set, {"replicaset", "replicasets", "rs", "replicaset.apps", "replicasets.apps"}},
      {Kind::pod, {"pod", "pods", "po"}},
  };
  const auto wanted = text::lower(name);
  for (const auto& row : rows)
    if (std::ranges::find(row.names, wanted) != row.names.end()) return row.kind;
  return std::nullopt;
}

std::string canonical_template(const json& pod_template) {
  if (!pod_template.is_object()) return {};
  auto copy = pod_template;
  if (const auto metadata = copy.find("metadata"); metadata != copy.end() && metadata->is_object()) {
    metadata->erase("creationTimestamp");
    if (const auto labels = metadata->find("labels"); labels != metadata->end() && labels->is_object())
      labels->erase("pod-template-hash");
  }
  return copy.dump(-1, ' ', false, json::error_handler_t::replace);
}

Pod read_pod(const json& object) {
  Pod pod;
  pod.name = text_at(object, {"metadata", "name"});
  pod.uid = text_at(object, {"metadata", "uid"});
  pod.owner = owner_of(object);
  pod.revision = text_at(object, {"metadata", "labels", "pod-template-hash"});
  if (pod.revision.empty()) pod.revision = text_at(object, {"metadata", "labels", "controller-revision-hash"});
  pod.node = text_at(object, {"spec", "nodeName"});
  pod.phase = text_at(object, {"status", "phase"});
  pod.reason = text_at(object, {"status", "reason"});
  pod.message = text_at(object, {"status", "message"});
  if (auto policy = text_at(object, {"spec", "restartPolicy"}); !policy.empty()) pod.restart_policy = std::move(policy);
  pod.nominated_node = text_at(object, {"status", "nominatedNodeName"});
  pod.created = time_at(object, {"metadata", "creationTimestamp"});
  pod.deleting = time_at(object, {"metadata", "deletionTimestamp"});
  for (const auto& finalizer : list_at(object, {"metadata", "finalizers"}))
    if (finalizer.is_string()) pod.finalizers.push_back(finalizer.get<std::string>());
  pod.gated = !list_at(object, {"spec", "schedulingGates"}).empty();
  pod.conditions = read_conditions(object);
  for (const auto& gate : list_at(object, {"spec", "readinessGates"}))
    pod.readiness_gates.push_back(text_at(gate, {"conditionType"}));
  for (const auto& volume : list_at(object, {"spec", "volumes"}))
    if (auto claim = text_at(volume, {"persistentVolumeClaim", "claimName"}); !claim.empty())
      pod.claims.push_back(std::move(claim));
  read_containers(pod, object, "initContainers", "initContainerStatuses", true);
  read_containers(pod, object, "containers", "containerStatuses", false);
  return pod;
}

ReplicaSet read_replica_set(const json& object) {
  ReplicaSet set;
  set.name = text_at(object, {"metadata", "name"});
  set.uid = text_at(object, {"metadata", "uid"});
  set.owner = owner_of(object);
  set.hash = text_at(object, {"metadata", "labels", "pod-template-hash"});
  set.revision = revision_of(object);
  set.wanted = int_at(object, {"spec", "replicas"}, 1);
  set.replicas = int_at(object, {"status", "replicas"});
  set.ready = int_at(object, {"status", "readyReplicas"});
  set.available = int_at(object, {"status", "availableReplicas"});
  set.created = time_at(object, {"metadata", "creationTimestamp"});
  const auto& pod_template = map_at(object, {"spec", "template"});
  set.template_text = canonical_template(pod_template);
  set.images = images_of(pod_template);
  set.conditions = read_conditions(object);
  return set;
}

Workload read_workload(const json& object, Kind kind) {
  Workload workload;
  workload.kind = kind;
  workload.name = text_at(object, {"metadata", "name"});
  workload.name_space = text_at(object, {"metadata", "namespace"});
  workload.uid = text_at(object, {"metadata", "uid"});
  workload.resource_version = text_at(object, {"metadata", "resourceVersion"});
  workload.generation = number_at(object, {"metadata", "generation"});
  workload.observed = number_at(object, {"status", "observedGeneration"});
  workload.created = time_at(object, {"metadata", "creationTimestamp"});
  workload.deleting = time_at(object, {"metadata", "deletionTimestamp"});
  workload.revision = revision_of(object);
  workload.wanted = int_at(object, {"spec", "replicas"}, 1);
  workload.min_ready_seconds = int_at(object, {"spec", "minReadySeconds"});
  const auto& pod_template = map_at(object, {"spec", "template"});
  workload.template_text = canonical_template(pod_template);
  workload.images = images_of(kind == Kind::pod ? object : pod_template);
  for (const auto& [key, value] : map_at(object, {"spec", "selector", "matchLabels"}).items())
    if (value.is_string()) workload.selector.emplace(key, value.get<std::string>());
  workload.selector_text = selector_query(map_at(object, {"spec", "selector"}));
  for (const auto& [key, value] : map_at(object, {"metadata", "annotations"}).items())
    if (value.is_string() && (key.starts_with("slipway/") || key.starts_with("deployment.kubernetes.io/") ||
                              key.starts_with("meta.helm.sh/")))
      workload.annotations.emplace(key, value.get<std::string>());
  workload.conditions = read_conditions(object);
  read_status(workload, object);
  read_kind(workload, object);
  return workload;
}

EventFact read_event(const json& object) {
  EventFact event;
  event.about = text_at(object, {"involvedObject", "uid"});
  event.about_name =
      text::lower(text_at(object, {"involvedObject", "kind"})) + '/' + text_at(object, {"involvedObject", "name"});
  event.type = text_at(object, {"type"});
  event.reason = text_at(object, {"reason"});
  event.message = text_at(object, {"message"});
  event.count = std::max({1, int_at(object, {"count"}, 1), int_at(object, {"series", "count"}, 1)});
  event.last = time_at(object, {"series", "lastObservedTime"});
  if (!event.last) event.last = time_at(object, {"lastTimestamp"});
  if (!event.last) event.last = time_at(object, {"eventTime"});
  if (!event.last) event.last = time_at(object, {"metadata", "creationTimestamp"});
  return event;
}

}  // namespace slipway::kube
