// SPDX-License-Identifier: Apache-2.0
// pipeline-build: from a variant or a Dockerfile to an image with a name. See pipeline-build(1).
#include "build.hpp"
#include "cli/run.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return cli::run_tool<pipeline_build::Options>(argc, argv, pipeline_build::describe, pipeline_build::run);
}
