// SPDX-License-Identifier: Apache-2.0
// What is to be built: a variant of a Blubber configuration or a Dockerfile as it is, and what can
// be read off it before the build.
#pragma once

#include "core/error.hpp"
#include "docker/engine.hpp"
#include "io/streams.hpp"
#include "options.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::pipeline_build {

struct Source {
  std::string text;     ///< the Dockerfile
  std::string variant;  ///< empty for a plain Dockerfile
  std::string origin;   ///< for people: "variant test of .pipeline/blubber.yaml", "the Dockerfile on stdin"
  std::vector<Diagnostic> warnings;
  struct Configuration {
    std::string yaml;
    std::string name;
  };
  std::optional<Configuration> configuration = {};  ///< what `text` was made from, none for a plain Dockerfile
};

/// @throws Error bad_usage, bad_input, empty_input, not_found; interrupted or timed_out while stdin is waited for
[[nodiscard]] Source load_source(const Options& options, const io::Input& in, const io::Run& run);

/// The Dockerfile with those of the labels written into it that it can hold as they are; they leave `labels`. The
/// classic builder makes a step of its own, with a container, of every label that it is given beside a Dockerfile;
/// those of an instruction are one step together. A plain Dockerfile stays as it is.
[[nodiscard]] std::string with_labels(const Source& source, docker::Labels& labels);

/// The image that the stage `target` (the last one when empty) is in the end made from. Nothing for
/// `scratch`, for a name with variables in it, and when there is no such stage.
[[nodiscard]] std::optional<std::string> base_image(std::string_view dockerfile, std::string_view target);

}  // namespace slipway::pipeline_build
