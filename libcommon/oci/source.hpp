// SPDX-License-Identifier: Apache-2.0
// Where an image's bytes come from, turned into calls of the pusher: an engine's stream, a pipe, a
// file that is read in place. Only for push.cpp.
#pragma once

#include "oci/push.hpp"
#include "oci/pusher.hpp"

namespace slipway::oci {

/// @throws Error not_found, no_engine
[[nodiscard]] Pushed push_from(const EngineImage& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);
/// @throws Error not_found, read_failed
[[nodiscard]] Pushed push_from(const ArchiveFile& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);
[[nodiscard]] Pushed push_from(const ArchiveStream& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);

}  // namespace slipway::oci
