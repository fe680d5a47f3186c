// SPDX-License-Identifier: Apache-2.0
// registry-push: copy a built image into a container registry. See registry-push(1).
#include "cli/run.hpp"
#include "options.hpp"
#include "run.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return cli::run_tool<registry_push::Options>(argc, argv, registry_push::describe, registry_push::run,
                                               std::chrono::minutes{30});
}
