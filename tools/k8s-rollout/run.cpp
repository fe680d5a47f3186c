// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "actions.hpp"
#include "core/error.hpp"
#include "history.hpp"
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

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  const auto wishes = read_wishes(options, context);
  Session session(options, context);
  check_contexts(wishes, session);
  for (const auto& cluster : session.clusters)
    (void)track_options(options, cluster);  // bad options before the first request
  if (options.command == "status") return status(session, wishes);
  if (options.command == "history") return history(session, wishes);
  return act(session, wishes);
}

}  // namespace slipway::rollout
