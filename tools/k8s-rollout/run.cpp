// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "autoscale.hpp"
#include "canary.hpp"
#include "complete.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "drift.hpp"
#include "history.hpp"
#include "plan.hpp"
#include "session.hpp"
#include "status.hpp"
#include "workloads.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::rollout {

namespace {

/// A context that stdin names has to be one of those that were chosen, or its workload would be forgotten.
void check_contexts(const std::vector<Wish>& wishes, const Session& session) {
  for (const auto& wish : wishes) {
    if (!wish.context) continue;
    const bool known = std::ranges::any_of(session.clusters, [&](const Cluster& cluster) {
      return cluster.name == *wish.context || cluster.access.context == *wish.context;
    });
    if (!known)
      throw Error(failure::bad_input,
                  fmt::format("stdin names {}/{} in '{}', which is none of the chosen clusters",
                              kube::name_of(wish.kind), wish.name, *wish.context),
                  fmt::format("--contexts {}", *wish.context));
  }
}

/// The step stands before the workloads; `status` also takes a Service.
ExitCode run_canary(const Options& options, cli::Context& context) {
  static const std::vector<std::string> steps{"start", "promote", "abort", "status"};
  const std::string step = options.workloads.empty() ? "" : options.workloads.front();
  if (std::ranges::find(steps, step) == steps.end())
    throw Error(failure::bad_usage,
                step.empty() ? "canary needs a step"
                             : fmt::format("canary knows no '{}'{}", step, text::did_you_mean(step, steps)),
                "start, promote, abort or status");
  auto rest = options;
  rest.workloads.erase(rest.workloads.begin());
  const bool service = rest.workloads.size() == 1 &&
                       (rest.workloads.front().starts_with("svc/") || rest.workloads.front().starts_with("service/"));
  if (service && step == "status") {
    Session session(rest, context);
    auto code = ExitCode::ok;
    for (std::size_t i = 0; i < session.clusters.size(); ++i)
      code =
          worse(code, canary_service(session, i, rest.workloads.front().substr(rest.workloads.front().find('/') + 1)));
    return code;
  }
  const auto wishes = read_wishes(rest, context);
  Session session(rest, context);
  return session.told_when_stopped([&] { return canary(session, step, wishes); });
}

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  if (options.command == "completion") return completion(options, context);
  if (options.command == "plan") return plan(options, context);
  if (options.command == "canary") return run_canary(options, context);
  const auto wishes = read_wishes(options, context);
  Session session(options, context);
  check_contexts(wishes, session);
  for (const auto& cluster : session.clusters)
    (void)track_options(options, cluster);  // bad options before the first request
  return session.told_when_stopped([&] {
    if (options.command == "status") return status(session, wishes);
    if (options.command == "explain") return explain(session, wishes);
    if (options.command == "history") return history(session, wishes);
    if (options.command == "drift") return drift(session, wishes);
    if (options.command == "autoscale") return autoscale(session, wishes);
    return act(session, wishes);
  });
}

}  // namespace slipway::rollout
