// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::oci;

namespace {

const auto one = Digest::of("1");
const auto two = Digest::of("2");

Manifest example() {
  return {.media_type = std::string(media::docker_manifest),
          .config = {std::string(media::docker_config), one, 7023},
          .layers = {{std::string(media::docker_layer), two, 32654}}};
}

}  // namespace

TEST_CASE("the bytes of a manifest never change: they are what a digest names") {
  CHECK(render_manifest(example()) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
        R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":7023,"digest":")" +
            one.text() +
            R"("},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":32654,"digest":")" +
            two.text() + R"("}]})");
}

TEST_CASE("what is rendered reads back") {
  CHECK(parse_manifest(render_manifest(example()), "", failure::protocol) == example());
}

TEST_CASE("an OCI manifest without mediaType is what the registry says it is") {
  const auto text =
      R"({"schemaVersion":2,"config":{"mediaType":"c","digest":")" + one.text() + R"(","size":1},"layers":[]})";
  const auto manifest =
      parse_manifest(text, "application/vnd.oci.image.manifest.v1+json; charset=utf-8", failure::protocol);
  REQUIRE(manifest);
  CHECK(manifest->media_type == media::oci_manifest);
}

TEST_CASE("an index and the first schema are no image manifests") {
  CHECK_FALSE(parse_manifest(R"({"schemaVersion":2,"manifests":[]})", media::oci_index, failure::protocol));
  CHECK_FALSE(parse_manifest(R"({"schemaVersion":1,"fsLayers":[]})", "", failure::protocol));
}

TEST_CASE("malformed manifests are refused") {
  const auto with = [](const std::string& config, const std::string& layers) {
    return R"({"config":)" + config + R"(,"layers":)" + layers + "}";
  };
  const auto good = R"({"digest":")" + one.text() + R"(","size":1})";
  CHECK(parse_manifest(with(good, "[]"), "x", failure::protocol));
  for (const auto& text :
       {std::string("no json"), std::string("[]"), with("1", "[]"), with(R"({"digest":"sha256:x","size":1})", "[]"),
        with(R"({"digest":")" + one.text() + R"("})", "[]"),
        with(R"({"digest":")" + one.text() + R"(","size":-1})", "[]"), with(good, "{}"), with(good, "[1]")})
    CHECK_THROWS_AS(static_cast<void>(parse_manifest(text, "x", failure::protocol)), Error);
}

TEST_CASE("an image configuration") {
  const auto config = parse_config(R"({"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
                                       one.text() + R"("]}})",
                                   "c", failure::bad_input);
  CHECK(config.architecture == "arm64");
  CHECK(config.diff_ids == std::vector{one});
  CHECK(parse_config(R"({"rootfs":{"diff_ids":null}})", "c", failure::bad_input).diff_ids.empty());
  for (const auto* text : {"", "[]", "{}", R"({"rootfs":{"diff_ids":{}}})", R"({"rootfs":{"diff_ids":["x"]}})"})
    CHECK_THROWS_AS(static_cast<void>(parse_config(text, "c", failure::bad_input)), Error);
}
