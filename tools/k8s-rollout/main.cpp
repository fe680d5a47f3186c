// SPDX-License-Identifier: Apache-2.0
// k8s-rollout: watch, explain, undo, pause, restart and scale a rollout, on one cluster or several. See k8s-rollout(1).
#include "cli/run.hpp"
#include "options.hpp"
#include "run.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return cli::run_tool<rollout::Options>(argc, argv, rollout::describe, rollout::run);
}
