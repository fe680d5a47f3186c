// SPDX-License-Identifier: Apache-2.0
#include "plan.hpp"

#include "core/text.hpp"
#include "hash/sha2.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

namespace {

using nlohmann::json;

constexpr int plan_version = 1;

std::string brief(std::string_view digest) { return std::string(digest.substr(0, 12)); }

// --- writing ---------------------------------------------------------------------------------------

json write_key(const helm::ObjectKey& key) {
  json out{{"kind", key.kind}, {"name", key.name}};
  if (!key.group.empty()) out["group"] = key.group;
  if (!key.name_space.empty()) out["namespace"] = key.name_space;
  return out;
}

json write_field(const FieldChange& field) {
  json out{{"path", field.path}};
  if (field.before) out["before"] = *field.before;
  if (field.after) out["after"] = *field.after;
  if (field.secret) out["secret"] = true;
  if (field.extra) out["extra"] = true;
  return out;
}

json write_fields(const std::vector<FieldChange>& fields) {
  auto out = json::array();
  for (const auto& field : fields) out.push_back(write_field(field));
  return out;
}

json write_deployment(const Deployment& deployment) {
  auto changes = json::array();
  for (const auto& change : deployment.changes) {
    auto one = write_key(change.key);
    one["action"] = name_of(change.action);
    one["fields"] = write_fields(change.fields);
    one["noise"] = change.noise;
    changes.push_back(std::move(one));
  }
  auto drifted = json::array();
  for (const auto& object : deployment.drift) {
    auto one = write_key(object.key);
    one["missing"] = object.missing;
    one["fields"] = write_fields(object.fields);
    drifted.push_back(std::move(one));
  }
  auto values = json::array();
  for (const auto& value : deployment.values) values.push_back({{"path", value.path}, {"origin", value.origin}});
  return {
      {"target", deployment.target},
      {"environment", deployment.environment},
      {"cluster-uid", deployment.cluster_uid},
      {"namespace", deployment.name_space},
      {"release", deployment.release},
      {"approve", deployment.approval ? "plan" : "none"},
      {"step", name_of(deployment.step)},
      {"base",
       {{"revision", deployment.base_revision}, {"status", deployment.base_status}, {"image", deployment.base_image}}},
      {"chart", {{"name", deployment.chart}, {"id", deployment.chart_id}}},
      {"values-sha256", deployment.values_digest},
      {"manifest-sha256", deployment.manifest_digest},
      {"changes", std::move(changes)},
      {"drift", std::move(drifted)},
      {"values", std::move(values)},
      {"images", deployment.images},
      {"warnings", deployment.warnings}};
}

json write_plan(const Plan& plan) {
  auto deployments = json::array();
  for (const auto& deployment : plan.deployments) deployments.push_back(write_deployment(deployment));
  return {{"version", plan_version},
          {"service", plan.service},
          {"image",
           {{"registry", plan.image.registry},
            {"repository", plan.image.repository},
            {"tag", plan.image.tag},
            {"digest", plan.image.digest}}},
          {"registry", {{"location", plan.registry}, {"commit", plan.commit}}},
          {"helm", plan.helm_version},
          {"skip-staging", plan.skip_staging},
          {"deployments", std::move(deployments)}};
}

// --- reading: nlohmann's own exceptions say what is missing; they are turned into an Error outside ----

helm::ObjectKey read_key(const json& in) {
  return {.group = in.value("group", ""),
          .kind = in.at("kind").get<std::string>(),
          .name_space = in.value("namespace", ""),
          .name = in.at("name").get<std::string>()};
}

std::vector<FieldChange> read_fields(const json& in) {
  std::vector<FieldChange> fields;
  for (const auto& one : in) {
    FieldChange field{.path = one.at("path").get<std::string>(),
                      .secret = one.value("secret", false),
                      .extra = one.value("extra", false)};
    if (one.contains("before")) field.before = one.at("before");
    if (one.contains("after")) field.after = one.at("after");
    fields.push_back(std::move(field));
  }
  return fields;
}

template <typename Enum>
Enum read_word(const json& in, std::initializer_list<Enum> all) {
  const auto& word = in.get_ref<const std::string&>();
  for (const auto one : all)
    if (name_of(one) == word) return one;
  throw std::invalid_argument(fmt::format("'{}' is not known", text::printable(word)));
}

Deployment read_deployment(const json& in) {
  const auto& base = in.at("base");
  Deployment deployment{.target = in.at("target").get<std::string>(),
                        .environment = in.at("environment").get<std::string>(),
                        .cluster_uid = in.at("cluster-uid").get<std::string>(),
                        .name_space = in.at("namespace").get<std::string>(),
                        .release = in.at("release").get<std::string>(),
                        .approval = in.at("approve").get<std::string>() != "none",
                        .step = read_word(in.at("step"), {Step::install, Step::upgrade, Step::unchanged}),
                        .base_revision = base.at("revision").get<int>(),
                        .base_status = base.at("status").get<std::string>(),
                        .base_image = base.at("image").get<std::string>(),
                        .chart = in.at("chart").at("name").get<std::string>(),
                        .chart_id = in.at("chart").at("id").get<std::string>(),
                        .values_digest = in.at("values-sha256").get<std::string>(),
                        .manifest_digest = in.at("manifest-sha256").get<std::string>(),
                        .images = in.at("images").get<std::vector<std::string>>(),
                        .warnings = in.at("warnings").get<std::vector<std::string>>()};
  for (const auto& one : in.at("changes"))
    deployment.changes.push_back({.action = read_word(one.at("action"), {Action::add, Action::change, Action::remove}),
                                  .key = read_key(one),
                                  .fields = read_fields(one.at("fields")),
                                  .noise = one.at("noise").get<int>()});
  for (const auto& one : in.at("drift"))
    deployment.drift.push_back(
        {.key = read_key(one), .missing = one.at("missing").get<bool>(), .fields = read_fields(one.at("fields"))});
  for (const auto& one : in.at("values"))
    deployment.values.push_back(
        {.path = one.at("path").get<std::string>(), .origin = one.at("origin").get<std::string>()});
  return deployment;
}

Plan read_plan(const json& document) {
  const auto& in = document.at("plan");
  if (in.at("version").get<int>() != plan_version)
    throw std::invalid_argument(
        fmt::format("it is of version {}, this tool reads {}", in.at("version").dump(), plan_version));
  const auto& image = in.at("image");
  Plan plan{.service = in.at("service").get<std::string>(),
            .image = {.registry = image.at("registry").get<std::string>(),
                      .repository = image.at("repository").get<std::string>(),
                      .tag = image.at("tag").get<std::string>(),
                      .digest = image.at("digest").get<std::string>()},
            .registry = in.at("registry").at("location").get<std::string>(),
            .commit = in.at("registry").at("commit").get<std::string>(),
            .helm_version = in.at("helm").get<std::string>(),
            .skip_staging = in.at("skip-staging").get<std::string>(),
            .made_at = document.value("/made/at"_json_pointer, ""),
            .made_by = document.value("/made/by"_json_pointer, "")};
  for (const auto& one : in.at("deployments")) plan.deployments.push_back(read_deployment(one));
  return plan;
}

[[noreturn]] void no_plan(const std::string& file, std::string_view why) {
  throw Error(failure::bad_input, fmt::format("{} is no plan of deploy-helm: {}", file, why),
              "make one: deploy-helm plan SERVICE -t TARGET --image IMAGE > plan.json");
}

/// What nlohmann puts before the sentence: "[json.exception.out_of_range.403] ".
std::string_view without_prefix(std::string_view what) {
  const auto end = what.find("] ");
  return what.starts_with('[') && end != std::string_view::npos ? what.substr(end + 2) : what;
}

}  // namespace

