// SPDX-License-Identifier: Apache-2.0
// config-get in process, on registries that are made for a test.
#pragma once

#include "core/error.hpp"
#include "run.hpp"
#include "support/capture.hpp"
#include "support/repository.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::testing {

struct Outcome {
  ExitCode code = ExitCode::bug;
  std::string out;
  std::string shown;  ///< texts of the events
  std::string error;
};

inline Outcome config_get_in(const TestRepository& made, std::vector<std::string> arguments) {
  config_get::Options options;
  cli::App app("config-get", "");
  cli::Common common;
  config_get::describe(app, options);
  app.flag("--json", common.json, "");
  slipway::testing::RecordedRun recorded;
  io::Input in(-1);
  io::Output out(-1);
  cli::Context context{.in = in,
                       .out = out,
                       .run = recorded.run,
                       .common = common,
                       .env = [&](const std::string& name) -> std::optional<std::string> {
                         return name == "CONFIG_REGISTRY" ? std::optional(made.path().string()) : std::nullopt;
                       }};
  Outcome outcome;
  try {
    app.parse(arguments);
    outcome.code = config_get::run(options, context);
    outcome.out = out.pending();
  } catch (const Error& error) {
    outcome.code = error.code();
    outcome.error = error.message();
  }
  outcome.shown = recorded.text();
  return outcome;
}

inline TestRepository small() {
  TestRepository made;
  made.write("hello/values.yaml", "replicas: 1\nimage: {tag: '1.10'}\nflag: yes\n");
  made.write("hello/values-staging.yaml", "replicas: 2\n");
  made.write("hello/values-dc1.yaml", "replicas: 3\nimage: {tag: '1.11'}\n");
  made.commit("one");
  return made;
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// A registry with one environment, `a`, whose services are directories of the root; each has these layers.
inline TestRepository with_layers(std::string_view layers, std::string_view more = {}) {
  TestRepository made;
  made.write(
      "config-registry.yaml",
      fmt::format("version: 1\nservices: '{{service}}'\nenvironments: {{a: {{}}}}\n{}layers:\n{}", more, layers));
  return made;
}

}  // namespace slipway::testing
