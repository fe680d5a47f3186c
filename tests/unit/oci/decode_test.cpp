// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "oci/compress.hpp"
#include "oci/decode.hpp"
#include "support/catch.hpp"
#include "support/tar.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace std::string_literals;

namespace {

/// printf hello | zstd -1
const std::string zstd_hello = "\x28\xb5\x2f\xfd\x04\x48\x29\x00\x00\x68\x65\x6c\x6c\x6f\xa3\x6d\x9f\x88"s;

std::string decoded(std::string_view bytes, std::size_t step) {
  std::string out;
  Decoder decoder(packing_of(bytes), [&](std::string_view raw) { out += raw; });
  for (std::size_t i = 0; i < bytes.size(); i += step) decoder.feed(bytes.substr(i, step));
  decoder.finish();
  return out;
}

}  // namespace

TEST_CASE("a stream is known by its first bytes") {
  CHECK(packing_of("\x1f\x8b\x08") == Packing::gzip);
  CHECK(packing_of("\x28\xb5\x2f\xfd") == Packing::zstd);
  CHECK(packing_of("\xfd"s + "7zXZ\0"s) == Packing::xz);
  CHECK(packing_of("BZh9") == Packing::bzip2);
  CHECK(packing_of("BZhello") == Packing::plain);
  CHECK(packing_of("") == Packing::plain);
  CHECK(is_archive(test::tar_file("a", "b")));
  CHECK_FALSE(is_archive("registry.example.org/svc:1\n"));
}

TEST_CASE("gzip of several members, in steps of any size") {
  std::string raw;
  for (int i = 0; i < 200000; ++i) raw += std::to_string(i);
  const auto packed = gzip(raw) + gzip("") + gzip("tail");
  for (const std::size_t step : {1UL, 7UL, 8UL, 9UL, 4096UL, 100000000UL}) {
    INFO(step);
    CHECK(decoded(packed, step) == raw + "tail");
  }
  CHECK(decoded(packed + std::string(512, '\0'), 1000) == raw + "tail");
}

TEST_CASE("zstd of several frames") {
  CHECK(decoded(zstd_hello + zstd_hello, 100) == "hellohello");
  CHECK(decoded(zstd_hello + zstd_hello, 1) == "hellohello");
}

TEST_CASE("streams that are cut or damaged") {
  const auto packed = gzip(std::string(100000, 'x'));
  for (std::size_t size = 2; size < packed.size(); size += 13)
    CHECK_THROWS_AS(decoded(std::string_view(packed).substr(0, size), 4096), Error);
  auto flipped = packed;
  flipped[packed.size() - 6] = static_cast<char>(flipped[packed.size() - 6] ^ 1);  // in the checksum
  CHECK_THROWS_AS(decoded(flipped, 4096), Error);
  CHECK_THROWS_AS(decoded(std::string_view(zstd_hello).substr(0, 10), 4096), Error);
  auto broken = zstd_hello;
  broken[6] = '\x7f';
  CHECK_THROWS_AS(decoded(broken, 4096), Error);
}

TEST_CASE("what is not read names the program to pipe through") {
  try {
    static_cast<void>(decoded("\xfd"s + "7zXZ\0"s, 10));
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    CHECK_THAT(error.hint(), Catch::Matchers::Contains("xz -dc"));
  }
  CHECK_THROWS_AS(decoded("BZh91AY", 10), Error);
}
