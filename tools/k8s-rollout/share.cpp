// SPDX-License-Identifier: Apache-2.0
#include "share.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "revisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace slipway::rollout {

using kube::field;
using kube::list_at;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr const char* note_key = "slipway/canary";
/// Nothing is ready for so long, and the API wants the deadline to be longer.
constexpr int never = 604'799;

json or_null(const json& object, kube::Path path) {
  const auto* value = field(object, path);
  return value ? *value : json(nullptr);
}

json guarded(const json& deployment) {
  return json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", text_at(deployment, {"metadata", "uid"})}},
                      {{"op", "test"},
                       {"path", "/metadata/resourceVersion"},
                       {"value", text_at(deployment, {"metadata", "resourceVersion"})}}});
}

/// `add` replaces what is there; null takes it away, if it is there.
void put(json& patch, const json& deployment, kube::Path where, const char* path, const json& value) {
  if (!value.is_null()) patch.push_back({{"op", "add"}, {"path", path}, {"value", value}});
  else if (field(deployment, where)) patch.push_back({{"op", "remove"}, {"path", path}});
}

void put_clocks_back(json& patch, const json& deployment, const CanaryNote& note) {
  put(patch, deployment, {"spec", "minReadySeconds"}, "/spec/minReadySeconds", note.min_ready);
  put(patch, deployment, {"spec", "progressDeadlineSeconds"}, "/spec/progressDeadlineSeconds", note.deadline);
}

void put_strategy_back(json& patch, const json& deployment, const CanaryNote& note) {
  put(patch, deployment, {"spec", "strategy", "rollingUpdate", "maxSurge"}, "/spec/strategy/rollingUpdate/maxSurge",
      note.max_surge);
  put(patch, deployment, {"spec", "strategy", "rollingUpdate", "maxUnavailable"},
      "/spec/strategy/rollingUpdate/maxUnavailable", note.max_unavailable);
}

void annotate(json& patch, const json& deployment, const std::string& key, const json& value) {
  if (value.is_null()) {
    if (field(deployment, {"metadata", "annotations", key}))
      patch.push_back({{"op", "remove"}, {"path", annotation_pointer(key)}});
    return;
  }
  patch.push_back({{"op", "add"}, {"path", annotation_pointer(key)}, {"value", value}});
}

void unpause(json& patch, const json& deployment) {
  if (field(deployment, {"spec", "paused"})) patch.push_back({{"op", "remove"}, {"path", "/spec/paused"}});
}

}  // namespace

int pods_for_share(int replicas, double percent) {
  const double p = percent / 100.0;
  return std::max(1, static_cast<int>(std::lround(replicas * p / (1.0 - p))));
}

double true_share(int replicas, int k) { return replicas + k == 0 ? 0.0 : 100.0 * k / (replicas + k); }

int pods_wanted(const std::string& written, int replicas) {
  const bool percent = written.ends_with('%');
  double number = 0;
  const auto* end = written.data() + written.size() - (percent ? 1 : 0);
  const auto [stop, fault] = std::from_chars(written.data(), end, number);
  const bool whole = percent || number == std::floor(number);
  if (fault != std::errc{} || stop != end || number <= 0 || !whole || (percent && number >= 100))
    throw Error(failure::bad_usage,
                fmt::format("'{}' is neither a share such as 25% nor a number of pods", text::printable(written)));
  return percent ? pods_for_share(replicas, number) : static_cast<int>(number);
}

bool is_canary(const json& deployment) { return field(deployment, {"metadata", "annotations", note_key}) != nullptr; }

CanaryNote read_canary(const json& deployment) {
  const auto written = json::parse(text_at(deployment, {"metadata", "annotations", note_key}), nullptr, false);
  if (!written.is_object() || !written.contains("from"))
    throw Error(failure::bad_input, fmt::format("the annotation {} is not ours", note_key),
                fmt::format("remove it, and set strategy, minReadySeconds and progressDeadlineSeconds by hand"));
  CanaryNote note;
  note.max_surge = or_null(written, {"maxSurge"});
  note.max_unavailable = or_null(written, {"maxUnavailable"});
  note.min_ready = or_null(written, {"minReadySeconds"});
  note.deadline = or_null(written, {"progressDeadlineSeconds"});
  note.from = kube::number_at(written, {"from"});
  note.pods = kube::int_at(written, {"pods"});
  return note;
}

