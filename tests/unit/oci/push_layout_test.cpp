// SPDX-License-Identifier: Apache-2.0
// Finished images, pushed whole: byte for byte, whichever way they come, and never when they are damaged.
#include "oci/layout.hpp"
#include "support/layout.hpp"
#include "support/push_run.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using Catch::Matchers::Contains;

namespace {

/// A layout on a disk, as a folder and in a tar.
struct OnDisk {
  explicit OnDisk(const Layout& layout) {
    layout.write(folder());
    fs::write_file(tar(), layout.tar());
  }
  [[nodiscard]] std::filesystem::path folder() const { return dir.path() / "layout"; }
  [[nodiscard]] std::filesystem::path tar() const { return dir.path() / "layout.tar"; }
  fs::TempDir dir{"layout"};
};

std::string root_of(const Layout& layout) { return layout.images[0]["digest"]; }

/// Everything below the tag is there, with the bytes of the layout.
void check_stored(FakeRegistry& registry, const std::string& repository, const Layout& layout) {
  CHECK(Digest::of(registry.manifests[repository]["1"]).text() == root_of(layout));
  for (const auto& [digest, bytes] : layout.blobs) {
    const auto& manifests = registry.manifests[repository];
    const auto& blobs = registry.blobs[repository];
    const bool there = manifests.contains(digest.text())
                           ? manifests.at(digest.text()) == bytes
                           : blobs.contains(digest.text()) && blobs.at(digest.text()) == bytes;
    INFO(digest.text());
    CHECK(there);
  }
  CHECK(registry.wrong.empty());
  CHECK(registry.sessions.empty());
}

/// Larger than the window of the memory that Push gives, and packed.
Layout large_layout() {
  Layout layout;
  layout.holds(layout.image({gzip(layer_tar("a", "one")), gzip(layer_tar("big", noise(5U << 20U)))}), "svc:1");
  return layout;
}

}  // namespace

TEST_CASE("a layout is the same image from a folder, a file, a pipe, packed or not") {
  const auto layout = two_platforms();
  const OnDisk disk(layout);
  FakeRegistry registry;
  Push p;
  const auto h = registry.host();
  const auto pushed = p.go(LayoutFolder{disk.folder()}, {h + "/folder:1"});
  check_stored(registry, "folder", layout);
  CHECK(pushed.digest.text() == root_of(layout));
  CHECK(pushed.media_type == media::oci_index);
  CHECK_FALSE(pushed.config);
  CHECK(pushed.manifests.size() == 2);
  CHECK(pushed.layers.size() == 3);  // one of them twice
  CHECK(registry.count("PUT", "/blobs/") == 5);
  CHECK(p.go(ArchiveFile{disk.tar()}, {h + "/file:1"}).digest == pushed.digest);
  CHECK(p.stream(layout.tar(), {h + "/pipe:1"}).digest == pushed.digest);
  CHECK(p.stream(gzip(layout.tar()), {h + "/packed:1"}).digest == pushed.digest);
  CHECK(p.file(gzip(layout.tar()), {h + "/packed-file:1"}).digest == pushed.digest);
  for (const auto* repository : {"file", "pipe", "packed", "packed-file"}) check_stored(registry, repository, layout);
}

TEST_CASE("children go by their digest, and each tag is written once, last") {
  const auto layout = two_platforms();
  FakeRegistry registry;
  Push p;
  static_cast<void>(p.file(layout.tar(), {registry.host() + "/a:1", registry.host() + "/a:latest"}));
  CHECK(registry.count("PUT", "/manifests/") == 4);
  std::vector<std::string> order;
  for (const auto& s : registry.seen())
    if (s.method == "PUT" && s.target.find("/manifests/") != std::string::npos)
      order.push_back(s.target.substr(s.target.rfind('/') + 1));
  CHECK(order[0].starts_with("sha256:"));
  CHECK(order[1].starts_with("sha256:"));
  CHECK(std::set(order.begin() + 2, order.end()) == std::set<std::string>{"1", "latest"});
  CHECK(registry.wrong.empty());
}

