// SPDX-License-Identifier: Apache-2.0
// The name of content: algorithm and hash of its bytes. Reading, comparing and computing; what the
// content is stays with others. OCI image-spec, "Digests".
#pragma once

#include "hash/sha2.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

/// sha256 (64 hex digits) or sha512 (128), always in lower case.
class Digest {
 public:
  /// Nothing when it is no digest of a known algorithm.
  [[nodiscard]] static std::optional<Digest> parse(std::string_view text);
  /// The digest of `bytes` by that algorithm.
  [[nodiscard]] static Digest of(std::string_view bytes, std::string_view algorithm = "sha256");

  [[nodiscard]] const std::string& text() const { return text_; }  ///< sha256:3f9c...
  [[nodiscard]] std::string_view algorithm() const;
  [[nodiscard]] std::string_view hex() const;
  [[nodiscard]] std::string_view brief() const { return hex().substr(0, 12); }  ///< for lines that people read

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// The digest of a stream.
class Hasher {
 public:
  /// @param algorithm sha256 or sha512
  explicit Hasher(std::string_view algorithm = "sha256");

  void update(std::string_view bytes) { hasher_.update(bytes); }
  /// The digest of all that was given; the hasher starts afresh.
  [[nodiscard]] Digest finish();

 private:
  hash::Hasher hasher_;
};

}  // namespace slipway::oci
