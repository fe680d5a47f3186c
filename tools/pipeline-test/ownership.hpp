// SPDX-License-Identifier: Apache-2.0
// Whose a container, a namespace or a scratch image is, and until when: the marks that everything we
// make carries from its first moment, so that whatever is left behind can be found and removed by
// its marks and never by its name.
#pragma once

#include "cli/run.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace slipway::pipeline_test {

/// Container labels; on Kubernetes objects the same with a slash instead of the first dot.
inline constexpr const char* run_label = "slipway.run";
inline constexpr const char* expires_label = "slipway.expires";
inline constexpr const char* owner_label = "slipway.owner";

struct Ownership {
  std::string run;           ///< 32 hex digits, random
  std::int64_t expires = 0;  ///< seconds since the epoch
  std::string owner;         ///< "job#build" of a CI system, else user@host
};

/// Random hexadecimal digits from the kernel.
[[nodiscard]] std::string random_hex(std::size_t digits);

/// @param lasts how long the thing may be needed; an hour is added for slow clean-ups
[[nodiscard]] Ownership own(const cli::Environment& env, std::chrono::system_clock::time_point now,
                            std::chrono::milliseconds lasts);
/// The owner alone: what `gc --mine` compares.
[[nodiscard]] std::string owner_of(const cli::Environment& env);

}  // namespace slipway::pipeline_test