bool Drifted::put_back() const {
  return missing || std::ranges::any_of(fields, [](const FieldChange& field) { return !field.extra; });
}

std::string_view name_of(Step step) {
  switch (step) {
  case Step::install: return "install";
  case Step::unchanged: return "unchanged";
  case Step::upgrade: break;
  }
  return "upgrade";
}

std::string manifest_digest(const std::vector<helm::Object>& objects, const std::vector<helm::Object>& hooks) {
  // helm orders both with care, but a record and a dry run need not agree on ties.
  const auto sorted = [](const std::vector<helm::Object>& list) {
    std::vector<std::string> texts;
    texts.reserve(list.size());
    for (const auto& object : list) texts.push_back(object.body.dump());
    std::ranges::sort(texts);
    return text::join(texts, "\n");
  };
  return hash::sha256_hex(sorted(objects) + "\n---\n" + sorted(hooks));
}

std::string Plan::digest() const { return hash::sha256_hex(write_plan(*this).dump()); }

std::vector<std::string> Plan::needing_approval() const {
  std::vector<std::string> names;
  for (const auto& deployment : deployments)
    if (deployment.approval && std::ranges::find(names, deployment.target) == names.end())
      names.push_back(deployment.target);
  return names;
}

bool Plan::changes_anything() const {
  return std::ranges::any_of(deployments, [](const auto& d) { return d.step != Step::unchanged; });
}

std::string to_json(const Plan& plan) {
  // What a reader looks for first stands first; only the digested part has to be in canonical order.
  nlohmann::ordered_json document;
  document["schema"] = "deploy-helm/v1";
  document["kind"] = "deploy-plan";
  document["digest"] = "sha256:" + plan.digest();
  document["made"] = {{"at", plan.made_at}, {"by", plan.made_by}};
  document["plan"] = write_plan(plan);
  return document.dump(2) + '\n';
}

