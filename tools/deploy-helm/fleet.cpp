// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <future>

namespace slipway::deploy_helm {

std::vector<Berth> look_around(const deploy::Service& service, const std::vector<deploy::Target>& targets,
                               const Environment& env, const io::Run& run) {
  const auto look = [&](const deploy::Target& target) {
    std::vector<Berth> berths;
    std::shared_ptr<Cluster> cluster;
    std::optional<Error> error;
    try {
      cluster = std::make_shared<Cluster>(connect(target, service, env, run));
    } catch (const Error& e) {
      error = e;
    }
    for (const auto& release : service.releases) {
      Berth berth{.target = target.name, .release = release, .cluster = cluster, .standing = {}, .error = error};
      try {
        if (cluster) berth.standing = stand(*cluster, release, run);
      } catch (const Error& e) {
        berth.error = e;
      }
      berths.push_back(std::move(berth));
    }
    return berths;
  };
  std::vector<std::future<std::vector<Berth>>> asked;
  asked.reserve(targets.size());
  for (const auto& target : targets) asked.push_back(std::async(std::launch::async, look, std::cref(target)));
  std::vector<Berth> all;
  for (auto& answer : asked) std::ranges::move(answer.get(), std::back_inserter(all));
  run.check();
  if (!all.empty() && std::ranges::all_of(all, [](const Berth& b) { return b.error.has_value(); }))
    throw *all.front().error;
  return all;
}

}  // namespace slipway::deploy_helm
