// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"
#include "support/catch.hpp"

using namespace slipway;

TEST_CASE("Base64 takes any bytes there and back") {
  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "ops:\xff\xfe\xfd"}) {
    CHECK(base64::decode(base64::encode(text)) == text);
    CHECK(base64::decode_loose(base64::encode(text)) == text);
  }
  CHECK(base64::encode("fo") == "Zm8=");
}

TEST_CASE("Base64 as the standard has it is padded and of one alphabet") {
  CHECK(base64::decode("Zm9v\n  YmFy\r\n") == "foobar");
  for (const auto* wrong : {"Zm8", "Zm8=Zm8=", "Z===", "__79", "Zm8*", "Z"}) {
    INFO(wrong);
    CHECK_FALSE(base64::decode(wrong));
  }
}

TEST_CASE("Base64 of tokens comes in both alphabets, with padding or without") {
  CHECK(base64::decode_loose("__79") == "\xff\xfe\xfd");
  CHECK(base64::decode_loose("//79") == "\xff\xfe\xfd");
  CHECK(base64::decode_loose("Zm8") == "fo");
  CHECK_FALSE(base64::decode_loose("Zm8*"));
  CHECK_FALSE(base64::decode_loose("Z"));
  CHECK_FALSE(base64::decode_loose("Zm8=x"));
}