json with_images(json pod_template, const std::vector<std::pair<std::string, std::string>>& images) {
  auto& containers = pod_template["spec"]["containers"];
  for (const auto& [name, image] : images) {
    if (name.empty() && containers.size() != 1)
      throw Error(failure::bad_usage,
                  fmt::format("there are {} containers: which one is '{}' for?", containers.size(), image),
                  "--image CONTAINER=REF");
    bool found = false;
    std::vector<std::string> known;
    for (auto& container : containers) {
      known.push_back(text_at(container, {"name"}));
      if (!name.empty() && known.back() != name) continue;
      container["image"] = image;
      found = true;
    }
    if (!found)
      throw Error(failure::not_found,
                  fmt::format("there is no container '{}'{}", name, text::did_you_mean(name, known)));
  }
  return pod_template;
}

json start_patch(const json& deployment, const json& pod_template, const CanaryNote& note, const std::string& cause) {
  auto patch = guarded(deployment);
  if (!field(deployment, {"metadata", "annotations"}))
    patch.push_back({{"op", "add"}, {"path", "/metadata/annotations"}, {"value", json::object()}});
  const json remembered{{"maxSurge", note.max_surge},
                        {"maxUnavailable", note.max_unavailable},
                        {"minReadySeconds", note.min_ready},
                        {"progressDeadlineSeconds", note.deadline},
                        {"from", note.from},
                        {"pods", note.pods}};
  annotate(patch, deployment, note_key, remembered.dump());
  if (!cause.empty()) annotate(patch, deployment, "kubernetes.io/change-cause", cause);
  patch.push_back({{"op", "replace"}, {"path", "/spec/template"}, {"value", pod_template}});
  if (!field(deployment, {"spec", "strategy", "rollingUpdate"}))
    patch.push_back({{"op", "add"},
                     {"path", "/spec/strategy"},
                     {"value", {{"type", "RollingUpdate"}, {"rollingUpdate", json::object()}}}});
  patch.push_back({{"op", "add"}, {"path", "/spec/strategy/rollingUpdate/maxSurge"}, {"value", note.pods}});
  patch.push_back({{"op", "add"}, {"path", "/spec/strategy/rollingUpdate/maxUnavailable"}, {"value", 0}});
  patch.push_back({{"op", "add"}, {"path", "/spec/progressDeadlineSeconds"}, {"value", never + 1}});
  patch.push_back({{"op", "add"}, {"path", "/spec/minReadySeconds"}, {"value", never}});
  unpause(patch, deployment);
  return patch;
}

json hold_patch(const json& deployment) {
  const auto note = read_canary(deployment);
  auto patch = guarded(deployment);
  patch.push_back({{"op", "add"}, {"path", "/spec/paused"}, {"value", true}});
  put_clocks_back(patch, deployment, note);
  return patch;
}

json promote_patch(const json& deployment) {
  const auto note = read_canary(deployment);
  auto patch = guarded(deployment);
  unpause(patch, deployment);
  put_clocks_back(patch, deployment, note);
  put_strategy_back(patch, deployment, note);
  annotate(patch, deployment, note_key, nullptr);
  return patch;
}

json abort_patch(const json& deployment, const json& pod_template) {
  auto patch = promote_patch(deployment);
  patch.push_back({{"op", "replace"}, {"path", "/spec/template"}, {"value", pod_template}});
  annotate(patch, deployment, "kubernetes.io/change-cause",
           fmt::format("canary aborted: back to revision {}", read_canary(deployment).from));
  return patch;
}

}  // namespace slipway::rollout
