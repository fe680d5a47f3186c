// SPDX-License-Identifier: Apache-2.0
#include "rollback.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "hash/sha2.hpp"
#include "show.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

namespace {

Result blank(const Berth& berth) {
  const auto* newest = berth.standing.newest();
  const int number = newest != nullptr ? newest->number : 0;
  return {.target = berth.target,
          .name_space = berth.cluster ? berth.cluster->place.name_space : std::string(),
          .release = berth.release,
          .from = number,
          .to = number,
          .image = {},
          .state = State::not_started,
          .reason = {},
          .explanation = {}};
}

const Revision& goal_of(const Berth& berth, std::optional<int> to) {
  const auto* goal = to ? berth.standing.find(*to) : berth.standing.previous_good();
  if (goal != nullptr) return *goal;
  throw Error(failure::not_found,
              to ? fmt::format("release {} has no revision {}", berth.release, *to)
                 : fmt::format("release {} has no earlier good revision to go back to", berth.release),
              "deploy-helm history SERVICE -t TARGET lists them")
      .add_place("target " + berth.target);
}

}  // namespace

ReturnPlan plan_return(std::vector<Berth>& berths, const std::string& service, std::optional<int> to) {
  ReturnPlan plan{.service = service, .returns = {}, .digest = {}, .needing = {}};
  auto digested = nlohmann::json::array();
  for (std::size_t i = 0; i < berths.size(); ++i) {
    auto& berth = berths[i];
    if (berth.error) throw *berth.error;
    const auto* newest = berth.standing.newest();
    if (newest == nullptr)
      throw Error(failure::not_found, fmt::format("{} is not deployed: there is no release {}", service, berth.release))
          .add_place("target " + berth.target);
    refuse_pending(berth.standing, *berth.cluster, service, berth.release);
    const auto& goal = goal_of(berth, to);
    const auto next = objects_of(goal);
    Return one{.berth = i,
               .from = newest->number,
               .to = goal.number,
               .image = image_of(berth.standing, goal, {}),
               .changes = compare(objects_of(*newest), next)};
    digested.push_back({{"cluster-uid", berth.cluster->uid},
                        {"namespace", berth.cluster->place.name_space},
                        {"release", berth.release},
                        {"from", one.from},
                        {"to", one.to},
                        {"manifest-sha256", manifest_digest(next, {})}});
    if (berth.cluster->target.approve == deploy::Approve::plan &&
        std::ranges::find(plan.needing, berth.target) == plan.needing.end())
      plan.needing.push_back(berth.target);
    plan.returns.push_back(std::move(one));
  }
  plan.digest = hash::sha256_hex(nlohmann::json{{"service", service}, {"rollback", std::move(digested)}}.dump());
  return plan;
}

std::string show(const ReturnPlan& plan, const std::vector<Berth>& berths) {
  auto out = fmt::format("rollback {} of {}\n", plan.digest.substr(0, 12), plan.service);
  std::vector<std::vector<std::string>> rows{{"TARGET", "RELEASE", "FROM", "TO", "IMAGE", "CHANGES"}};
  for (const auto& one : plan.returns) {
    const auto& berth = berths[one.berth];
    Deployment summed;
    summed.changes = one.changes;
    rows.push_back({berth.target, berth.cluster->place.name_space + '/' + berth.release, std::to_string(one.from),
                    std::to_string(one.to), short_image(one.image), summary(summed)});
  }
  return out + table(rows);
}

std::vector<Result> carry_out(const ReturnPlan& plan, std::vector<Berth>& berths, const helm::Program& helm,
                              const ApplyOptions& options, const io::Run& run) {
  std::vector<Result> results;
  results.reserve(berths.size());
  for (const auto& berth : berths) results.push_back(blank(berth));
  for (const auto& one : plan.returns) {
    run.check();
    auto& berth = berths[one.berth];
    auto& result = results[one.berth];
    io::Stage stage(run.events, "rollback", fmt::format("{} {} to revision {}", berth.target, berth.release, one.to));
    const auto wrong = go_back(*berth.cluster, helm, berth.release, one.to, options.settle, run);
    const auto standing = stand(*berth.cluster, berth.release, run);
    if (const auto* newest = standing.newest()) result.to = newest->number;
    result.image = one.image;
    result.state = wrong.empty() ? State::applied : State::not_undone;
    result.reason = wrong;
    const auto text = fmt::format("{} {} at revision {}, as {} was", berth.target, berth.release, result.to, one.to);
    if (wrong.empty()) stage.end(text);
    else stage.fail(wrong);
    if (!wrong.empty()) break;
  }
  return results;
}

std::vector<Result> recover(std::vector<Berth>& berths, bool sure, const helm::Program& helm,
                            const ApplyOptions& options, const io::Run& run) {
  std::vector<Result> results;
  for (auto& berth : berths) {
    if (berth.error) throw *berth.error;
    run.check();
    auto& result = results.emplace_back(blank(berth));
    result.state = State::unchanged;
    const auto* newest = berth.standing.newest();
    if (newest == nullptr || !newest->pending()) continue;
    auto& cluster = *berth.cluster;
    if (const auto age = age_of(*newest, cluster.client.now()); !sure && age < cluster.target.timeout)
      throw Error(failure::busy,
                  fmt::format("release {} is {} for {} only: who began it is unknown and may still be at work",
                              berth.release, newest->status, text::show_duration(age)),
                  fmt::format("try again in {}", text::show_duration(cluster.target.timeout - age)))
          .add_place("target " + berth.target);
    io::Stage stage(
        run.events, "recover",
        fmt::format("{} {}: revision {} is {}", berth.target, berth.release, newest->number, newest->status));
    std::string wrong;
    if (const auto* good = berth.standing.deployed()) {
      wrong = go_back(cluster, helm, berth.release, good->number, options.settle, run);
      result.image = image_of(berth.standing, *good, {});
      result.state = State::rolled_back;
      const auto standing = stand(cluster, berth.release, run);
      if (const auto* now = standing.newest()) result.to = now->number;
    } else {
      helm.uninstall(cluster.place, berth.release, true, cluster.target.timeout, run);
      result.state = State::removed;
      result.to = 0;
    }
    if (!wrong.empty()) {
      result.state = State::not_undone;
      result.reason = wrong;
      stage.fail(wrong);
      break;
    }
    stage.end(fmt::format("{} {} {}", berth.target, berth.release, name_of(result.state)));
  }
  return results;
}

}  // namespace slipway::deploy_helm
