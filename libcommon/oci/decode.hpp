// SPDX-License-Identifier: Apache-2.0
// What a stream is, by its first bytes, and unpacking it as it comes: gzip of any number of members,
// zstd of any number of frames. RFC 1952, RFC 8878.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace slipway::oci {

enum class Packing { plain, gzip, zstd, xz, bzip2 };

/// By magic number; plain for anything else. As many bytes as this are enough:
inline constexpr std::size_t packing_signature = 6;
[[nodiscard]] Packing packing_of(std::string_view first_bytes);

/// Whether a stream that begins with these bytes can only be an archive, and not a line of text.
[[nodiscard]] bool is_archive(std::string_view first_bytes);
/// As many bytes as is_archive() wants to see.
inline constexpr std::size_t archive_signature = 512;

/// Takes packed bytes, hands out unpacked ones.
class Decoder {
 public:
  using Sink = std::function<void(std::string_view bytes)>;

  /// @throws Error bad_input for xz and bzip2, with the program to pipe through
  Decoder(Packing packing, Sink sink);
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  /// @throws Error bad_input when the bytes are damaged
  void feed(std::string_view bytes);
  /// @throws Error bad_input when the stream was cut
  void finish();

  struct Engine;

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace slipway::oci
