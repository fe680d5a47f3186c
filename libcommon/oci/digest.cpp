// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.hpp"

#include "core/error.hpp"

#include <algorithm>

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

Hasher::Hasher(std::string_view algorithm)
    : hasher_(algorithm == "sha512" ? hash::Algorithm::sha512 : hash::Algorithm::sha256) {}

Digest Hasher::finish() {
  const std::string_view prefix = hasher_.algorithm() == hash::Algorithm::sha512 ? "sha512:" : "sha256:";
  auto digest = Digest::parse(std::string(prefix) + hasher_.finish());
  if (!digest) throw Error(failure::internal, "OpenSSL made no digest");
  return *digest;
}

}  // namespace slipway::oci
