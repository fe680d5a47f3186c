// SPDX-License-Identifier: Apache-2.0
#include "hash/sha2.hpp"

#include "core/error.hpp"

// OpenSSL 3 would rather have EVP used, but that fetches: it reads openssl.cnf and makes a table of all that the
// library can do, which is a sixth of all instructions of a config-get. What hashes is the same code.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>
#include <variant>

namespace slipway::hash {

namespace {

/// One kind of SHA-2: its state, and the functions of OpenSSL that begin, continue and end it.
template <typename State, int (*Init)(State*), int (*Update)(State*, const void*, std::size_t),
          int (*Final)(unsigned char*, State*), std::size_t Size>
class Sha2 {
 public:
  Sha2() { begin(); }
  void update(std::string_view bytes) {
    if (Update(&state_, bytes.data(), bytes.size()) != 1)
      throw Error(failure::internal, "OpenSSL does not go on with a digest");
  }
  std::string finish() {
    std::array<unsigned char, Size> raw{};
    if (Final(raw.data(), &state_) != 1) throw Error(failure::internal, "OpenSSL does not end a digest");
    begin();
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * Size);
    for (const auto byte : raw) {
      hex += digits[byte >> 4U];
      hex += digits[byte & 15U];
    }
    return hex;
  }

 private:
  void begin() {
    if (Init(&state_) != 1) throw Error(failure::internal, "OpenSSL does not start a digest");
  }
  State state_{};
};

using Sha256 = Sha2<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, SHA256_DIGEST_LENGTH>;
using Sha512 = Sha2<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, SHA512_DIGEST_LENGTH>;

}  // namespace

struct Hasher::Context {
  std::variant<Sha256, Sha512> of;
  explicit Context(Algorithm algorithm) {
    if (algorithm == Algorithm::sha512) of.emplace<Sha512>();
  }
};

Hasher::Hasher(Algorithm algorithm) : context_(std::make_unique<Context>(algorithm)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Algorithm Hasher::algorithm() const {
  return std::holds_alternative<Sha512>(context_->of) ? Algorithm::sha512 : Algorithm::sha256;
}

void Hasher::update(std::string_view bytes) {
  std::visit([&](auto& one) { one.update(bytes); }, context_->of);
}

std::string Hasher::finish() {
  return std::visit([](auto& one) { return one.finish(); }, context_->of);
}

std::string sha256_hex(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace slipway::hash
