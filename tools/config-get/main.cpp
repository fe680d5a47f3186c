// SPDX-License-Identifier: Apache-2.0
// config-get: the configuration of a service, out of a git registry, without a checkout. See config-get(1).
#include "cli/run.hpp"
#include "options.hpp"
#include "run.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return cli::run_tool<config_get::Options>(argc, argv, config_get::describe, config_get::run);
}
