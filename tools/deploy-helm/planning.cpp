// SPDX-License-Identifier: Apache-2.0
#include "planning.hpp"

#include "rollback.hpp"

#include <fmt/format.h>

#include <future>

namespace slipway::deploy_helm {

namespace {

/// Where nobody has to be asked, what a killed run left half done is ended before the next one begins.
void heal(const std::shared_ptr<Cluster>& cluster, const std::string& release, const Lock& lock,
          const helm::Program& helm, const io::Run& run) {
  if (cluster->target.approve != deploy::Approve::none) return;
  std::vector<Berth> berths{{.target = cluster->target.name,
                             .release = release,
                             .cluster = cluster,
                             .standing = stand(*cluster, release, run),
                             .error = std::nullopt}};
  const auto* newest = berths.front().standing.newest();
  if (newest == nullptr || !newest->pending()) return;
  if (!lock.predecessor_died() && age_of(*newest, cluster->client.now()) < cluster->target.timeout) return;
  // What it goes back to is about to be replaced: that it is ready for long need not be shown.
  static_cast<void>(recover(berths, true, helm, {.settle = std::chrono::milliseconds{0}}, run));
}

}  // namespace

Prepared prepare(Inputs& inputs, const Wish& wish, const helm::Program& helm, const Environment& env,
                 const io::Run& run) {
  io::Stage stage(run.events, "plan", fmt::format("{} at {}", wish.service.name, inputs.commit().substr(0, 12)));
  Prepared prepared;
  prepared.chart = std::make_shared<const Chart>(inputs.chart(wish.service));
  prepared.plan.service = wish.service.name;
  prepared.plan.image = wish.image;
  prepared.plan.registry = inputs.location();
  prepared.plan.commit = inputs.commit();
  prepared.plan.helm_version = helm.version().text;

  // The registry is read before anything runs side by side: it is not for several threads.
  std::vector<std::vector<data::Value>> values;
  for (const auto& target : wish.targets) {
    auto& of_target = values.emplace_back();
    of_target.reserve(wish.service.releases.size());
    for (const auto& release : wish.service.releases)
      of_target.push_back(inputs.values(wish.service, target, release, wish.image, *prepared.chart));
  }
  const auto survey_target = [&](std::size_t index) {
    const auto cluster = std::make_shared<Cluster>(connect(wish.targets[index], wish.service, env, run));
    std::vector<Site> sites;
    for (std::size_t i = 0; i < wish.service.releases.size(); ++i) {
      const auto& release = wish.service.releases[i];
      auto lock = wish.holder ? std::make_shared<Lock>(*cluster, release, *wish.holder, run) : nullptr;
      if (lock) heal(cluster, release, *lock, helm, run);
      sites.push_back({.cluster = cluster,
                       .lock = std::move(lock),
                       .survey = survey(*cluster, helm,
                                        {.service = wish.service.name,
                                         .release = release,
                                         .values = values[index][i],
                                         .chart = *prepared.chart,
                                         .image = wish.image,
                                         .validated = wish.validated},
                                        run)});
    }
    return sites;
  };
  std::vector<std::future<std::vector<Site>>> asked;
  asked.reserve(wish.targets.size());
  for (std::size_t i = 0; i < wish.targets.size(); ++i)
    asked.push_back(std::async(std::launch::async, survey_target, i));
  for (auto& answer : asked)
    for (auto& site : answer.get()) {
      prepared.plan.deployments.push_back(site.survey.deployment);
      prepared.sites.push_back(std::move(site));
    }
  // Without the digest: what the caller may still add (a reason to skip staging) is part of it.
  stage.end(fmt::format("{} rendered for {} {} and compared with what runs", wish.service.name, wish.targets.size(),
                        wish.targets.size() == 1 ? "target" : "targets"));
  return prepared;
}

}  // namespace slipway::deploy_helm
