// SPDX-License-Identifier: Apache-2.0
// Layers packed by as many threads as there are, with bytes that depend on the layer and the profile alone: cut
// into blocks that are members (gzip) or frames (zstd) of their own, without time and name. Readers of either take
// any number of them. RFC 1952 section 2.2, RFC 8878 section 3. Which machine and how many threads never shows in a
// digest.
#pragma once

#include "oci/decode.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

/// What makes a layer's bytes.
/// fast: ISA-L level 2, the same bytes on every processor with SSE4.2. portable: libdeflate level 1, the same bytes
/// everywhere, a third of the speed, 3 % smaller. small: libdeflate level 6. zstd: level 3; docker before version 23
/// cannot pull it. none: the tar itself.
enum class Profile { fast, portable, small, zstd, none };

/// fast where this processor gives the promised bytes, else portable.
[[nodiscard]] Profile best_profile();
/// "gzip", "gzip:portable", "gzip:small", "zstd", "none".
[[nodiscard]] std::string_view name_of(Profile profile);
[[nodiscard]] std::optional<Profile> profile_named(std::string_view name);
[[nodiscard]] Packing packing_of(Profile profile);

/// Bytes of input for each member; part of what makes a digest, so never to be changed.
inline constexpr std::size_t gzip_block = 1U << 20U;
inline constexpr std::size_t zstd_block = 4U << 20U;
[[nodiscard]] constexpr std::size_t block_of(Profile profile) {
  return profile == Profile::zstd ? zstd_block : gzip_block;
}

/// Packs blocks, one after the other; one for each thread.
class BlockCompressor {
 public:
  explicit BlockCompressor(Profile profile = best_profile());
  BlockCompressor(BlockCompressor&&) noexcept;
  BlockCompressor& operator=(BlockCompressor&&) noexcept;
  ~BlockCompressor();

  /// One member with `raw` in it, at most block_of(profile) bytes. The view holds until the next call, or until `raw`
  /// goes.
  [[nodiscard]] std::string_view compress(std::string_view raw);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All of `raw`, in this thread.
[[nodiscard]] std::string packed(std::string_view raw, Profile profile);
[[nodiscard]] inline std::string gzip(std::string_view raw) { return packed(raw, best_profile()); }

}  // namespace slipway::oci
