// SPDX-License-Identifier: Apache-2.0
// A Deployment in a small made-up cluster: the objects as the API serves them, a clock that is turned
// by hand, and the verdict's memory. Tests change the objects and look again.
#pragma once

#include "kube/workload.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace slipway::kube::test {

using nlohmann::json;
using namespace std::chrono_literals;

inline std::string stamp(Time t) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
  const auto days = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{days};
  const auto of_day = seconds - std::chrono::duration_cast<std::chrono::seconds>(days.time_since_epoch()).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), of_day / 3600,
                     of_day / 60 % 60, of_day % 60);
}

class World {
 public:
  json deployment;
  std::vector<json> sets;
  std::vector<json> pods;
  std::vector<json> events;
  Time now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h;
  Memory memory;
  Policy policy;
  bool exists = true;
  unsigned shuffle = 0;  ///< not 0: the order of all lists is changed by this seed

  explicit World(int replicas = 2) {
    deployment = {{"kind", "Deployment"},
                  {"metadata",
                   {{"name", "web"},
                    {"namespace", "test"},
                    {"uid", "d1"},
                    {"generation", 2},
                    {"resourceVersion", "7"},
                    {"annotations", {{"deployment.kubernetes.io/revision", "2"}}}}},
                  {"spec",
                   {{"replicas", replicas},
                    {"progressDeadlineSeconds", 600},
                    {"selector", {{"matchLabels", {{"app", "web"}}}}},
                    {"template", pod_template("web:2")}}},
                  {"status", {{"observedGeneration", 2}, {"conditions", json::array()}}}};
    sets.push_back(set("web-old", 1, "web:1", now - 3600s));
    sets.push_back(set("web-new", 2, "web:2", now));
    counts(0, replicas, replicas);
    condition("Progressing", "True", "ReplicaSetUpdated");
    condition("Available", "True", "MinimumReplicasAvailable");
  }

