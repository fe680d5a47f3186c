// SPDX-License-Identifier: Apache-2.0
// The labels that every image gets: where it comes from and what built it. They are the same for the
// same commit, so that they do not change the image's id from one build to the next; what does differ
// (job and build number) is only there when a CI system says so.
#pragma once

#include "cli/run.hpp"
#include "docker/engine.hpp"
#include "dockerfile.hpp"

#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::pipeline_build {

/// $SOURCE_DATE_EPOCH. @throws Error bad_setup when it is set to what is no number of seconds
[[nodiscard]] std::optional<std::time_t> source_date(const cli::Environment& env);

/// @param given `--label NAME=VALUE`; they win over all others
/// @throws Error bad_usage for a label without a name
[[nodiscard]] docker::Labels labels_for(const Source& source, const Options& options, const cli::Environment& env);

/// `--build-arg NAME=VALUE` and `--build-arg NAME`, the latter's value from the environment.
/// @throws Error bad_usage also for a name that looks secret: build arguments stay in the image's history
[[nodiscard]] std::vector<std::pair<std::string, std::string>> build_args(const std::vector<std::string>& given,
                                                                          const cli::Environment& env);

/// A name that promises a secret: DB_PASSWORD, npm_token.
[[nodiscard]] bool looks_secret(std::string_view name);

}  // namespace slipway::pipeline_build