TEST_CASE("a finished image that stands is one question; under a new tag two and a PUT") {
  const auto layout = large_layout();
  const OnDisk disk(layout);
  FakeRegistry registry;
  Push p;
  static_cast<void>(p.go(LayoutFolder{disk.folder()}, {registry.host() + "/a:1"}));
  check_stored(registry, "a", layout);
  const auto asked = [&](const std::string& to) {
    const auto before = registry.seen().size();
    const auto pushed = p.go(LayoutFolder{disk.folder()}, {registry.host() + to});
    CHECK(pushed.uploaded_bytes == 0);
    CHECK(pushed.reused_bytes > 0);
    CHECK(pushed.layers.at(0).state == PushedLayer::State::reused);
    return registry.seen().size() - before;
  };
  CHECK(asked("/a:1") == 1);
  CHECK(asked("/a:2") == 4);
  CHECK(registry.manifests["a"]["2"] == registry.manifests["a"]["1"]);
}

TEST_CASE("one platform that has changed is all that is sent of an index") {
  auto layout = two_platforms();
  FakeRegistry registry;
  Push p;
  static_cast<void>(p.file(layout.tar(), {registry.host() + "/a:1"}));
  const auto index = nlohmann::ordered_json::parse(layout.bytes(root_of(layout)));
  const auto arm = layout.image({gzip(layer_tar("b", "arm64, later"))}, "arm64");
  layout.images.clear();
  layout.holds(layout.index({index["manifests"][0], arm}));
  const auto puts = registry.count("PUT", "/blobs/");
  const auto pushed = p.file(layout.tar(), {registry.host() + "/a:1"});
  CHECK(registry.count("PUT", "/blobs/") == puts + 1);  // the configuration of arm64 is what it was
  CHECK(pushed.digest.text() == root_of(layout));
  CHECK(registry.wrong.empty());
}

TEST_CASE("--platform") {
  const auto layout = two_platforms();
  FakeRegistry registry;
  Push p;
  p.options.platforms = {Platform::parse("linux/arm64")};
  const auto pushed = p.stream(layout.tar(), {registry.host() + "/a:1"});
  const auto index = nlohmann::json::parse(layout.bytes(root_of(layout)));
  CHECK(pushed.digest.text() == index["manifests"][1]["digest"]);
  CHECK(registry.manifests["a"].size() == 2);
  CHECK_THAT(p.recorded.text(), Contains("is a part of"));
}

