// SPDX-License-Identifier: Apache-2.0
// How layers are packed, and that it never depends on the machine's mood; what --force-blobs and --verify ask.
#include "oci/push.hpp"
#include "support/layout.hpp"
#include "support/push_run.hpp"
#include "support/unpacked.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using Catch::Matchers::Contains;
using slipway::testing::unpacked;

namespace {

/// Of several blocks, and larger than the window of the memory that Push gives.
std::string mixed(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 12345;
  for (auto& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 28U);
  }
  return out;
}

const SavedImage& several_blocks() {
  static const SavedImage image{.layers = {layer_tar("a", "one"), layer_tar("b", mixed((9U << 20U) + 777))}};
  return image;
}

nlohmann::json stored(FakeRegistry& registry, const std::string& repository) {
  return nlohmann::json::parse(registry.manifests[repository]["1"]);
}

}  // namespace

TEST_CASE("golden digests: one image, whatever the threads, by pipe and by file") {
  // These name images in registries: a change here makes every image everywhere be another.
  const std::map<Profile, std::string> golden{
      {Profile::fast, "sha256:686c5d353bf3a31f0d473f9bbb43f254ef60a9e665138b19fb8add20b09d65e2"},
      {Profile::portable, "sha256:c33390f8e08fb5d46e3bc4bfe2140301fffd3973863cc49c475c3306ee60981a"},
      {Profile::small, "sha256:8c2899966b0b20871647ef55af9eb747fda85d2e7ab5731f71e9d80f57411384"},
      {Profile::zstd, "sha256:867ef9150c48fb8f87f4a9de7496851ffc5986eed4cb97271da4a3531dd32b4e"},
      {Profile::none, "sha256:4cd990e61db823c55f8d8ec3250132fdbf3538a8fcaf666716ccd0b5a26687e1"},
  };
  for (const auto& [profile, digest] : golden) {
    if (profile == Profile::fast && best_profile() != Profile::fast) continue;
    for (const int threads : {1, 2, 8}) {
      INFO(name_of(profile) << ", " << threads << " threads");
      FakeRegistry registry;
      Push p;
      p.options.threads = threads;
      p.options.compression = profile;
      CHECK(p.file(several_blocks().archive(), {registry.host() + "/file:1"}).digest.text() == digest);
      CHECK(p.stream(several_blocks().archive(), {registry.host() + "/pipe:1"}).digest.text() == digest);
      const auto layer = stored(registry, "pipe")["layers"][1];
      CHECK(registry.blobs["pipe"].at(layer["digest"]) == packed(several_blocks().layers[1], profile));
      CHECK(unpacked(registry.blobs["pipe"].at(layer["digest"])) == several_blocks().layers[1]);
      CHECK(registry.wrong.empty());
    }
  }
}

TEST_CASE("the types of a manifest say what its layers are, and agree") {
  const auto types = [](Profile profile) {
    FakeRegistry registry;
    Push p;
    p.options.compression = profile;
    static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"}));
    const auto manifest = stored(registry, "a");
    return std::vector<std::string>{manifest["mediaType"], manifest["config"]["mediaType"],
                                    manifest["layers"][0]["mediaType"]};
  };
  using Types = std::vector<std::string>;
  const Types docker{std::string(media::docker_manifest), std::string(media::docker_config),
                     std::string(media::docker_layer)};
  CHECK(types(Profile::fast) == docker);
  CHECK(types(Profile::small) == docker);
  CHECK(types(Profile::zstd) ==
        Types{std::string(media::oci_manifest), std::string(media::oci_config), std::string(media::oci_layer_zstd)});
  CHECK(types(Profile::none) == Types{docker[0], docker[1], std::string(media::docker_layer_tar)});
}

TEST_CASE("layers that come packed stay so, unless a packing is asked for") {
  const auto archive_with = [](const std::string& first) {
    return tar_file(SavedImage::layer_name(0), first) + tar_file(SavedImage::layer_name(1), small.layers[1]) +
           tar_file(small.config_name(), small.config()) +
           tar_file("manifest.json", nlohmann::json::array({small.manifest_entry()}).dump()) + tar_end();
  };
  for (const auto came : {Profile::portable, Profile::zstd}) {
    const auto archive = archive_with(packed(small.layers[0], came));
    for (const auto wanted : {Profile::fast, Profile::zstd, Profile::none}) {
      INFO(name_of(came) << " as " << name_of(wanted));
      const bool keeps = packing_of(came) == packing_of(wanted);
      const auto expected = packed(small.layers[0], keeps ? came : wanted);
      for (const bool pipe : {true, false}) {
        FakeRegistry registry;
        Push p;
        p.options.compression = wanted;
        const std::vector to{registry.host() + "/a:1"};
        const auto pushed = pipe ? p.stream(archive, to) : p.file(archive, to);
        CHECK(registry.blobs["a"].at(pushed.layers[0].digest.text()) == expected);
        CHECK(registry.wrong.empty());
      }
    }
    FakeRegistry registry;
    Push p;
    const auto pushed = p.file(archive, {registry.host() + "/a:1"});
    CHECK(registry.blobs["a"].at(pushed.layers[0].digest.text()) == packed(small.layers[0], came));
  }
}

