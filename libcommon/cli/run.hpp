// SPDX-License-Identifier: Apache-2.0
// What the mains of all seven tools share: parse the command line, set up streams, events, signals
// and the deadline, run the body, print an Error once, write stdout whole or not at all, and end
// with the right status or by the very signal that stopped us.
#pragma once

#include "cli/app.hpp"
#include "core/exit_code.hpp"
#include "io/events.hpp"
#include "io/streams.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::cli {

/// The environment, asked by name; a test hands in its own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// All that a tool's body may touch of the world outside its options.
struct Context {
  io::Input& in;
  io::Output& out;
  io::Run run;
  const Common& common;
  Environment env;
  /// About files that a person wrote: shown together when the tool is done, in the format of --error-format.
  std::vector<Diagnostic> warnings;
};

/// NAME/VERSION, for a User-Agent.
[[nodiscard]] std::string agent(std::string_view tool);

using Body = std::function<ExitCode(Context&)>;

/// @param describe adds the tool's options to the model
/// @param body the tool; what it printed on `out` is written only if it returns
/// @param default_timeout when --timeout is not given; zero for none
/// @return the process's exit status; does not return when a signal ended the run
int run(int argc, char** argv, App app, const Body& body, std::chrono::milliseconds default_timeout = {});

/// A tool's main: `describe(App&, Options&)` and `body(const Options&, Context&)`.
template <typename Options>
int run_tool(int argc, char** argv, void (*describe)(App&, Options&), ExitCode (*body)(const Options&, Context&),
             std::chrono::milliseconds default_timeout = {}) {
  Options options;
  App app(argv[0], "");
  describe(app, options);
  return run(argc, argv, std::move(app), [&](Context& context) { return body(options, context); }, default_timeout);
}

}  // namespace slipway::cli
