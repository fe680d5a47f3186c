// SPDX-License-Identifier: Apache-2.0
#include "hash/sha2.hpp"
#include "oci/digest.hpp"
#include "support/catch.hpp"

using slipway::oci::Digest;
using slipway::oci::Hasher;

TEST_CASE("a digest is an algorithm and all of its hex digits, in lower case") {
  const std::string hex(64, 'a');
  CHECK(Digest::parse("sha256:" + hex));
  CHECK(Digest::parse("sha512:" + hex + hex));
  for (const auto& wrong : {hex, "sha256:" + hex + "a", "sha256:" + hex.substr(1), "sha256:" + std::string(64, 'A'),
                            "sha256:" + std::string(64, 'g'), "md5:" + std::string(32, 'a'), "sha512:" + hex,
                            std::string("sha256:"), std::string()})
    CHECK_FALSE(Digest::parse(wrong));
  const auto digest = Digest::parse("sha256:" + hex);
  CHECK(digest->algorithm() == "sha256");
  CHECK(digest->hex() == hex);
  CHECK(digest->brief() == "aaaaaaaaaaaa");
}

TEST_CASE("SHA-256 of known bytes, at once and in pieces") {
  const auto* const abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(Digest::of("abc").text() == abc);
  CHECK(Digest::of("").text() == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Hasher hasher;
  hasher.update("a");
  hasher.update("");
  hasher.update("bc");
  CHECK(hasher.finish().text() == abc);
  hasher.update("abc");  // starts afresh
  CHECK(hasher.finish().text() == abc);
}

TEST_CASE("SHA-512 of known bytes, and both over the ends of their blocks") {
  slipway::hash::Hasher wide(slipway::hash::Algorithm::sha512);
  CHECK(wide.algorithm() == slipway::hash::Algorithm::sha512);
  wide.update("a");
  wide.update("bc");
  const auto* const abc = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
  CHECK(wide.finish() == abc);
  wide.update("abc");  // starts afresh
  CHECK(wide.finish() == abc);
  CHECK(slipway::hash::Hasher().algorithm() == slipway::hash::Algorithm::sha256);
  // Figures of sha256sum and sha512sum for as many times 'x'.
  CHECK(slipway::hash::sha256_hex(std::string(63, 'x')) ==
        "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2");
  CHECK(slipway::hash::sha256_hex(std::string(64, 'x')) ==
        "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
  CHECK(slipway::hash::sha256_hex(std::string(1000, 'x')) ==
        "44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f");
  for (std::size_t first = 0; first <= 128; ++first) {
    wide.update(std::string(first, 'x'));
    wide.update(std::string(128 - first, 'x'));
    CHECK(wide.finish() == "e2e22f8422b54b06e35c3ea30a383d1de7a8fbc27992923074103117020d8dd7"
                           "024c3ecf7d6d1a15a6de5a75ff32fb486b9e8ced4c02ffe05822bf2cb734d0e0");
  }
}
