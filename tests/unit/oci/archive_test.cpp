// SPDX-License-Identifier: Apache-2.0
#include "oci/archive.hpp"
#include "support/catch.hpp"
#include "support/tar.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;

namespace {

struct Reading {
  std::vector<std::pair<std::string, std::string>> layers;  ///< name, data
  bool want = true;
  ArchiveReader reader{{.begin =
                            [this](const TarEntry& entry, std::string_view) {
                              layers.emplace_back(entry.name, "");
                              return want;
                            },
                        .data = [this](std::string_view bytes) { layers.back().second += bytes; },
                        .end = [] {}}};

  const ArchiveContents& all(const std::string& archive) {
    reader.feed(archive);
    return reader.finish();
  }
};

std::string why(const std::string& archive, const std::optional<std::string>& image = std::nullopt) {
  Reading reading;
  try {
    static_cast<void>(reading.all(archive).select(image));
  } catch (const Error& error) {
    return std::string(error.failure().id) + ": " + error.message();
  }
  return "taken";
}

const SavedImage saved{.tag = "svc:1", .layers = {layer_tar("a", "1"), layer_tar("b", "2")}};

}  // namespace

TEST_CASE("a docker archive: layers pass, the rest is kept") {
  Reading reading;
  const auto& contents = reading.all(saved.archive());
  REQUIRE(reading.layers.size() == 2);
  CHECK(reading.layers[1].first == SavedImage::layer_name(1));
  CHECK(reading.layers[1].second == saved.layers[1]);
  const auto image = contents.select(std::nullopt);
  CHECK(image.tags == std::vector<std::string>{"svc:1"});
  CHECK(image.layers == std::vector{SavedImage::layer_name(0), SavedImage::layer_name(1)});
  CHECK(*contents.text(image.config) == saved.config());
}

TEST_CASE("layers that nobody wants are jumped over") {
  Reading reading;
  reading.want = false;
  const auto archive = saved.archive();
  std::uint64_t jumped = 0;
  while (!reading.reader.complete()) {
    reading.reader.feed(std::string_view(archive).substr(reading.reader.offset(), 512));
    jumped += reading.reader.ahead();
    if (reading.reader.ahead() > 0) reading.reader.skip();
  }
  CHECK(jumped == 2 * padded(saved.layers[0]).size());
  CHECK(reading.reader.finish().select(std::nullopt).layers.size() == 2);
  CHECK(reading.layers[0].second.empty());
}

TEST_CASE("blobs without a telling name are layers if they begin as one") {
  const auto blob = [](const std::string& content) {
    return tar_file("blobs/sha256/" + std::string(Digest::of(content).hex()), content);
  };
  const auto config = saved.config();
  const auto config_name = "blobs/sha256/" + std::string(Digest::of(config).hex());
  const auto layer_name = "blobs/sha256/" + std::string(Digest::of(saved.layers[0]).hex());
  const auto manifest = R"([{"Config":")" + config_name + R"(","RepoTags":null,"Layers":[")" + layer_name + R"("]}])";
  Reading reading;
  const auto& contents = reading.all(blob(config) + blob(saved.layers[0]) + blob("{}") + tar_file("oci-layout", "{}") +
                                     tar_file("manifest.json", manifest) + tar_end());
  REQUIRE(reading.layers.size() == 1);
  CHECK(reading.layers[0] == std::pair{layer_name, saved.layers[0]});
  CHECK(*contents.text(contents.select(std::nullopt).config) == config);
}

TEST_CASE("links to layers, hard and symbolic, in any order") {
  Reading reading;
  const auto& contents =
      reading.all(tar_link("b/layer.tar", "../a/layer.tar", '2') + tar_file("a/layer.tar", saved.layers[0]) +
                  tar_link("c/layer.tar", "a/layer.tar", '1') + tar_link("d/layer.tar", "../b/layer.tar", '2') +
                  tar_link("loop1", "loop2", '2') + tar_link("loop2", "loop1", '2') + tar_end());
  for (const auto* name : {"a/layer.tar", "./b/layer.tar", "c/layer.tar", "d/layer.tar"})
    CHECK(contents.resolve(name) == "a/layer.tar");
  CHECK_THROWS_AS(static_cast<void>(contents.resolve("loop1")), Error);
}

TEST_CASE("which of several images") {
  const SavedImage other{.tag = "docker.io/other:latest", .layers = saved.layers, .note = "other"};
  const auto both = tar_file(saved.config_name(), saved.config()) + tar_file(other.config_name(), other.config()) +
                    tar_file("manifest.json",
                             nlohmann::ordered_json::array({saved.manifest_entry(), other.manifest_entry()}).dump()) +
                    tar_end();
  CHECK(why(both) == "bad-input: the archive holds 2 images: svc:1, docker.io/other:latest");
  CHECK(why(both, "svc:1") == "taken");
  CHECK(why(both, "docker.io/other") == "taken");
  CHECK(why(both, "sha256:" + other.config_name().substr(0, 64)) == "taken");
  CHECK(why(both, other.config_name().substr(0, 12)) == "taken");
  CHECK_THAT(why(both, "svc:2"), Catch::Matchers::StartsWith("not-found: "));
  CHECK_THAT(why(both, other.config_name().substr(0, 3)), Catch::Matchers::StartsWith("not-found: "));
}

TEST_CASE("archives that are not what they should be") {
  CHECK_THAT(why(tar_file("a.txt", "x") + tar_end()),
             Catch::Matchers::Contains("neither manifest.json nor index.json"));
  for (const auto* manifest : {"", "{}", "[]", "[1]", R"([{"Layers":[]}])", R"([{"Config":1}])"}) {
    INFO(manifest);
    CHECK_THAT(why(tar_file("manifest.json", manifest) + tar_end()), Catch::Matchers::StartsWith("bad-input: "));
  }
  CHECK_THAT(why(tar_header("manifest.json", octal_size(9U << 20U), '0')), Catch::Matchers::Contains("8 MiB"));
}
