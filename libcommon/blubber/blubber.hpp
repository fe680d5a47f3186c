// SPDX-License-Identifier: Apache-2.0
// From a Blubber configuration (blubber.yaml(5)) and the name of a variant to a Dockerfile that
// docker, BuildKit, buildah, podman and kaniko all build. Pure: no file is read and nothing is run.
//
// The way through: read (config.hpp: what a person wrote, checked, with places) -> resolve
// (resolve.hpp: includes merged, stages in order) -> plan (plan.hpp: instructions as data) ->
// print (dockerfile.hpp: escaping and line lengths).
#pragma once

#include "blubber/instruction.hpp"
#include "core/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::blubber {

/// Who is to read the Dockerfile.
enum class Target {
  classic,   ///< every builder
  buildkit,  ///< BuildKit alone: caches that last, mounts that leave nothing behind
};

/// The program of the image, run once as the last step of its build.
struct EntrypointRun {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
};

/// The text of a policy, see policy.hpp.
struct PolicyFile {
  std::string name;
  std::string text;
  bool all_variants = false;  ///< every variant is expanded first, not only those that are built
};

struct Options {
  bool strict = false;         ///< every warning is an error
  bool platform_args = false;  ///< ARG TARGETARCH and its like in every stage, mentioned or not
  std::string version;         ///< for the label blubber.version; the project's own when empty
  Target target = Target::classic;
  std::vector<std::pair<std::string, std::string>> labels;  ///< besides our own two
  std::optional<EntrypointRun> run_entrypoint;
  std::optional<PolicyFile> policy;
};

/// The configuration's limits: a text that is larger, or holds more values, is refused.
inline constexpr std::size_t largest_text = 2U << 20U;
inline constexpr std::size_t most_values = 100'000;

struct Dockerfile {
  std::string text;
  std::vector<Stage> planned;  ///< what the text says, as data: for whoever checks that it says just that
  std::string variant;
  std::vector<std::string> stages;   ///< variants in the order of their stages; the target is the last
  std::vector<std::string> images;   ///< images that the build takes from a registry, each once
  bool needs_context = false;        ///< whether anything is copied from the build context
  std::vector<Diagnostic> warnings;  ///< in the order of lines
};

/// @param file the name that places and errors show
/// @throws Error bad_input (with findings) for a malformed or invalid configuration or policy, a cycle, or, with
/// `strict`, a warning; not_found for an unknown variant; against_policy with what breaks the policy
[[nodiscard]] Dockerfile dockerfile(std::string_view yaml, std::string file, std::string_view variant,
                                    const Options& options = {});

struct Expanded {
  std::string json;
  std::vector<Diagnostic> warnings;
};

/// The variant with all that it inherits, as canonical JSON.
/// @throws as dockerfile()
[[nodiscard]] Expanded expanded_json(std::string_view yaml, std::string file, std::string_view variant,
                                     const Options& options = {});

struct Variants {
  std::vector<std::string> names;  ///< in the order of the file
  std::vector<Diagnostic> warnings;
};

/// @throws Error bad_input
[[nodiscard]] Variants variants(std::string_view yaml, std::string file, const Options& options = {});

/// The JSON schema of blubber.yaml(5).
[[nodiscard]] std::string_view schema();

/// Plans every variant.
/// @return the variants and every warning, each once
/// @throws Error bad_input with the findings of all variants
[[nodiscard]] Variants check(std::string_view yaml, std::string file, const Options& options = {});

}  // namespace slipway::blubber
