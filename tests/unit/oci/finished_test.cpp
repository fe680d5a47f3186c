// SPDX-License-Identifier: Apache-2.0
#include "oci/finished.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/layout.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string why(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::string(error.failure().id) + ": " + error.message();
  }
  return "taken";
}

std::string chosen(const Layout& layout, const std::optional<std::string>& wanted = std::nullopt) {
  std::string digest;
  auto failed = why([&] { digest = choose_image(layout.index_json(), wanted).digest.text(); });
  return failed == "taken" ? digest : failed;
}

FinishedImage gathered(const Layout& layout, const std::vector<Platform>& platforms = {}) {
  const auto index = layout.index_json();
  return gather(
      choose_image(index, std::nullopt),
      [&](const Descriptor& wanted) {
        const auto found = layout.blobs.find(wanted.digest);
        if (found == layout.blobs.end() && wanted.digest != Digest::of(index))
          throw Error(failure::bad_input, "lacks " + wanted.digest.text());
        return found == layout.blobs.end() ? index : found->second;
      },
      platforms);
}

const Platform amd64{.os = "linux", .architecture = "amd64", .variant = {}};
const Platform arm64{.os = "linux", .architecture = "arm64", .variant = {}};

}  // namespace

TEST_CASE("platforms") {
  CHECK(Platform::parse("linux/amd64") == amd64);
  CHECK(Platform::parse("linux/arm/v7").text() == "linux/arm/v7");
  for (const auto* text : {"", "linux", "linux/", "/amd64", "linux/arm/v7/x", "Linux/amd64", "linux/arm 64"}) {
    INFO(text);
    CHECK_THAT(why([&] { static_cast<void>(Platform::parse(text)); }), StartsWith("bad-usage: "));
  }
  CHECK(arm64.takes(Platform::parse("linux/arm64/v8")));
  CHECK_FALSE(Platform::parse("linux/arm64/v8").takes(arm64));
  CHECK_FALSE(arm64.takes(amd64));
}

TEST_CASE("which image of a layout") {
  Layout one;
  const auto node = one.image({gzip("x")});
  one.holds(node);
  CHECK(chosen(one) == node["digest"]);

  Layout tags = one;  // docker writes one entry for each tag
  tags.images.clear();
  tags.holds(node, "1").holds(node, "latest");
  CHECK(chosen(tags) == node["digest"]);

  Layout two = one;
  two.images.clear();
  const auto other = two.image({gzip("y")});
  two.holds(node, "svc:1").holds(other, "docker.io/library/other:2");
  CHECK(chosen(two) == "bad-input: the layout holds 2 images: svc:1, docker.io/library/other:2");
  CHECK(chosen(two, "svc:1") == node["digest"]);
  CHECK(chosen(two, "other:2") == other["digest"]);
  CHECK(chosen(two, other["digest"]) == other["digest"]);
  CHECK(chosen(two, other["digest"].get<std::string>().substr(7, 9)) == other["digest"]);
  CHECK_THAT(chosen(two, other["digest"].get<std::string>().substr(7, 3)), StartsWith("not-found: "));
  CHECK_THAT(chosen(two, "svc"), Contains("it has svc:1, docker.io/library/other:2"));

  Layout names;  // containerd's annotation
  auto full = node;
  full["annotations"] = {{"io.containerd.image.name", "r.example/svc:1"}, {"org.opencontainers.image.ref.name", "1"}};
  names.holds(full).holds(other, "2");
  CHECK(chosen(names, "r.example/svc:1") == node["digest"]);
  CHECK(chosen(names, "1") == node["digest"]);
}

TEST_CASE("an index.json that has nothing but platforms is the image itself") {
  Layout layout;
  layout.holds(layout.image({gzip("x")}, "amd64")).holds(layout.image({gzip("y")}, "arm64"));
  CHECK(chosen(layout) == Digest::of(layout.index_json()).text());
  const auto image = gathered(layout);
  CHECK(image.manifests.size() == 3);
  CHECK(image.root().bytes == layout.index_json());
  CHECK(image.root().is.media_type == media::oci_index);
}

TEST_CASE("documents that are no layout's index") {
  for (const auto* text :
       {"", "{", "[]", "{}", R"({"manifests":[]})", R"({"manifests":[1]})",
        R"({"manifests":[{"digest":"sha256:12","size":1}]})", R"({"manifests":[{"digest":"x","size":-1}]})"}) {
    INFO(text);
    CHECK_THAT(why([&] { static_cast<void>(choose_image(text, std::nullopt)); }), StartsWith("bad-input: "));
  }
}

TEST_CASE("all manifests below an index, each after what it names") {
  const auto layout = two_platforms();
  const auto image = gathered(layout);
  REQUIRE(image.manifests.size() == 3);
  CHECK(image.root().is.digest.text() == layout.images[0]["digest"]);
  CHECK(image.root().children.size() == 2);
  CHECK(image.root().blobs.empty());
  CHECK(image.manifests[0].blobs.size() == 3);
  for (const auto& manifest : image.manifests) CHECK(Digest::of(manifest.bytes) == manifest.is.digest);
  CHECK_FALSE(image.part_of);
  CHECK_FALSE(image.has_plain_layers());
}

