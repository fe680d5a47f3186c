// SPDX-License-Identifier: Apache-2.0
#include "kube/facts.hpp"

#include "core/text.hpp"
#include "kube/facts_parts.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace slipway::kube {

using nlohmann::json;

namespace {

std::string owner_of(const json& object) {
  for (const auto& reference : list_at(object, {"metadata", "ownerReferences"}))
    if (flag_at(reference, {"controller"})) return text_at(reference, {"uid"});
  return {};
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

}  // namespace

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

std::vector<std::string> images_of(const json& pod_template) {
  std::vector<std::string> images;
  for (const auto& container : list_at(pod_template, {"spec", "containers"}))
    images.push_back(text_at(container, {"image"}));
  return images;
}

std::int64_t revision_of(const json& object) {
  const auto& annotations = map_at(object, {"metadata", "annotations"});
  const auto written = text_at(annotations, {"deployment.kubernetes.io/revision"});
  std::int64_t number = 0;
  std::from_chars(written.data(), written.data() + written.size(), number);
  return number;
}

const Condition* find(const Conditions& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool Pod::ready() const {
  const auto* condition = find(conditions, "Ready");
  return condition && condition->status == "True";
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
  if (const auto* evicted = find(pod.conditions, "DisruptionTarget"); evicted && evicted->status == "True")
    pod.lost_at = evicted->changed;
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

RevisionFact read_revision(const json& object) {
  RevisionFact revision;
  revision.name = text_at(object, {"metadata", "name"});
  revision.uid = text_at(object, {"metadata", "uid"});
  revision.owner = owner_of(object);
  revision.hash = text_at(object, {"metadata", "labels", "controller-revision-hash"});
  if (revision.hash.empty()) revision.hash = text_at(object, {"metadata", "labels", "controller.kubernetes.io/hash"});
  revision.number = number_at(object, {"revision"});
  const auto& pod_template = map_at(object, {"data", "spec", "template"});
  revision.template_text = canonical_template(pod_template);
  revision.images = images_of(pod_template);
  return revision;
}

std::optional<double> quantity(std::string_view text) {
  struct Unit {
    std::string_view name;
    double factor;
  };
  static constexpr std::array<Unit, 13> units{{{"Ki", 1024.0},
                                               {"Mi", 1048576.0},
                                               {"Gi", 1073741824.0},
                                               {"Ti", 1099511627776.0},
                                               {"Pi", 1125899906842624.0},
                                               {"n", 1e-9},
                                               {"u", 1e-6},
                                               {"m", 1e-3},
                                               {"k", 1e3},
                                               {"M", 1e6},
                                               {"G", 1e9},
                                               {"T", 1e12},
                                               {"P", 1e15}}};
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty()) return number;
  for (const auto& each : units)
    if (each.name == unit) return number * each.factor;
  return std::nullopt;
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
