// SPDX-License-Identifier: Apache-2.0
#include "oci/compress.hpp"
#include "oci/digest.hpp"
#include "support/catch.hpp"
#include "support/unpacked.hpp"

using namespace slipway::oci;
using slipway::testing::unpacked;

namespace {

/// Bytes that compress a little, the same on every machine.
std::string sample(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 12345;
  for (auto& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>("etaoin shrdlu\n\x00\xff"[(state >> 24U) % 16U]);
  }
  return out;
}

}  // namespace

TEST_CASE("the bytes of a layer depend on the layer alone: golden digests") {
  // These name layers in registries: a change here makes every layer everywhere be sent again.
  if (best_profile() != Profile::fast) return;
  CHECK(Digest::of(gzip("")).text() == "sha256:ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83");
  CHECK(Digest::of(gzip(std::string(1024, '\0'))).text() ==
        "sha256:62539018952ddec37a4fcf8d77171cfbcd5b21fc3520f32028cd9cfdae546a31");
  CHECK(Digest::of(gzip(sample(3 * gzip_block + 1234))).text() ==
        "sha256:b43945fd6ff9ec57ae109292a3b4d0d6be41f1b7d22c4025d65c05b2fcf891e1");
}

TEST_CASE("the portable profile has digests of its own") {
  BlockCompressor portable(Profile::portable);
  CHECK(Digest::of(portable.compress(sample(100000))).text() ==
        "sha256:2a405b1c57a365d64c97a87bb4003c5e3f8a90fef0c48cb62357df549e733a1d");
}

TEST_CASE("a member's header holds no time, no name and no machine") {
  for (const auto profile : {Profile::fast, Profile::portable}) {
    BlockCompressor compressor(profile);
    const std::string member(compressor.compress("hello"));
    CHECK(member.substr(0, 4) == std::string("\x1f\x8b\x08\x00", 4));
    CHECK(member.substr(4, 4) == std::string(4, '\0'));
    CHECK(member[9] == '\xff');
    CHECK(unpacked(member) == "hello");
  }
}

TEST_CASE("blocks become members, and all of them unpack to what went in") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, gzip_block - 1, gzip_block, gzip_block + 1, 2 * gzip_block}) {
    const auto raw = sample(size);
    CHECK(unpacked(gzip(raw)) == raw);
  }
  const auto raw = sample(gzip_block + 10);
  BlockCompressor compressor;
  std::string by_hand(compressor.compress(raw.substr(0, gzip_block)));
  by_hand += compressor.compress(raw.substr(gzip_block));
  CHECK(gzip(raw) == by_hand);
}

TEST_CASE("bytes that do not compress grow by next to nothing") {
  std::string noise(gzip_block, '\0');
  std::uint64_t state = 88172645463325252ULL;
  for (auto& c : noise) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    c = static_cast<char>(state >> 32U);
  }
  CHECK(gzip(noise).size() < noise.size() + 1024);
  CHECK(unpacked(gzip(noise)) == noise);
}
