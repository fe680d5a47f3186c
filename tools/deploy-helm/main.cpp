// SPDX-License-Identifier: Apache-2.0
// deploy-helm: a service onto staging, and onto production by an approved plan. See deploy-helm(1).
#include "cli/run.hpp"
#include "options.hpp"
#include "run.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return cli::run_tool<deploy_helm::Options>(argc, argv, deploy_helm::describe, deploy_helm::run);
}
