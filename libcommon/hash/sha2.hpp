// SPDX-License-Identifier: Apache-2.0
// SHA-2 of bytes and of streams, by OpenSSL. In a room of its own, so that only who hashes links libcrypto.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace slipway::hash {

enum class Algorithm { sha256, sha512 };

/// Of a stream.
class Hasher {
 public:
  explicit Hasher(Algorithm algorithm = Algorithm::sha256);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::string_view bytes);
  /// Of all that was given, in lower-case hexadecimal; the hasher starts afresh.
  [[nodiscard]] std::string finish();
  [[nodiscard]] Algorithm algorithm() const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 of bytes, in lower-case hexadecimal.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace slipway::hash
