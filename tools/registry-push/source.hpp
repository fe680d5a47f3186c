// SPDX-License-Identifier: Apache-2.0
// Which image is meant: --from, --image, or what stands on stdin, told by its first bytes.
#pragma once

#include "cli/run.hpp"
#include "oci/push.hpp"
#include "options.hpp"

#include <optional>
#include <string>

namespace slipway::registry_push {

struct Chosen {
  oci::Source source;
  std::optional<std::string> image;  ///< which one of an archive
};

/// Reads stdin as far as its kind needs to be told; an image line is read whole.
/// @throws Error bad_usage for a terminal or an unknown kind of source; empty_input; bad_input
[[nodiscard]] Chosen choose_source(const Options& options, const cli::Context& context);

}  // namespace slipway::registry_push