  static json pod_template(const std::string& image) {
    return {{"metadata", {{"labels", {{"app", "web"}}}}},
            {"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}};
  }

  json set(const std::string& name, int revision, const std::string& image, Time created) const {
    auto pod = pod_template(image);
    pod["metadata"]["labels"]["pod-template-hash"] = name;
    return {{"metadata",
             {{"name", name},
              {"uid", name},
              {"creationTimestamp", stamp(created)},
              {"labels", {{"pod-template-hash", name}}},
              {"ownerReferences", {{{"uid", "d1"}, {"controller", true}}}},
              {"annotations", {{"deployment.kubernetes.io/revision", std::to_string(revision)}}}}},
            {"spec", {{"replicas", 0}, {"template", pod}}},
            {"status", {{"replicas", 0}}}};
  }

  /// Of the new revision `updated` pods, `available` of them, and `old` pods (all available).
  void counts(int updated, int old, int old_available, int available = 0) {
    auto& status = deployment["status"];
    status["replicas"] = updated + old;
    status["updatedReplicas"] = updated;
    status["readyReplicas"] = available + old_available;
    status["availableReplicas"] = available + old_available;
    const int missing = updated + old - available - old_available;
    if (missing > 0) status["unavailableReplicas"] = missing;
    else status.erase("unavailableReplicas");
    sets[0]["status"] = {{"replicas", old}, {"readyReplicas", old_available}, {"availableReplicas", old_available}};
    sets[1]["status"] = {{"replicas", updated}, {"readyReplicas", available}, {"availableReplicas", available}};
  }

  void condition(const std::string& type, const std::string& status, const std::string& reason,
                 const std::string& message = {}) {
    auto& list = deployment["status"]["conditions"];
    for (auto item = list.begin(); item != list.end(); ++item)
      if ((*item)["type"] == type) {
        list.erase(item);
        break;
      }
    list.push_back({{"type", type},
                    {"status", status},
                    {"reason", reason},
                    {"message", message},
                    {"lastUpdateTime", stamp(now)},
                    {"lastTransitionTime", stamp(now)}});
  }

  /// As what runs in production has one: without, a start has to prove itself.
  static json probe() { return {{"exec", {{"command", {"true"}}}}, {"periodSeconds", 1}, {"failureThreshold", 1}}; }

  json& pod(const std::string& name, const std::string& owner = "web-new") {
    for (auto& each : pods)
      if (each["metadata"]["name"] == name) return each;
    pods.push_back({{"metadata",
                     {{"name", name},
                      {"uid", "uid-" + name},
                      {"creationTimestamp", stamp(now)},
                      {"labels", {{"app", "web"}, {"pod-template-hash", owner}}},
                      {"ownerReferences", {{{"uid", owner}, {"controller", true}}}}}},
                    {"spec", {{"restartPolicy", "Always"}, {"containers", {{{"name", "main"}, {"image", "web:2"}, {"readinessProbe", probe()}}}}}},
                    {"status", {{"phase", "Pending"}}}});
    return pods.back();
  }

  void waiting(const std::string& name, const std::string& reason, const std::string& message = {}, int restarts = 0,
               json last = {}) {
    json status{{"name", "main"},
                {"ready", false},
                {"restartCount", restarts},
                {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}};
    if (!last.is_null()) status["lastState"] = {{"terminated", last}};
    pod(name)["status"]["containerStatuses"] = json::array({status});
    set_ready(name, false);
  }

  void running(const std::string& name, bool ready, int restarts = 0, json last = {}, std::chrono::seconds since = 0s) {
    json status{{"name", "main"},
                {"ready", ready},
                {"restartCount", restarts},
                {"state", {{"running", {{"startedAt", stamp(now - since)}}}}}};
    if (!last.is_null()) status["lastState"] = {{"terminated", last}};
    pod(name)["status"]["containerStatuses"] = json::array({status});
    pod(name)["status"]["phase"] = "Running";
    set_ready(name, ready);
  }

  void set_ready(const std::string& name, bool ready) {
    pod(name)["status"]["conditions"] = json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}});
  }

  void event(const std::string& uid, const std::string& reason, const std::string& message, int count = 1) {
    events.push_back({{"involvedObject", {{"uid", uid}}},
                      {"type", "Warning"},
                      {"reason", reason},
                      {"message", message},
                      {"count", count},
                      {"lastTimestamp", stamp(now)}});
  }

  static json exit(int code, const std::string& reason = "Error", const std::string& message = {}) {
    return {{"exitCode", code}, {"reason", reason}, {"message", message}};
  }

  [[nodiscard]] Snapshot snapshot() const {
    Snapshot made;
    auto object = deployment;
    auto all_sets = sets;
    auto all_pods = pods;
    auto all_events = events;
    if (shuffle != 0) {
      std::minstd_rand random(shuffle);
      auto& list = object["status"]["conditions"];
      std::shuffle(list.begin(), list.end(), random);
      std::shuffle(all_sets.begin(), all_sets.end(), random);
      std::shuffle(all_pods.begin(), all_pods.end(), random);
      std::shuffle(all_events.begin(), all_events.end(), random);
    }
    if (exists) made.object = read_workload(object, Kind::deployment);
    for (const auto& each : all_sets) made.replica_sets.push_back(read_replica_set(each));
    for (const auto& each : all_pods) made.pods.push_back(read_pod(each));
    for (const auto& each : all_events) made.events.push_back(read_event(each));
    made.now = now;
    return made;
  }

  Verdict look(std::chrono::seconds later = 0s) {
    now += later;
    return judge(snapshot(), policy, memory);
  }

  /// Looks once a second for so long; ends at the first verdict that is not `progressing`.
  Verdict watch(std::chrono::seconds duration) {
    auto verdict = look();
    for (auto t = 0s; t < duration && verdict.state == State::progressing; t += 1s) verdict = look(1s);
    return verdict;
  }
};

}  // namespace slipway::kube::test
