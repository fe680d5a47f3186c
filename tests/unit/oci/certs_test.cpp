// SPDX-License-Identifier: Apache-2.0
#include "oci/certs.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace slipway;
using namespace slipway::oci;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

struct Fixture {
  testing::RecordedRun recorded;
  fs::TempDir home{"certs"};
  Access access{.env = [this](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return home.path().native();
    return std::nullopt;
  }};

  void put(const std::string& name, const std::string& content, const std::string& host = "r.example:5000") const {
    const auto folder = home.path() / ".config/containers/certs.d" / host;
    std::filesystem::create_directories(folder);
    fs::write_file(folder / name, content);
  }
  http::Tls tls(const std::string& host = "r.example:5000") { return tls_for(access, host, recorded.run); }
};

}  // namespace

TEST_CASE("authorities in a registry's folder are trusted beside the system's, and for no other registry") {
  Fixture f;
  f.put("one.crt", "ONE");
  f.put("two.crt", "TWO");
  f.put("readme.txt", "NOTHING");
  const auto ca = f.tls().ca_pem.value();
  CHECK_THAT(ca, EndsWith("ONE\nTWO\n"));
  CHECK_THAT(ca, !Contains("NOTHING"));
  if (std::filesystem::exists("/etc/ssl/certs/ca-certificates.crt"))
    CHECK_THAT(ca, StartsWith(fs::read_file("/etc/ssl/certs/ca-certificates.crt")));
  CHECK_FALSE(f.tls("r.example").ca_pem);
  CHECK_FALSE(f.tls("other.example:5000").ca_pem);
  f.access.tls.ca_pem = "MINE\n";
  CHECK(f.tls().ca_pem == "MINE\nONE\nTWO\n");
}

TEST_CASE("a certificate is shown with its key, unless an option names one") {
  Fixture f;
  f.put("client.cert", "CERT");
  CHECK_THROWS_WITH(f.tls(), Contains("client.key"));
  f.put("client.key", "KEY");
  CHECK(f.tls().cert_pem == "CERT");
  CHECK(f.tls().key_pem == "KEY");
  CHECK_FALSE(f.tls().ca_pem);
  f.access.tls.cert_pem = "MINE";
  f.access.tls.key_pem = "MINE, TOO";
  CHECK(f.tls().cert_pem == "MINE");
  CHECK(f.tls().key_pem == "MINE, TOO");
}

TEST_CASE("--certs-dir is the only folder, and has to be readable") {
  Fixture f;
  f.put("one.crt", "ONE");
  const fs::TempDir other("certs");
  f.access.certs_dir = other.path();
  CHECK(certs_folders(f.access) == std::vector{other.path()});
  CHECK_FALSE(f.tls().ca_pem);
  std::filesystem::create_directories(other.path() / "r.example:5000");
  fs::write_file(other.path() / "r.example:5000" / "x.crt", "X");
  CHECK_THAT(f.tls().ca_pem.value(), EndsWith("X\n"));
  // What is no folder cannot be read as one, not even by root.
  fs::write_file(other.path() / "file.example", "");
  CHECK_THROWS_AS(f.tls("file.example"), Error);
}

TEST_CASE("an optional folder that cannot be read is passed over") {
  Fixture f;
  std::filesystem::create_directories(f.home.path() / ".config/containers/certs.d");
  fs::write_file(f.home.path() / ".config/containers/certs.d/r.example:5000", "no folder");
  CHECK_FALSE(f.tls().ca_pem);
  CHECK_THAT(f.recorded.text(), Contains("cannot read"));
}
