// SPDX-License-Identifier: Apache-2.0
// Layers into gzip, by as many threads as there are, with bytes that depend on the layer alone: cut
// every 1 MiB into members of their own, header without time and name. Readers of gzip take any number
// of members. RFC 1952 section 2.2. Which machine and how many threads never shows in a digest.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace slipway::oci {

/// Bytes of input for each member; part of what makes a digest, so never to be changed.
inline constexpr std::size_t gzip_block = 1U << 20U;

/// Makes members, one after the other; one for each thread.
class GzipCompressor {
 public:
  /// fast: ISA-L level 2, the same bytes on every processor with SSE4.2. portable: libdeflate level 1,
  /// the same bytes everywhere, a third of the speed, 3 % smaller.
  enum class Profile { fast, portable };

  explicit GzipCompressor(Profile profile = best_profile());
  GzipCompressor(GzipCompressor&&) noexcept;
  GzipCompressor& operator=(GzipCompressor&&) noexcept;
  ~GzipCompressor();

  /// One member with `raw` in it, at most gzip_block bytes. The view holds until the next call.
  [[nodiscard]] std::string_view compress(std::string_view raw);

  /// fast where this processor gives the promised bytes.
  [[nodiscard]] static Profile best_profile();
  /// "gzip" or "gzip:portable": the name of what makes the bytes.
  [[nodiscard]] static std::string_view name_of(Profile profile);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All of `raw` in members, in this thread.
[[nodiscard]] std::string gzip(std::string_view raw);

}  // namespace slipway::oci