TEST_CASE("a large layer that is packed anew goes through, too") {
  SavedImage image = several_blocks();
  const auto archive = tar_file(SavedImage::layer_name(0), image.layers[0]) +
                       tar_file(SavedImage::layer_name(1), packed(image.layers[1], Profile::portable)) +
                       tar_file(image.config_name(), image.config()) +
                       tar_file("manifest.json", nlohmann::json::array({image.manifest_entry()}).dump()) + tar_end();
  FakeRegistry registry;
  Push p;
  p.options.compression = Profile::zstd;
  const auto pushed = p.file(archive, {registry.host() + "/a:1"});
  CHECK(registry.blobs["a"].at(pushed.layers[1].digest.text()) == packed(image.layers[1], Profile::zstd));
}

TEST_CASE("layers of the earlier image are taken over only in the packing that is wanted") {
  FakeRegistry registry;
  Push p;
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"}));
  p.options.compression = Profile::zstd;
  CHECK(p.file(small.archive(), {registry.host() + "/a:1"}).layers[0].state == PushedLayer::State::uploaded);
  CHECK(p.file(small.archive(), {registry.host() + "/a:1"}).layers[0].state == PushedLayer::State::reused);
  p.options.compression = std::nullopt;
  CHECK(p.file(small.archive(), {registry.host() + "/a:1"}).media_type == media::docker_manifest);
}

TEST_CASE("a finished image is not packed anew") {
  FakeRegistry registry;
  Push p;
  p.options.compression = Profile::zstd;
  CHECK(p.failing([&] { static_cast<void>(p.file(two_platforms().tar(), {registry.host() + "/a:1"})); }).code() ==
        ExitCode::usage);
}

TEST_CASE("blobs that a registry only says it has are sent when that is asked for") {
  FakeRegistry registry([](const Seen& seen) -> std::optional<Answer> {
    if (!is(seen, "HEAD", "/blobs/")) return std::nullopt;
    return Answer{.status = 200};  // its cache remembers what its storage has lost
  });
  Push p;
  p.options.reuse = false;
  p.options.force_blobs = true;
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"}));
  static_cast<void>(p.stream(large.archive(), {registry.host() + "/large:1"}));
  static_cast<void>(p.stream(two_platforms().tar(), {registry.host() + "/both:1"}));
  CHECK(registry.blobs["a"].size() == 3);
  CHECK(registry.blobs["large"].size() == 3);
  CHECK(registry.blobs["both"].size() == 5);
  CHECK(registry.count("POST", "mount=") == 0);
  CHECK(registry.wrong.empty());
}

TEST_CASE("what is asked after the tag is written") {
  using Verify = PushOptions::Verify;
  const auto asked = [](Verify verify, const std::string& archive) {
    FakeRegistry registry;
    Push p;
    p.options.verify = verify;
    static_cast<void>(p.file(archive, {registry.host() + "/a:1"}));
    std::size_t after = 0;
    bool written = false;
    for (const auto& s : registry.seen()) {
      if (written) ++after;
      written = written || (s.method == "PUT" && s.target.ends_with("/manifests/1"));
    }
    return after;
  };
  CHECK(asked(Verify::none, small.archive()) == 0);
  CHECK(asked(Verify::head, small.archive()) == 1);
  CHECK(asked(Verify::full, small.archive()) == 1 + 1 + 3);
  CHECK(asked(Verify::full, two_platforms().tar()) == 1 + 1 + 3 + 6);
}

TEST_CASE("--verify full finds a blob that was lost, and a manifest that is another") {
  for (const bool finished : {false, true}) {
    FakeRegistry* self = nullptr;
    bool lost = false;
    FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
      if (is(seen, "GET", "/manifests/1") && lost) self->blobs["a"].erase(self->blobs["a"].begin());
      lost = lost || is(seen, "PUT", "/manifests/1");
      return std::nullopt;
    });
    self = &registry;
    Push p;
    p.options.verify = PushOptions::Verify::full;
    const auto archive = finished ? two_platforms().tar() : small.archive();
    const auto error = p.failing([&] { static_cast<void>(p.file(archive, {registry.host() + "/a:1"})); });
    CHECK(error.code() == ExitCode::protocol);
    CHECK_THAT(error.hint(), Contains("--force-blobs"));
  }
}

TEST_CASE("--verify full takes no layer over that it has not looked into") {
  FakeRegistry registry;
  Push p;
  p.options.verify = PushOptions::Verify::full;
  static_cast<void>(p.file(large.archive(), {registry.host() + "/a:1"}));
  SavedImage other = large;
  other.note = "other";
  CHECK(p.file(other.archive(), {registry.host() + "/a:1"}).layers[1].state == PushedLayer::State::reused);
  // Somebody pairs the second layer's diff id with another blob.
  auto manifest = stored(registry, "a");
  const auto foreign = gzip(layer_tar("b", "something else"));
  manifest["layers"][1]["digest"] = Digest::of(foreign).text();
  manifest["layers"][1]["size"] = foreign.size();
  registry.blobs["a"][Digest::of(foreign).text()] = foreign;
  const auto bytes = manifest.dump();
  registry.manifests["a"]["1"] = registry.manifests["a"][Digest::of(bytes).text()] = bytes;
  registry.types[Digest::of(bytes).text()] = media::docker_manifest;
  const auto pushed = p.file(large.archive(), {registry.host() + "/a:1"});
  CHECK(pushed.layers[1].digest == Digest::of(gzip(large.layers[1])));
  CHECK_THAT(p.recorded.text(), Contains("is not reused"));
}
