// SPDX-License-Identifier: Apache-2.0
// Where an image's bytes come from, turned into calls of the pusher: an engine's stream, a pipe, a
// file that is read in place. Only for push.cpp.
#pragma once

#include "oci/decode.hpp"
#include "oci/in_place.hpp"
#include "oci/push.hpp"
#include "oci/pusher.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

/// SHA-256 of a layer's tar, also of one that came packed.
class DiffHasher {
 public:
  void update(std::string_view bytes);
  [[nodiscard]] Digest finish();

 private:
  void begin();
  std::string head_;
  Hasher hasher_;
  std::optional<Decoder> decoder_;
};

/// An archive's entries without the data of layers, which is jumped over.
void look_through(const InPlace& file, ArchiveReader& reader);

/// A plain archive in a regular file: looked through first, then its layers are read where they are.
[[nodiscard]] Pushed push_in_place(const InPlace& file, ArchiveFile::As as, Pusher& pusher, const PushOptions& options,
                                   const io::Run& run);

/// @throws Error not_found, no_engine
[[nodiscard]] Pushed push_from(const EngineImage& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);
/// @throws Error not_found, read_failed
[[nodiscard]] Pushed push_from(const ArchiveFile& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);
[[nodiscard]] Pushed push_from(const LayoutFolder& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);
/// @throws Error not_found, unreachable, denied, protocol, busy
[[nodiscard]] Pushed push_from(const RegistryImage& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);
[[nodiscard]] Pushed push_from(const ArchiveStream& source, Pusher& pusher, const PushOptions& options,
                               const Access& access, const io::Run& run);

}  // namespace slipway::oci
