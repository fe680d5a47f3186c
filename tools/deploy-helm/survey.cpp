// SPDX-License-Identifier: Apache-2.0
#include "survey.hpp"

#include "config/trace.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

namespace slipway::deploy_helm {

namespace {

using nlohmann::json;

bool is(const Error& error, const Failure& failure) { return error.failure().id == failure.id; }

std::vector<helm::Object> objects_of(const std::vector<helm::Hook>& hooks) {
  std::vector<helm::Object> objects;
  for (const auto& hook : hooks)
    std::ranges::move(helm::parse_manifest(hook.manifest, "hook " + hook.name), std::back_inserter(objects));
  return objects;
}

/// Live objects against the record; what may not be read is said.
std::vector<Drifted> find_drift(Cluster& cluster, const std::vector<helm::Object>& last,
                                std::vector<std::string>& warnings, const io::Run& run) {
  std::vector<Drifted> found;
  const auto scaled = scaled_by_autoscaler(last);
  std::size_t unreadable = 0;
  for (const auto& object : last) {
    try {
      const auto resource = cluster.client.resource(object.api_version, object.key.kind, run);
      const auto& own = object.key.name_space;
      const auto name_space = !resource.namespaced ? std::string() : own.empty() ? cluster.place.name_space : own;
      const auto live = cluster.client.find(kube::path_of(resource, name_space, object.key.name), run);
      if (!live) {
        found.push_back({.key = object.key, .missing = true, .fields = {}});
        continue;
      }
      auto fields = drift(object.body, *live, std::ranges::find(scaled, object.key) != scaled.end());
      if (!fields.empty()) found.push_back({.key = object.key, .missing = false, .fields = std::move(fields)});
    } catch (const Error& error) {
      if (!is(error, failure::denied) && !is(error, failure::not_found)) throw;
      ++unreadable;
    }
  }
  if (unreadable > 0)
    warnings.push_back(fmt::format("{} object{} of the release may not be read: changes by hand would not be seen",
                                   unreadable, unreadable == 1 ? "" : "s"));
  return found;
}

std::vector<ValueChange> value_changes(const std::string& before, const data::Value& after) {
  std::vector<ValueChange> out;
  auto old = data::parse_yaml(before, "the release's values").root;
  if (old.is(data::Kind::null)) old = data::Value::mapping();
  for (const auto& change : config::changes(old, after)) {
    std::string origin;
    if (change.after != nullptr) {
      const auto& mark = change.after->mark();
      origin = mark.file ? fmt::format("{}:{}", *mark.file, mark.line) : "the image";
    }
    out.push_back({.path = config::show_path(change.path), .origin = std::move(origin)});
  }
  return out;
}

void check_rendered(const Survey& survey, const std::string& service, const helm::Image& image) {
  if (survey.next.empty())
    throw Error(failure::bad_input,
                fmt::format("the chart of {} renders nothing: helm would remove the whole release", service));
  const auto& images = survey.deployment.images;
  if (std::ranges::none_of(images, [&](const auto& one) { return one.find(image.digest) != std::string::npos; }))
    throw Error(failure::bad_input,
                fmt::format("the image does not reach the chart: nothing rendered runs {}", image.digest),
                fmt::format("say where it goes: services.{}.image in the targets file", service))
        .add_place(images.empty() ? "the chart runs no image" : "it runs " + text::join(images, ", "));
}

}  // namespace

Standing stand(Cluster& cluster, const std::string& release, const io::Run& run) {
  return {.history = read_history(cluster.client, cluster.place.name_space, release, cluster.storage, run)};
}

void refuse_pending(const Standing& standing, const Cluster& cluster, const std::string& service,
                    const std::string& release) {
  const auto* newest = standing.newest();
  if (newest == nullptr || !newest->pending()) return;
  throw Error(failure::busy,
              fmt::format("release {} is {} since {}: an operation is going on, or was killed half way", release,
                          newest->status, newest->updated),
              fmt::format("if nobody is at work on it: deploy-helm recover {} -t {}", service, cluster.target.name))
      .add_place(fmt::format("target {}", cluster.target.name));
}

std::vector<json> bodies(const std::vector<helm::Object>& objects) {
  std::vector<json> all;
  all.reserve(objects.size());
  for (const auto& object : objects) all.push_back(object.body);
  return all;
}

Survey survey(Cluster& cluster, const helm::Program& helm, const ToDeploy& wanted, const io::Run& run) {
  const auto& [service, release, values, chart, image, validated] = wanted;
  return with_context(fmt::format("target {}, release {}", cluster.target.name, release), [&] {
    Survey survey;
    survey.standing = stand(cluster, release, run);
    refuse_pending(survey.standing, cluster, service, release);
    const auto& place = cluster.place;
    const bool new_namespace = !cluster.client.find("/api/v1/namespaces/" + place.name_space, run);
    survey.upgrade = {.release = release,
                      .chart = chart.path,
                      .values = data::to_json(values),
                      .description = {},
                      .labels = {},
                      .timeout = cluster.target.timeout,
                      .create_namespace = new_namespace,
                      .validated = validated};

    const auto* base = survey.standing.deployed();
    if (base == nullptr) base = survey.standing.newest();
    // Starting helm is most of the time here; the live objects are read meanwhile.
    auto preview = std::async(std::launch::async, [&] { return helm.preview(place, survey.upgrade, run); });
    std::vector<Drifted> drift;
    std::vector<std::string> unread;
    if (base != nullptr) {
      survey.last = objects_of(*base);
      drift = find_drift(cluster, survey.last, unread, run);
    }
    const auto rendered = preview.get();
    survey.upgrade.validated = true;
    survey.next = helm::parse_manifest(rendered.manifest, "the rendered manifest");

    auto& d = survey.deployment;
    d.target = cluster.target.name;
    d.environment = cluster.target.environment;
    d.cluster_uid = cluster.uid;
    d.name_space = place.name_space;
    d.release = release;
    d.approval = cluster.target.approve == deploy::Approve::plan;
    d.chart = rendered.chart.empty() ? chart.path.filename().string() : rendered.chart + '-' + rendered.chart_version;
    d.chart_id = chart.id;
    d.values_digest = config::values_digest(values);
    d.manifest_digest = manifest_digest(survey.next, objects_of(rendered.hooks));
    d.changes = compare(survey.last, survey.next);
    if (new_namespace)
      d.changes.push_back({.action = Action::add, .key = {.kind = "Namespace", .name = place.name_space}});
    for (const auto& object : survey.next)
      for (auto& one : helm::images_of(object.body))
        if (std::ranges::find(d.images, one) == d.images.end()) d.images.push_back(std::move(one));
    check_rendered(survey, service, image);
    d.warnings = warnings_about(survey.next, d.changes);
    d.step = Step::install;
    if (const auto* newest = survey.standing.newest()) {
      d.base_revision = newest->number;
      d.base_status = newest->status;
      d.base_image = image_of(survey.standing, *base, image.name());
      d.drift = std::move(drift);
      std::ranges::move(unread, std::back_inserter(d.warnings));
      d.values = value_changes(base->values, values);
      const bool same = newest->status == "deployed" && std::ranges::none_of(d.drift, &Drifted::put_back) &&
                        !new_namespace && manifest_digest(survey.last, objects_of(base->hooks)) == d.manifest_digest;
      d.step = same ? Step::unchanged : Step::upgrade;
    }
    return survey;
  });
}

}  // namespace slipway::deploy_helm
