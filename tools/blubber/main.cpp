// SPDX-License-Identifier: Apache-2.0
// blubber: from a build configuration and a variant to a Dockerfile. See blubber(1).
#include "cli/run.hpp"
#include "generate.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return cli::run_tool<blubber_tool::Options>(argc, argv, blubber_tool::describe, blubber_tool::generate);
}
