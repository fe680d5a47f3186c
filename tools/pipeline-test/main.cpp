// SPDX-License-Identifier: Apache-2.0
// pipeline-test: run an image's tests, or the image in a cluster. See pipeline-test(1).
#include "cli/run.hpp"
#include "e2e.hpp"
#include "gc.hpp"
#include "options.hpp"
#include "run.hpp"

namespace {

slipway::ExitCode chosen(const slipway::pipeline_test::Options& options, slipway::cli::Context& context) {
  using namespace slipway::pipeline_test;
  if (options.command == "e2e") return test_in_cluster(options, context);
  if (options.command == "gc") return collect_garbage(options, context);
  return run_entrypoint(options, context);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace slipway;
  // No time limit here: it counts from the moment when the image is known, not while the step before
  // still builds it.
  return cli::run_tool<pipeline_test::Options>(argc, argv, pipeline_test::describe, chosen);
}