TEST_CASE("some platforms of an index") {
  auto layout = two_platforms();
  const auto one = gathered(layout, {arm64});
  REQUIRE(one.manifests.size() == 1);
  CHECK(one.part_of->text() == layout.images[0]["digest"]);
  CHECK(one.root().is.media_type == media::oci_manifest);
  CHECK_FALSE(gathered(layout, {arm64, amd64}).part_of);

  Layout three;
  const auto amd = three.image({gzip("x")}, "amd64");
  auto about = three.image({gzip("{}")}, "unknown");
  about["platform"] = {{"architecture", "unknown"}, {"os", "unknown"}};
  about["annotations"]["vnd.docker.reference.digest"] = amd["digest"];
  three.holds(three.index({amd, three.image({gzip("y")}, "arm64"), three.image({gzip("z")}, "riscv64"), about}));
  const auto some = gathered(three, {Platform::parse("linux/riscv64"), amd64});
  REQUIRE(some.manifests.size() == 4);
  const auto index = nlohmann::json::parse(some.root().bytes);
  CHECK(index["manifests"].size() == 3);
  CHECK(index["manifests"][0]["digest"] == amd["digest"]);
  CHECK(index["manifests"][2]["digest"] == about["digest"]);
  CHECK(index["annotations"]["kept"] == "yes");
  CHECK(Digest::of(some.root().bytes) == some.root().is.digest);
  CHECK(gathered(three, {amd64}).manifests.size() == 1);

  CHECK(why([&] { static_cast<void>(gathered(three, {Platform::parse("linux/s390x")})); }) ==
        "not-found: the image is not for linux/s390x; it is for linux/amd64, linux/arm64, linux/riscv64");
}

TEST_CASE("a single image is of one platform") {
  Layout layout;
  layout.holds(layout.image({gzip("x")}));
  CHECK(gathered(layout, {amd64}).manifests.size() == 1);
  CHECK(why([&] { static_cast<void>(gathered(layout, {arm64})); }) ==
        "not-found: the image is not for linux/arm64; it is for linux/amd64");
}

TEST_CASE("damaged, lacking and unknown documents") {
  auto layout = two_platforms();
  const auto root = *Digest::parse(layout.images[0]["digest"].get<std::string>());
  auto flipped = layout;
  flipped.blobs.at(root)[10] = '#';
  CHECK_THAT(why([&] { static_cast<void>(gathered(flipped)); }), Contains("is damaged"));
  CHECK_THAT(why([&] { static_cast<void>(gathered(flipped, {amd64})); }), Contains("is damaged"));
  auto longer = layout;
  longer.blobs.at(root) += ' ';
  CHECK_THAT(why([&] { static_cast<void>(gathered(longer)); }), Contains("bytes"));
  auto lacking = layout;
  lacking.blobs.erase(root);
  CHECK_THAT(why([&] { static_cast<void>(gathered(lacking)); }), Contains("lacks"));

  for (const auto* text : {"", "[]", "{}", R"({"mediaType":"application/vnd.docker.distribution.manifest.v1+json"})",
                           R"({"mediaType":"application/vnd.oci.image.index.v1+json"})",
                           R"({"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]})",
                           R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]})",
                           R"({"mediaType":"application/vnd.oci.image.manifest.v1+json"})"}) {
    INFO(text);
    Layout odd;
    odd.holds(odd.add(text, ""));
    CHECK_THAT(why([&] { static_cast<void>(gathered(odd)); }), StartsWith("bad-input: "));
  }
}

TEST_CASE("indexes within indexes end somewhere") {
  Layout layout;
  auto node = layout.image({gzip("x")});
  for (int i = 0; i < 3; ++i) node = layout.index({node});
  Layout fine = layout;
  fine.holds(node);
  CHECK(gathered(fine).manifests.size() == 4);
  for (int i = 0; i < 3; ++i) node = layout.index({node});
  layout.holds(node);
  CHECK_THAT(why([&] { static_cast<void>(gathered(layout)); }), Contains("nested"));
}

TEST_CASE("layers that stay where they are, and layers that nobody compressed") {
  Layout layout;
  layout.holds(layout.image({"windows"}, "amd64", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
  CHECK(gathered(layout).root().blobs.size() == 1);
  Layout plain;
  plain.holds(plain.image({layer_tar("a", "1")}, "amd64", media::oci_layer_tar));
  CHECK(gathered(plain).has_plain_layers());
}

TEST_CASE("a manifest without a media type has the one of whoever names it") {
  Layout layout;
  const auto config = layout.add("{}", media::oci_config);
  const auto bytes = ordered_json{{"schemaVersion", 2}, {"config", config}, {"layers", ordered_json::array()}}.dump();
  layout.holds(layout.add(bytes, media::oci_manifest));
  CHECK(gathered(layout).root().is.media_type == media::oci_manifest);
}
