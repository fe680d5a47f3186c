// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "actions.hpp"
#include "history.hpp"
#include "session.hpp"
#include "status.hpp"
#include "workloads.hpp"

namespace slipway::rollout {

ExitCode run(const Options& options, cli::Context& context) {
  const auto wishes = read_wishes(options, context);
  Session session(options, context);
  for (const auto& cluster : session.clusters)
    (void)track_options(options, cluster);  // bad options before the first request
  if (options.command == "status") return status(session, wishes);
  if (options.command == "history") return history(session, wishes);
  return act(session, wishes);
}

}  // namespace slipway::rollout
