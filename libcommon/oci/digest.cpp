// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.hpp"

#include "core/error.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace slipway::oci {

namespace {

constexpr std::size_t hex_length(std::string_view algorithm) {
  if (algorithm == "sha256") return 64;
  if (algorithm == "sha512") return 128;
  return 0;
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::optional<Digest> Digest::parse(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto hex = text.substr(colon + 1);
  const auto wanted = hex_length(text.substr(0, colon));
  if (wanted == 0 || hex.size() != wanted || !std::ranges::all_of(hex, is_lower_hex)) return std::nullopt;
  return Digest(std::string(text));
}

Digest Digest::of(std::string_view bytes, std::string_view algorithm) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

std::string_view Digest::algorithm() const { return std::string_view(text_).substr(0, text_.find(':')); }
std::string_view Digest::hex() const { return std::string_view(text_).substr(text_.find(':') + 1); }

struct Hasher::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  const EVP_MD* kind;
  explicit Context(std::string_view algorithm) : kind(algorithm == "sha512" ? EVP_sha512() : EVP_sha256()) {
    if (md == nullptr) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }

  void begin() {
    if (EVP_DigestInit_ex(md, kind, nullptr) != 1) throw Error(failure::internal, "OpenSSL does not start a digest");
  }
};

Hasher::Hasher(std::string_view algorithm) : context_(std::make_unique<Context>(algorithm)) { context_->begin(); }
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) != 1)
    throw Error(failure::internal, "OpenSSL does not go on with a digest");
}

Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_->md, raw.data(), &size) != 1)
    throw Error(failure::internal, "OpenSSL does not end a digest");
  context_->begin();
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text = context_->kind == EVP_sha512() ? "sha512:" : "sha256:";
  for (unsigned i = 0; i < size; ++i) {
    text += digits[raw[i] >> 4U];
    text += digits[raw[i] & 15U];
  }
  auto digest = Digest::parse(text);
  if (!digest) throw Error(failure::internal, "OpenSSL made no digest");
  return *digest;
}

}  // namespace slipway::oci
