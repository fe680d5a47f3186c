// SPDX-License-Identifier: Apache-2.0
#include "staging.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "records.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

namespace {

bool holds(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::vector<std::string> missing_of(const deploy::Requirement& requirement, const Plan& plan, const StagingFact& fact,
                                    const ExpectedValues& expected) {
  const auto where = fact.target + ' ' + fact.release;
  if (!fact.trouble.empty()) return {fmt::format("{}: {}", where, fact.trouble)};
  std::vector<std::string> missing;
  const auto& same = requirement.staging_same;
  if (holds(same, "image") && !fact.image.ends_with(plan.image.digest))
    missing.push_back(fmt::format("{} runs {}, not this image", where, fact.image.empty() ? "nothing" : fact.image));
  const auto values = expected.find(where);
  const bool same_values = values != expected.end() && values->second == fact.values;
  if (holds(same, "values-commit") && !same_values && fact.commit != plan.commit.substr(0, 12))
    missing.push_back(fmt::format("{} has the configuration {}, not {}", where,
                                  fact.commit.empty() ? "of an unknown commit" : fact.commit,
                                  plan.commit.substr(0, 12)));
  if (holds(same, "chart"))
    for (const auto& deployment : plan.deployments)
      if (deployment.release == fact.release && deployment.chart != fact.chart) {
        missing.push_back(fmt::format("{} has the chart {}, not {}", where, fact.chart, deployment.chart));
        break;
      }
  if (requirement.staging_age && fact.age < *requirement.staging_age)
    missing.push_back(fmt::format("{} has run it for {} only, {} are asked for", where, text::show_duration(fact.age),
                                  text::show_duration(*requirement.staging_age)));
  return missing;
}

}  // namespace

std::vector<deploy::Requirement> requirements_for(const deploy::Targets& targets,
                                                  const std::vector<deploy::Target>& chosen) {
  std::vector<deploy::Requirement> found;
  for (const auto& requirement : targets.requirements) {
    const auto covered = targets.select({requirement.target});
    if (std::ranges::any_of(covered, [&](const deploy::Target& target) {
          return std::ranges::find(chosen, target.name, &deploy::Target::name) != chosen.end();
        }))
      found.push_back(requirement);
  }
  return found;
}

std::vector<deploy::Target> staging_of(const deploy::Targets& targets, const std::vector<deploy::Target>& chosen) {
  std::vector<deploy::Target> staging;
  if (chosen.empty()) return staging;
  const auto first = std::ranges::min_element(chosen, {}, &deploy::Target::stage)->stage;
  std::ranges::copy_if(targets.targets, std::back_inserter(staging), [&](const deploy::Target& target) {
    return target.approve == deploy::Approve::none && target.stage < first;
  });
  return staging;
}

std::vector<std::string> missing_proof(const std::vector<deploy::Requirement>& requirements, const Plan& plan,
                                       const std::vector<StagingFact>& staging, const ExpectedValues& expected) {
  if (requirements.empty()) return {};
  if (staging.empty()) return {"no target counts as staging: one before these, with 'approve: none'"};
  std::vector<std::string> missing;
  for (const auto& requirement : requirements)
    for (const auto& fact : staging)
      for (auto& sentence : missing_of(requirement, plan, fact, expected))
        if (!holds(missing, sentence)) missing.push_back(std::move(sentence));
  return missing;
}

std::vector<StagingFact> look_at_staging(const deploy::Service& service, const std::vector<deploy::Target>& staging,
                                         const Environment& env, const io::Run& run) {
  std::vector<StagingFact> facts;
  if (staging.empty()) return facts;
  for (auto& berth : look_around(service, staging, env, run)) {
    StagingFact fact{.target = berth.target,
                     .release = berth.release,
                     .image = {},
                     .commit = {},
                     .values = {},
                     .chart = {},
                     .trouble = {}};
    const auto* newest = berth.standing.newest();
    if (berth.error) {
      fact.trouble = berth.error->message();
    } else if (newest == nullptr) {
      fact.trouble = "not deployed";
    } else if (newest->status != "deployed") {
      fact.trouble = fmt::format("revision {} is {}", newest->number, newest->status);
    } else {
      const auto& origin = berth.standing.origin_of(*newest);
      fact.image = image_of(berth.standing, *newest, {});
      fact.commit = read_description(origin.description).commit;
      fact.values = config::values_digest(data::parse_yaml(newest->values, "the release's values").root);
      fact.chart = newest->chart;
      fact.age = age_of(*newest, berth.cluster->client.now());
      const auto health = health_of(*berth.cluster, objects_of(*newest), run);
      if (health.state != kube::State::done) fact.trouble = health.text;
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace slipway::deploy_helm
