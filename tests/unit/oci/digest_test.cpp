// SPDX-License-Identifier: Apache-2.0
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