TEST_CASE("a docker archive has one platform") {
  FakeRegistry registry;
  Push p;
  p.options.platforms = {Platform::parse("linux/arm64")};
  CHECK(p.failing([&] { static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"})); }).code() ==
        ExitCode::no_input);
  CHECK(registry.manifests["a"].empty());
}

TEST_CASE("a finished layer beyond the window goes through a pipe, and is not sent where it is") {
  const auto layout = large_layout();
  FakeRegistry registry;
  Push p;
  static_cast<void>(p.stream(layout.tar(), {registry.host() + "/a:1"}));
  CHECK(registry.count("PATCH") == 1);
  check_stored(registry, "a", layout);
  auto other = layout;
  other.images.clear();
  const auto big = gzip(layer_tar("big", noise(5U << 20U)));
  other.holds(other.image({gzip(layer_tar("a", "changed")), big}));
  static_cast<void>(p.stream(other.tar(), {registry.host() + "/a:1"}));
  CHECK(registry.count("PATCH") == 1);
  CHECK(Digest::of(registry.manifests["a"]["1"]).text() == root_of(other));
  CHECK(registry.wrong.empty());
}

TEST_CASE("layers of any kind in a layout: zstd, not packed, no tar at all") {
  for (const auto& layer : {std::string("\x28\xb5\x2f\xfd whatever"), noise(300000), std::string("{\"sbom\": true}"),
                            std::string(), layer_tar("a", "plain")}) {
    Layout layout;
    layout.holds(layout.image({layer}, "amd64", "application/vnd.example.thing"));
    FakeRegistry registry;
    Push p;
    static_cast<void>(p.file(layout.tar(), {registry.host() + "/file:1"}));
    check_stored(registry, "file", layout);
    if (is_tar_header(std::string_view(layer).substr(0, 512))) {
      const auto error = p.failing([&] { static_cast<void>(p.stream(layout.tar(), {registry.host() + "/pipe:1"})); });
      CHECK(error.code() == ExitCode::data);
      CHECK_THAT(error.hint(), Contains("--from"));
      CHECK(registry.manifests["pipe"].empty());
    } else {
      static_cast<void>(p.stream(layout.tar(), {registry.host() + "/pipe:1"}));
      check_stored(registry, "pipe", layout);
    }
  }
}

TEST_CASE("a layout that was cut anywhere moves no tag") {
  const auto layout = large_layout();
  const auto archive = layout.tar();
  FakeRegistry registry;
  Push p;
  std::vector<std::size_t> places{1, 511, 512, 513, archive.size() - 1025, archive.size() - 1024, archive.size() - 513};
  for (std::size_t at = 100000; at < archive.size(); at += archive.size() / 7) places.push_back(at);
  for (const auto at : places) {
    INFO(at);
    for (const bool pipe : {true, false}) {
      const auto cut = archive.substr(0, at);
      const auto to = std::vector{registry.host() + "/a:1"};
      const auto error = p.failing([&] { static_cast<void>(pipe ? p.stream(cut, to) : p.file(cut, to)); });
      CHECK(error.code() == ExitCode::data);
    }
  }
  CHECK(registry.manifests["a"].empty());
  CHECK(registry.count("PUT", "/manifests/") == 0);
  CHECK(registry.sessions.empty());
}

TEST_CASE("a flipped bit anywhere in a layout moves no tag, whichever way it comes") {
  const auto layout = two_platforms();
  for (const auto& [digest, bytes] : layout.blobs) {
    INFO(digest.text());
    auto damaged = layout;
    auto& flipped = damaged.blobs.at(digest);
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 4);
    const OnDisk disk(damaged);
    FakeRegistry registry;
    const std::vector to{registry.host() + "/a:1"};
    for (const int way : {0, 1, 2}) {
      Push p;
      const auto error = p.failing([&] {
        static_cast<void>(way == 0   ? p.go(LayoutFolder{disk.folder()}, to)
                          : way == 1 ? p.go(ArchiveFile{disk.tar()}, to)
                                     : p.stream(damaged.tar(), to));
      });
      CHECK(error.code() == ExitCode::data);
    }
    CHECK_FALSE(registry.manifests["a"].contains("1"));
    CHECK(registry.sessions.empty());
  }
}

TEST_CASE("a layout that lacks a blob is told before the first byte is sent") {
  const auto layout = two_platforms();
  for (const auto& [digest, bytes] : layout.blobs) {
    INFO(digest.text());
    auto lacking = layout;
    lacking.blobs.erase(digest);
    const OnDisk disk(lacking);
    FakeRegistry registry;
    Push p;
    for (const bool folder : {true, false}) {
      const auto error = p.failing([&] {
        if (folder) static_cast<void>(p.go(LayoutFolder{disk.folder()}, {registry.host() + "/a:1"}));
        else static_cast<void>(p.go(ArchiveFile{disk.tar()}, {registry.host() + "/a:1"}));
      });
      CHECK(error.code() == ExitCode::data);
      CHECK_THAT(error.message(), Contains("lacks"));
    }
    CHECK(registry.count("POST") == 0);
    const auto error = p.failing([&] { static_cast<void>(p.stream(lacking.tar(), {registry.host() + "/a:1"})); });
    CHECK(error.code() == ExitCode::data);
    CHECK(registry.manifests["a"].empty());
  }
}

TEST_CASE("an archive that is both: the real manifests, unless nobody has compressed below them") {
  Layout packed;
  packed.holds(packed.image({gzip(small.layers[0]), gzip(small.layers[1])}));
  const auto blob = [](const std::string& content) { return Layout::name_of(Digest::of(content)); };
  const auto manifest_json = [&](const std::string& one, const std::string& two) {
    return tar_file(
        "manifest.json",
        nlohmann::json::array({{{"Config", blob(small.config())}, {"Layers", {blob(one), blob(two)}}}}).dump());
  };
  FakeRegistry registry;
  Push p;
  for (const bool pipe : {true, false}) {
    const auto archive = packed.tar(tar_file(blob(small.config()), small.config()) +
                                    manifest_json(gzip(small.layers[0]), gzip(small.layers[1])));
    const std::vector to{registry.host() + (pipe ? "/pipe:1" : "/file:1")};
    CHECK((pipe ? p.stream(archive, to) : p.file(archive, to)).digest.text() == root_of(packed));
  }
  Layout plain;  // docker 25 and later
  plain.holds(plain.image({small.layers[0], small.layers[1]}, "amd64", media::oci_layer_tar));
  const auto archive =
      plain.tar(tar_file(blob(small.config()), small.config()) + manifest_json(small.layers[0], small.layers[1]));
  const auto usual = p.file(small.archive(), {registry.host() + "/usual:1"});
  CHECK(p.stream(archive, {registry.host() + "/pipe:2"}).digest == usual.digest);
  CHECK(p.file(archive, {registry.host() + "/file:2"}).digest == usual.digest);
  // Who says which one gets it.
  const fs::TempDir dir("both");
  fs::write_file(dir.path() / "both.tar", archive);
  CHECK(
      p.go(ArchiveFile{dir.path() / "both.tar", ArchiveFile::As::layout}, {registry.host() + "/oci:1"}).digest.text() ==
      root_of(plain));
  CHECK(p.go(ArchiveFile{dir.path() / "both.tar", ArchiveFile::As::docker}, {registry.host() + "/docker:1"}).digest ==
        usual.digest);
  fs::write_file(dir.path() / "docker.tar", small.archive());
  CHECK(p.failing([&] {
           static_cast<void>(
               p.go(ArchiveFile{dir.path() / "docker.tar", ArchiveFile::As::layout}, {registry.host() + "/x:1"}));
         }).code() == ExitCode::data);
}

TEST_CASE("zstd layers of a docker archive make the manifest an OCI one") {
  FakeRegistry registry;
  Push p;
  const auto& raw = small.layers[0];
  // A frame with a 4-byte content size and one raw, last block. RFC 8878, 3.1.1.
  std::string zstd("\x28\xb5\x2f\xfd\xa0", 5);
  for (int shift = 0; shift < 32; shift += 8) zstd += static_cast<char>((raw.size() >> shift) & 0xff);
  const auto block = (raw.size() << 3U) | 1U;
  for (int shift = 0; shift < 24; shift += 8) zstd += static_cast<char>((block >> shift) & 0xff);
  zstd += raw;
  const auto archive = tar_file(SavedImage::layer_name(0), zstd) +
                       tar_file(SavedImage::layer_name(1), small.layers[1]) +
                       tar_file(small.config_name(), small.config()) +
                       tar_file("manifest.json", nlohmann::json::array({small.manifest_entry()}).dump()) + tar_end();
  for (const bool pipe : {true, false}) {
    const std::vector to{registry.host() + (pipe ? "/pipe:1" : "/file:1")};
    const auto pushed = pipe ? p.stream(archive, to) : p.file(archive, to);
    CHECK(pushed.media_type == media::oci_manifest);
    const auto manifest = nlohmann::json::parse(registry.manifests[pipe ? "pipe" : "file"]["1"]);
    CHECK(manifest["layers"][0]["mediaType"] == media::oci_layer_zstd);
    CHECK(manifest["layers"][0]["digest"] == Digest::of(zstd).text());
    CHECK(manifest["layers"][1]["mediaType"] == media::oci_layer);
    CHECK(manifest["config"]["mediaType"] == media::oci_config);
  }
  CHECK(registry.wrong.empty());
}

TEST_CASE("a folder of skopeo's dir: kind") {
  const auto layout = two_platforms();
  const fs::TempDir dir("dir");
  fs::write_file(dir.path() / "version", "Directory Transport Version: 1.1\n");
  fs::write_file(dir.path() / "manifest.json", layout.bytes(root_of(layout)));
  const auto index = nlohmann::json::parse(layout.bytes(root_of(layout)));
  for (const auto& [digest, bytes] : layout.blobs) {
    const bool child =
        digest.text() == index["manifests"][0]["digest"] || digest.text() == index["manifests"][1]["digest"];
    fs::write_file(dir.path() / (std::string(digest.hex()) + (child ? ".manifest.json" : "")), bytes);
  }
  FakeRegistry registry;
  Push p;
  CHECK(p.go(LayoutFolder{dir.path()}, {registry.host() + "/a:1"}).digest.text() == root_of(layout));
  check_stored(registry, "a", layout);
  const fs::TempDir empty("empty");
  CHECK(p.failing([&] { static_cast<void>(p.go(LayoutFolder{empty.path()}, {registry.host() + "/b:1"})); }).code() ==
        ExitCode::data);
}

TEST_CASE("what was pushed into one repository is mounted into the next") {
  const auto layout = two_platforms();
  const fs::TempDir cache("cache");
  FakeRegistry registry;
  Push p;
  p.access.env = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "XDG_CACHE_HOME") return cache.path().native();
    return std::nullopt;
  };
  static_cast<void>(p.file(layout.tar(), {registry.host() + "/a:1"}));
  const auto puts = registry.count("PUT", "/blobs/");
  const auto pushed = p.file(layout.tar(), {registry.host() + "/b:1"});
  CHECK(registry.count("PUT", "/blobs/") == puts);
  CHECK(pushed.layers.at(0).state == PushedLayer::State::mounted);
  check_stored(registry, "b", layout);
}

