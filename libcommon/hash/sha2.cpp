// SPDX-License-Identifier: Apache-2.0
#include "hash/sha2.hpp"

#include "core/error.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace slipway::hash {

struct Hasher::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  Algorithm algorithm;
  explicit Context(Algorithm chosen) : algorithm(chosen) {
    if (md == nullptr) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }

  void begin() {
    if (EVP_DigestInit_ex(md, algorithm == Algorithm::sha512 ? EVP_sha512() : EVP_sha256(), nullptr) != 1)
      throw Error(failure::internal, "OpenSSL does not start a digest");
  }
};

Hasher::Hasher(Algorithm algorithm) : context_(std::make_unique<Context>(algorithm)) { context_->begin(); }
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Algorithm Hasher::algorithm() const { return context_->algorithm; }

void Hasher::update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) != 1)
    throw Error(failure::internal, "OpenSSL does not go on with a digest");
}

std::string Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_->md, raw.data(), &size) != 1)
    throw Error(failure::internal, "OpenSSL does not end a digest");
  context_->begin();
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += digits[raw[i] >> 4U];
    hex += digits[raw[i] & 15U];
  }
  return hex;
}

std::string sha256_hex(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace slipway::hash
