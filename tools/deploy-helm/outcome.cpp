// SPDX-License-Identifier: Apache-2.0
#include "outcome.hpp"

#include "show.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

std::string_view name_of(State state) {
  switch (state) {
  case State::applied: return "applied";
  case State::unchanged: return "unchanged";
  case State::rolled_back: return "rolled back";
  case State::removed: return "removed again";
  case State::refused: return "refused";
  case State::failed: return "failed";
  case State::not_undone: return "NOT UNDONE";
  case State::held: return "held";
  case State::unfinished: return "unfinished";
  case State::not_started: break;
  }
  return "not started";
}

bool is_good(State state) { return state == State::applied || state == State::unchanged || state == State::held; }

ExitCode exit_code_of(const std::vector<Result>& results) {
  const auto any = [&](auto... states) {
    return std::ranges::any_of(results, [&](const Result& r) { return ((r.state == states) || ...); });
  };
  if (any(State::not_undone)) return ExitCode::not_undone;
  const bool done = any(State::applied, State::held);
  if (any(State::failed)) return done ? ExitCode::partial : ExitCode::no;
  if (any(State::rolled_back, State::removed, State::refused)) return done ? ExitCode::partial : ExitCode::undone;
  if (any(State::not_started)) return ExitCode::partial;
  return any(State::held) ? ExitCode::pending : ExitCode::ok;
}

std::string show(const std::vector<Result>& results) {
  std::vector<std::vector<std::string>> rows{{"TARGET", "RELEASE", "FROM", "TO", "IMAGE", "STATE"}};
  const auto revision = [](int number) { return number == 0 ? std::string("-") : std::to_string(number); };
  for (const auto& r : results)
    rows.push_back(
        {r.target, r.name_space + '/' + r.release, revision(r.from), revision(r.to), short_image(r.image),
         r.reason.empty() ? std::string(name_of(r.state)) : fmt::format("{}: {}", name_of(r.state), r.reason)});
  return table(rows);
}

std::string to_json(const Plan& plan, const std::vector<Result>& results) {
  nlohmann::ordered_json document;
  document["schema"] = "deploy-helm/v1";
  document["service"] = plan.service;
  document["plan"] = "sha256:" + plan.digest();
  document["image"] = plan.image.text();
  document["commit"] = plan.commit;
  document["status"] = status(exit_code_of(results));
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& r = results[i];
    nlohmann::ordered_json one{{"target", r.target},
                               {"namespace", r.name_space},
                               {"release", r.release},
                               {"from", r.from},
                               {"to", r.to},
                               {"image", r.image},
                               {"state", name_of(r.state)},
                               {"seconds", static_cast<double>(r.took.count()) / 1000}};
    if (!r.reason.empty()) one["reason"] = r.reason;
    if (!r.explanation.empty()) one["explanation"] = r.explanation;
    if (i < plan.deployments.size()) {
      const auto& d = plan.deployments[i];
      one["changes"] = d.step == Step::unchanged || r.state == State::unchanged ? "none"
                       : d.changes.empty() && d.drift.empty()                   ? "release-only"
                                                                                : "objects";
    }
    list.push_back(std::move(one));
  }
  document["targets"] = std::move(list);
  return document.dump(2) + '\n';
}

}  // namespace slipway::deploy_helm
