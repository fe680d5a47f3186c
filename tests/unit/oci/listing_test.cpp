// SPDX-License-Identifier: Apache-2.0
#include "oci/listing.hpp"

#include "core/fs.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/tar.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;

TEST_CASE("the images of a layout, each once with all its names") {
  const std::string zeros(64, '0');
  const std::string ones(64, '1');
  const auto node = [](const std::string& digits, const std::string& annotations) {
    return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"sha256:)" + digits +
           R"(","annotations":{)" + annotations + "}}";
  };
  const auto images = images_named_in(
      R"({"manifests":[)" +
      node(zeros, R"("io.containerd.image.name":"r.io/a:1","org.opencontainers.image.ref.name":"1")") + "," +
      node(ones, R"("org.opencontainers.image.ref.name":"b")") + "," +
      node(zeros, R"("io.containerd.image.name":"r.io/a:2")") + "]}");
  REQUIRE(images.size() == 2);
  CHECK(images[0].selector == zeros);
  CHECK(images[0].names == std::vector<std::string>{"r.io/a:1", "r.io/a:2"});
  CHECK(images[1].selector == ones);
  CHECK(images[1].names == std::vector<std::string>{"b"});
  CHECK_THROWS_AS(images_named_in("{}"), Error);
}

TEST_CASE("the images of an archive, by what selects them") {
  const fs::TempDir folder{"listing"};
  const auto file = folder.path() / "images.tar";
  fs::write_file(file, SavedImage{.tag = "svc:1", .layers = {layer_tar("a", "1")}}.archive());
  const auto images = images_in(ArchiveFile{file});
  REQUIRE(images.size() == 1);
  CHECK(images[0].selector == "svc:1");
  CHECK(images[0].names == std::vector<std::string>{"svc:1"});
}

TEST_CASE("what holds one image, or can be read once, is not asked for all") {
  const auto code = [](const Source& source) {
    try {
      static_cast<void>(images_in(source));
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::ok;
  };
  CHECK(code(ArchiveStream{}) == ExitCode::usage);
  CHECK(code(EngineImage{}) == ExitCode::usage);
  CHECK(code(RegistryImage{Reference::parse("r.io/a:1")}) == ExitCode::usage);
  CHECK(code(ArchiveFile{"/nowhere/images.tar"}) == ExitCode::no_input);
}
