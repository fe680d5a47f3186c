// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "oci/location.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::oci;

namespace {

const std::string asked = "https://r.example.org:8443/v2/svc/blobs/uploads/";

std::string resolved(const std::string& location, const std::string& base = asked) {
  try {
    return resolve_location(base, location).url;
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::protocol);
    return "refused";
  }
}

}  // namespace

TEST_CASE("locations, absolute and relative, keep their query byte for byte") {
  CHECK(resolved("https://r.example.org:8443/v2/svc/blobs/uploads/1?_state=a%2Fb+c%3D%3D") ==
        "https://r.example.org:8443/v2/svc/blobs/uploads/1?_state=a%2Fb+c%3D%3D");
  CHECK(resolved("/v2/svc/blobs/uploads/1?x=y&z") == "https://r.example.org:8443/v2/svc/blobs/uploads/1?x=y&z");
  CHECK(resolved("1?x=y") == "https://r.example.org:8443/v2/svc/blobs/uploads/1?x=y");
  CHECK(resolved("?x=y") == "https://r.example.org:8443/v2/svc/blobs/uploads/?x=y");
  CHECK(resolved("//up.example.org/1") == "https://up.example.org/1");
  const auto long_state = "/u?_state=" + std::string(8192, 'x');
  CHECK(resolved(long_state) == "https://r.example.org:8443" + long_state);
}

TEST_CASE("the digest is added with the separator that fits") {
  const auto digest = Digest::of("");
  const auto encoded = "sha256%3A" + std::string(digest.hex());
  CHECK(with_digest("http://h/u", digest) == "http://h/u?digest=" + encoded);
  CHECK(with_digest("http://h/u?_state=x", digest) == "http://h/u?_state=x&digest=" + encoded);
}

TEST_CASE("TLS is never stepped down") {
  const auto same = resolve_location(asked, "http://r.example.org/v2/svc/blobs/uploads/1?s=1");
  CHECK(same.url == "https://r.example.org:8443/v2/svc/blobs/uploads/1?s=1");
  CHECK(same.raised);
  CHECK(same.own);
  CHECK(resolved("http://elsewhere.example.org/1") == "refused");
  CHECK(resolved("http://h/1", "http://r/v2/") == "http://h/1");
}

TEST_CASE("credentials stay with the registry") {
  CHECK(resolve_location(asked, "/1").own);
  CHECK_FALSE(resolve_location(asked, "https://storage.example.org/1").own);
  CHECK_FALSE(resolve_location(asked, "https://r.example.org/1").own);  // another port is another server
}

TEST_CASE("a registry elsewhere does not lead to this machine or its neighbours") {
  CHECK(resolved("https://127.0.0.1/1") == "refused");
  CHECK(resolved("https://localhost/1") == "refused");
  CHECK(resolved("https://169.254.169.254/latest") == "refused");
  CHECK(resolved("http://localhost:5001/1", "http://localhost:5000/v2/") == "http://localhost:5001/1");
}

TEST_CASE("what is no location is shown, without its query") {
  CHECK(resolved("") == "refused");
  CHECK(resolved("ftp://r.example.org/1") == "refused");
  CHECK(resolved("https://user@r.example.org/1") == "refused");
  CHECK(resolved("/1#part") == "refused");
  CHECK(resolved("/u?next=https://a@b") == "https://r.example.org:8443/u?next=https://a@b");
  CHECK_THROWS_AS(static_cast<void>(resolve_location(asked, std::nullopt)), Error);
  try {
    static_cast<void>(resolve_location(asked, "ftp://x/1?_state=secret"));
  } catch (const Error& error) {
    CHECK_THAT(error.message(), Catch::Matchers::Contains("ftp://x/1") && !Catch::Matchers::Contains("secret"));
  }
}
