// SPDX-License-Identifier: Apache-2.0
#include "sequence.hpp"

#include "core/error.hpp"
#include "kube/fields.hpp"
#include "status.hpp"

#include <fmt/format.h>

namespace slipway::rollout {

using kube::field;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr int most_tries = 5;

json value_at(const json& object, kube::Path path) {
  const auto* value = field(object, path);
  return value ? *value : json(nullptr);
}

/// JSON Patch from what is there to what was before.
json patch_back(const json& object, const Shape& before) {
  json patch = json::array();
  patch.push_back({{"op", "test"}, {"path", "/metadata/uid"}, {"value", before.uid}});
  patch.push_back({{"op", "test"},
                   {"path", "/metadata/resourceVersion"},
                   {"value", text_at(object, {"metadata", "resourceVersion"})}});
  const auto put = [&](const char* path, const json& now, const json& then) {
    if (now == then) return;
    if (then.is_null()) patch.push_back({{"op", "remove"}, {"path", path}});
    else patch.push_back({{"op", now.is_null() ? "add" : "replace"}, {"path", path}, {"value", then}});
  };
  put("/spec/template", value_at(object, {"spec", "template"}), before.raw_template);
  put("/spec/replicas", value_at(object, {"spec", "replicas"}), before.replicas);
  put("/spec/paused", value_at(object, {"spec", "paused"}), before.paused);
  put("/spec/updateStrategy/rollingUpdate/partition",
      value_at(object, {"spec", "updateStrategy", "rollingUpdate", "partition"}), before.partition);
  return patch;
}

}  // namespace

std::string Step::key() const {
  return fmt::format("{} {} {}", site.cluster->name, site.target.name_space, site.target.text());
}

Shape read_shape(Site& site, const io::Run& run) {
  const auto object = site.client->get(path_of(site), run);
  Shape shape;
  shape.uid = text_at(object, {"metadata", "uid"});
  shape.raw_template = value_at(object, {"spec", "template"});
  shape.pod_template = kube::canonical_template(shape.raw_template);
  shape.replicas = value_at(object, {"spec", "replicas"});
  shape.paused = value_at(object, {"spec", "paused"});
  shape.partition = value_at(object, {"spec", "updateStrategy", "rollingUpdate", "partition"});
  shape.revision = text_at(object, {"metadata", "annotations", "deployment.kubernetes.io/revision"});
  if (shape.revision.empty()) shape.revision = text_at(object, {"status", "updateRevision"});
  return shape;
}

json to_json(const Shape& shape) {
  return {{"uid", shape.uid},       {"template", shape.raw_template}, {"replicas", shape.replicas},
          {"paused", shape.paused}, {"partition", shape.partition},   {"revision", shape.revision}};
}

Shape shape_from(const json& saved) {
  Shape shape;
  shape.uid = text_at(saved, {"uid"});
  shape.raw_template = value_at(saved, {"template"});
  shape.pod_template = kube::canonical_template(shape.raw_template);
  shape.replicas = value_at(saved, {"replicas"});
  shape.paused = value_at(saved, {"paused"});
  shape.partition = value_at(saved, {"partition"});
  shape.revision = text_at(saved, {"revision"});
  return shape;
}

bool same(const Shape& a, const Shape& b) {
  const auto is_true = [](const json& value) { return value.is_boolean() && value.get<bool>(); };
  return a.uid == b.uid && a.pod_template == b.pod_template && a.replicas == b.replicas &&
         is_true(a.paused) == is_true(b.paused) && a.partition == b.partition;
}

ExitCode take_back(Session& session, Step& step) {
  const io::Run run{session.run().events, session.run().stop, Deadline::in(std::chrono::minutes(10))};
  auto& site = step.site;
  run.events.note(fmt::format("{} {}: taking it back", site.cluster->name, site.target.text()));
  kube::Time at;
  try {
    for (int tries = 1;; ++tries) {
      const auto object = site.client->get(path_of(site), run);
      const auto now = read_shape(site, run);
      // An autoscaler may have moved the replicas: that is no colleague's change.
      auto ours = step.after;
      if (session.options.command != "scale") ours.replicas = now.replicas;
      if (same(now, step.before)) {
        step.text += "; is as it was before";
        return ExitCode::undone;
      }
      if (!same(now, ours)) {
        step.text += "; was changed by someone else meanwhile: left as it is";
        return ExitCode::try_again;
      }
      auto before = step.before;
      if (session.options.command != "scale") before.replicas = now.replicas;
      at = site.client->now();
      try {
        (void)site.client->patch(path_of(site), kube::Patch::json, patch_back(object, before), run);
        break;
      } catch (const Error& error) {
        if (error.failure().id != failure::conflict.id || tries == most_tries) throw;
      }
    }
    auto options = track_options(session.options, *site.cluster);
    options.policy.changed_at = at;
    options.wait = true;
    const auto outcomes = kube::wait_ready(*site.client, {site.target}, options, run);
    const auto state = outcomes.front().verdict.state;
    const bool whole = state == kube::State::done || (state == kube::State::held && step.before.paused == json(true));
    step.text +=
        whole ? "; undone: as it was before" : "; the undo did not come through: " + outcomes.front().verdict.text;
    return whole ? ExitCode::undone : ExitCode::not_undone;
  } catch (const Error& error) {
    if (error.failure().id == failure::interrupted.id) throw;
    step.text += "; not undone: " + error.message();
    return ExitCode::not_undone;
  }
}

}  // namespace slipway::rollout
