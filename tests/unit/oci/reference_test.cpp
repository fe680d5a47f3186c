// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.hpp"
#include "support/catch.hpp"

using namespace slipway;
using oci::Reference;

namespace {

const std::string hex(64, '7');

struct Row {
  std::string text;
  std::string registry;
  std::string repository;
  std::string tag;
  bool digest = false;
};

std::string why(const std::string& text) {
  try {
    static_cast<void>(Reference::parse(text));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.message() + " | " + error.hint();
  }
  return "taken";
}

}  // namespace

TEST_CASE("references are taken apart") {
  const std::vector<Row> rows{
      {"localhost:5000/hello:1", "localhost:5000", "hello", "1"},
      {"localhost/hello:1", "localhost", "hello", "1"},
      {"registry.example.org/team/svc:2026-11-24", "registry.example.org", "team/svc", "2026-11-24"},
      {"registry.example.org:8443/svc", "registry.example.org:8443", "svc", ""},
      {"Registry.Example.org/svc:A_b.c-d", "Registry.Example.org", "svc", "A_b.c-d"},
      {"REG/svc:1", "REG", "svc", "1"},
      {"[::1]:5000/svc:1", "[::1]:5000", "svc", "1"},
      {"10.0.0.1/a/b/c:x", "10.0.0.1", "a/b/c", "x"},
      {"r.io/a.b_c__d---e/f:1", "r.io", "a.b_c__d---e/f", "1"},
      {"r.io/svc@sha256:" + hex, "r.io", "svc", "", true},
      {"r.io/svc:1@sha256:" + hex, "r.io", "svc", "1", true},
      {"docker.io/debian:12", "docker.io", "library/debian", "12"},
      {"docker.io/team/svc:1", "docker.io", "team/svc", "1"},
      {"index.docker.io/debian:12", "docker.io", "library/debian", "12"},
      {"registry-1.docker.io/debian:12", "docker.io", "library/debian", "12"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    const auto reference = Reference::parse(row.text);
    CHECK(reference.registry == row.registry);
    CHECK(reference.repository == row.repository);
    CHECK(reference.tag.value_or("") == row.tag);
    CHECK(reference.digest.has_value() == row.digest);
    CHECK(reference.named_registry);
    CHECK(Reference::parse(reference.text()) == reference);
  }
}

TEST_CASE("a name without a host is Docker Hub's, and says so") {
  const auto bare = Reference::parse("svc:1");
  CHECK(bare.registry == "docker.io");
  CHECK(bare.repository == "library/svc");
  CHECK_FALSE(bare.named_registry);
  CHECK_FALSE(Reference::parse("team/svc:1").named_registry);
  CHECK(bare.api_host() == "registry-1.docker.io");
  CHECK(Reference::parse("localhost:5000/svc:1").api_host() == "localhost:5000");
}

TEST_CASE("what is wrong with a reference is named, with the right spelling where there is one") {
  using Catch::Matchers::Contains;
  CHECK_THAT(why(""), Contains("empty"));
  CHECK_THAT(why("https://r.io/svc:1"), Contains("starts with https://") && Contains("write it as r.io/svc:1"));
  CHECK_THAT(why("docker://r.io/svc:1"), Contains("write it as r.io/svc:1"));
  CHECK_THAT(why("r.io/Svc:1"), Contains("lower case") && Contains("r.io/svc:1"));
  CHECK_THAT(why("r.io/svc:"), Contains("last colon"));
  CHECK_THAT(why("r.io/svc:-x"), Contains("'-x' is no tag"));
  CHECK_THAT(why("r.io/svc:" + std::string(129, 'a')), Contains("129 characters"));
  CHECK_THAT(why("r.io/svc@sha256:12"), Contains("'sha256:12' is no digest"));
  CHECK_THAT(why("r.io/a//b:1"), Contains("between slashes"));
  CHECK_THAT(why("r.io/a..b:1"), Contains("'a..b'"));
  CHECK_THAT(why("r.io/a___b:1"), Contains("'a___b'"));
  CHECK_THAT(why("r.io/-a:1"), Contains("'-a'"));
  CHECK_THAT(why("r.io:99999/a:1"), Contains("no host"));
  CHECK_THAT(why("[::g]:5000/a:1"), Contains("no host"));
  CHECK_THAT(why("r..io/a:1"), Contains("no host"));
  CHECK_THAT(why("r.io/" + std::string(255, 'a') + ":1"), Contains("255 are allowed"));
  CHECK_THAT(why("r.io/a b:1"), Contains("'a b'"));
  CHECK_THAT(why("r.io/a\x1b[31m:1"), Contains("\\x1b"));
  CHECK(why("r.io/svc:" + std::string(128, 'a')) == "taken");
}

TEST_CASE("a malformed line of stdin is not a usage error") {
  CHECK_THROWS_AS(Reference::parse("No:", failure::bad_input), Error);
  try {
    static_cast<void>(Reference::parse("No:", failure::bad_input));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
  }
}

TEST_CASE("what stands behind /manifests/") {
  CHECK(Reference::parse("r.io/svc:1").version() == "1");
  CHECK(Reference::parse("r.io/svc:1@sha256:" + hex).version() == "sha256:" + hex);
  CHECK_THROWS_AS(static_cast<void>(Reference::parse("r.io/svc").version()), Error);
}
