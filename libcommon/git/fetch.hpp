// SPDX-License-Identifier: Apache-2.0
// Brings one mirror up to date, by the git program. Inside this room only.
#pragma once

#include "git/mirror.hpp"
#include "git/remote.hpp"

#include <filesystem>

namespace slipway::git {

/// Fetches what `wanted` means, and what commits before it need when `history`; makes the mirror where there is none.
/// @param lock descriptor of the mirror's lock, which the caller holds
/// @throws Error as Mirrors::open()
void bring(const std::filesystem::path& mirror, const RemoteUrl& url, const Wanted& wanted, bool history,
           const Mirrors::Environment& env, const io::Run& run, int lock);

}  // namespace slipway::git
