// SPDX-License-Identifier: Apache-2.0
// The workload itself, kind by kind, as a struct.
#include "core/text.hpp"
#include "kube/facts.hpp"
#include "kube/facts_parts.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::kube {

using nlohmann::json;

namespace {

/// progressDeadlineSeconds of "no deadline". @source apps/v1 Deployment, controller's HasProgressDeadline
constexpr int no_deadline = 2147483647;

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
    workload.one_by_one = text_at(object, {"spec", "podManagementPolicy"}) != "Parallel";
    workload.partition = int_at(object, {"spec", "updateStrategy", "rollingUpdate", "partition"});
    workload.ordinals_start = int_at(object, {"spec", "ordinals", "start"});
    workload.current_replicas = int_at(object, {"status", "currentReplicas"});
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
    workload.active = int_at(object, {"status", "active"});
    workload.observed = workload.generation;  // a Job has no observedGeneration
    break;
  case Kind::replica_set:
  case Kind::replication_controller:
  case Kind::custom: break;
  case Kind::pod:
    workload.observed = workload.generation;
    workload.template_text.clear();
    break;
  }
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
  case Kind::deployment: return "deployment";
  case Kind::stateful_set: return "statefulset";
  case Kind::daemon_set: return "daemonset";
  case Kind::job: return "job";
  case Kind::replica_set: return "replicaset";
  case Kind::pod: return "pod";
  case Kind::replication_controller: return "replicationcontroller";
  case Kind::custom: return "custom";
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
  case Kind::replication_controller: return "ReplicationController";
  case Kind::custom: break;
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
      {Kind::replication_controller, {"replicationcontroller", "replicationcontrollers", "rc"}},
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

namespace {

/// Who wrote spec.replicas last. An autoscaler writes through the scale subresource.
std::string last_scaler(const json& object) {
  std::string manager;
  std::optional<Time> latest;
  for (const auto& entry : list_at(object, {"metadata", "managedFields"})) {
    const auto time = time_at(entry, {"time"});
    if (!field(entry, {"fieldsV1", "f:spec", "f:replicas"}) || !time || (latest && *time <= *latest)) continue;
    latest = time;
    manager = text_at(entry, {"manager"});
  }
  return manager;
}

}  // namespace

Workload read_workload(const json& object, Kind kind, const ReadyRules& rules) {
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
  if (kind == Kind::replication_controller) {  // its selector is a plain map
    workload.selector_text = selector_query({{"matchLabels", map_at(object, {"spec", "selector"})}});
  } else if (kind != Kind::custom) {
    for (const auto& [key, value] : map_at(object, {"spec", "selector", "matchLabels"}).items())
      if (value.is_string()) workload.selector.emplace(key, value.get<std::string>());
    workload.selector_text = selector_query(map_at(object, {"spec", "selector"}));
  }
  for (const auto& [key, value] : map_at(object, {"metadata", "annotations"}).items())
    if (value.is_string() && (key.starts_with("slipway/") || key.starts_with("deployment.kubernetes.io/") ||
                              key.starts_with("meta.helm.sh/")))
      workload.annotations.emplace(key, value.get<std::string>());
  workload.conditions = read_conditions(object);
  read_status(workload, object);
  read_kind(workload, object);
  workload.scaled_by = last_scaler(object);
  if (kind == Kind::custom) {
    workload.custom = read_custom(object, rules);
    workload.observed = custom_observed(object) ? workload.generation : workload.generation - 1;
    workload.wanted = 1;
    // Another spec is another rollout; a custom resource has no pod template to tell by.
    workload.template_text = map_at(object, {"spec"}).dump(-1, ' ', false, json::error_handler_t::replace);
    workload.images.clear();
  }
  return workload;
}

}  // namespace slipway::kube