TEST_CASE("a digest that is asked for, and conditions, hold for finished images, too") {
  const auto layout = two_platforms();
  FakeRegistry registry;
  Push p;
  const auto other = Digest::of("other").text();
  CHECK(p.failing([&] { static_cast<void>(p.file(layout.tar(), {registry.host() + "/a:1@" + other})); }).code() ==
        ExitCode::data);
  CHECK(registry.count("POST") == 0);
  CHECK(p.file(layout.tar(), {registry.host() + "/a@" + root_of(layout)}).digest.text() == root_of(layout));
  CHECK(registry.manifests["a"].size() == 3);
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"}));
  p.options.if_absent = true;
  CHECK(p.failing([&] { static_cast<void>(p.file(layout.tar(), {registry.host() + "/a:1"})); }).failure().id ==
        failure::tag_exists.id);
  CHECK(p.file(layout.tar(), {registry.host() + "/a:2"}).digest.text() == root_of(layout));
  CHECK(p.file(layout.tar(), {registry.host() + "/a:2"}).digest.text() == root_of(layout));
}

TEST_CASE("a dry run of a finished image writes nothing") {
  const auto layout = two_platforms();
  FakeRegistry registry;
  Push p;
  p.options.dry_run = true;
  CHECK(p.file(layout.tar(), {registry.host() + "/a:1"}).digest.text() == root_of(layout));
  CHECK(p.stream(layout.tar(), {registry.host() + "/a:1"}).digest.text() == root_of(layout));
  CHECK(registry.count("POST") + registry.count("PUT") + registry.count("PATCH") == 0);
}