Plan parse_plan(std::string_view text, const std::string& file) {
  if (text::trim(text).empty())
    throw Error(failure::empty_input, fmt::format("{} is empty: the step before failed", file));
  json document;
  try {
    document = json::parse(text);
  } catch (const json::parse_error& error) {
    const auto before = text.substr(0, std::min(text.size(), error.byte > 0 ? error.byte - 1 : 0));
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto column = before.size() - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
    throw Error(failure::bad_input, fmt::format("{} is no plan of deploy-helm: it is not JSON", file),
                "make one: deploy-helm plan SERVICE -t TARGET --image IMAGE > plan.json")
        .add_place(fmt::format("{}:{}:{}", file, line, column));
  }
  if (!document.is_object() || document.value("kind", json()) != "deploy-plan")
    no_plan(file, "its kind is not deploy-plan");
  Plan plan;
  try {
    plan = read_plan(document);
  } catch (const json::exception& error) {
    no_plan(file, without_prefix(error.what()));
  } catch (const std::invalid_argument& error) {
    no_plan(file, error.what());
  }
  // Over what the file says, not over what we read of it: a field that we do not know counts, too.
  const auto digest = hash::sha256_hex(document.at("plan").dump());
  if (document.value("digest", json()) != "sha256:" + digest || plan.digest() != digest)
    throw Error(failure::bad_input,
                fmt::format("{} was changed after it was made: its digest is not that of its content", file),
                "make a new one: an approval covers only what was planned");
  return plan;
}

std::vector<std::string> staleness(const Deployment& planned, const Deployment& now) {
  std::vector<std::string> moved;
  const auto differ = [&moved](std::string_view what, const auto& then, const auto& today) {
    if (then != today) moved.push_back(fmt::format("{} was {}, is now {}", what, then, today));
  };
  const auto named = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
  differ("the cluster", planned.cluster_uid, now.cluster_uid);
  differ("the release's revision", planned.base_revision, now.base_revision);
  differ("its status", named(planned.base_status), named(now.base_status));
  differ("the chart", brief(planned.chart_id), brief(now.chart_id));
  differ("the values' digest", brief(planned.values_digest), brief(now.values_digest));
  if (planned.manifest_digest != now.manifest_digest)
    moved.push_back(fmt::format("the rendered manifest was {}, is now {}", brief(planned.manifest_digest),
                                brief(now.manifest_digest)));
  if (planned.drift != now.drift) moved.emplace_back("objects of the release were changed by hand since");
  return moved;
}

void check_fresh(const Plan& planned, const Plan& now) {
  std::vector<std::string> moved;
  if (planned.helm_version != now.helm_version)
    moved.push_back(fmt::format("helm was {}, is now {}", planned.helm_version, now.helm_version));
  if (planned.deployments.size() != now.deployments.size()) moved.emplace_back("the targets or releases are others");
  for (std::size_t i = 0; i < std::min(planned.deployments.size(), now.deployments.size()); ++i) {
    const auto& then = planned.deployments[i];
    const auto& today = now.deployments[i];
    if (then.target != today.target || then.release != today.release || then.name_space != today.name_space) {
      moved.push_back(fmt::format("{} {}/{} is now {} {}/{}", then.target, then.name_space, then.release, today.target,
                                  today.name_space, today.release));
      continue;
    }
    const bool in_place = today.step == Step::unchanged && today.manifest_digest == then.manifest_digest &&
                          today.cluster_uid == then.cluster_uid;
    if (in_place) continue;
    for (const auto& sentence : staleness(then, today)) moved.push_back(fmt::format("{}: {}", then.target, sentence));
  }
  if (moved.empty()) return;
  Error error(failure::stale_plan,
              fmt::format("the plan {} is stale: {} thing{} moved since it was made", brief(planned.digest()),
                          moved.size(), moved.size() == 1 ? "" : "s"),
              fmt::format("make a new one and have it approved: deploy-helm plan {} ...", planned.service));
  for (auto& sentence : moved) error.add_place(std::move(sentence));
  throw error;
}

std::string describe_release(const Plan& plan, std::string_view who) {
  constexpr std::size_t most = 250;  // helm 4 takes 256
  const auto tail = fmt::format(" config {} plan {} by {}", brief(plan.commit), brief(plan.digest()), who);
  auto image = plan.image.name() + '@' + plan.image.digest;
  if (6 + image.size() + tail.size() > most) image = plan.image.digest;
  return ("image " + image + tail).substr(0, most);
}

Described read_description(std::string_view description) {
  const auto words = text::split(description, ' ');
  Described described;
  if (words.size() < 8 || words[0] != "image" || words[2] != "config" || words[4] != "plan" || words[6] != "by")
    return described;
  return {.image = words[1], .commit = words[3], .plan = words[5], .who = words[7]};
}

}  // namespace slipway::deploy_helm
