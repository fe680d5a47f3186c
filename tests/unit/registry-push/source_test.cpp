// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "source.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/tar.hpp"

using namespace slipway;
using registry_push::Options;

namespace {

struct Fixture {
  testing::RecordedRun recorded;
  cli::Common common;
  Options options;
  std::optional<std::string> docker_host;

  registry_push::Chosen choose(std::string_view stdin_bytes) {
    const testing::MemoryFile in_file(stdin_bytes);
    io::Input in(in_file.fd());
    io::Output out(-1);
    const cli::Context context{
        .in = in, .out = out, .run = recorded.run, .common = common, .env = [&](const std::string& name) {
          return name == "DOCKER_HOST" ? docker_host : std::nullopt;
        }};
    return choose_source(options, context);
  }
  std::string why(std::string_view stdin_bytes) {
    try {
      static_cast<void>(choose(stdin_bytes));
    } catch (const Error& error) {
      return std::string(error.failure().id);
    }
    return "taken";
  }
};

}  // namespace

TEST_CASE("stdin is an archive or an image line, told by its first bytes") {
  Fixture f;
  const auto archive = test::tar_file("manifest.json", std::string(5000, ' ')) + test::tar_end();
  const auto tar = std::get<oci::ArchiveStream>(f.choose(archive).source);
  CHECK(tar.seen == archive.substr(0, 512));
  CHECK(std::holds_alternative<oci::ArchiveStream>(f.choose("\x1f\x8b\x08 and more").source));
  CHECK(std::holds_alternative<oci::ArchiveStream>(f.choose("\x28\xb5\x2f\xfd and more").source));
  CHECK(std::get<oci::EngineImage>(f.choose("svc:1\n").source).name == "svc:1");
  CHECK(std::get<oci::EngineImage>(f.choose(std::string(600, '\n') + "svc:1\n").source).name == "svc:1");
  CHECK(std::get<oci::EngineImage>(f.choose(R"({"image":"svc:2"})").source).name == "svc:2");
  CHECK(f.why("") == "empty-input");
  CHECK(f.why("\n\n") == "empty-input");
  CHECK(f.why("not an image\n") == "bad-input");
}

TEST_CASE("the engine is the one of DOCKER_HOST") {
  Fixture f;
  f.docker_host = "unix:///run/other.sock";
  CHECK(std::get<oci::EngineImage>(f.choose("svc:1\n").source).where.unix_socket == "/run/other.sock");
  f.docker_host = "ssh://elsewhere";
  CHECK(f.why("svc:1\n") == "bad-setup");
}

TEST_CASE("--image names an image of the engine, and with --from one of the archive") {
  Fixture f;
  f.options.image = "svc:3";
  CHECK(std::get<oci::EngineImage>(f.choose("ignored").source).name == "svc:3");
  f.options.from = "-";
  const auto chosen = f.choose(test::tar_file("a", "b") + test::tar_end());
  CHECK(std::holds_alternative<oci::ArchiveStream>(chosen.source));
  CHECK(chosen.image == "svc:3");
  f.options.from = "saved.tar";
  CHECK(f.choose("").image == "svc:3");
}

TEST_CASE("--from") {
  Fixture f;
  const auto from = [&](const std::string& text) {
    f.options.from = text;
    return f.choose("").source;
  };
  CHECK(std::get<oci::EngineImage>(from("docker-daemon:svc:1")).name == "svc:1");
  CHECK(std::get<oci::ArchiveFile>(from("docker-archive:a.tar")).path == "a.tar");
  CHECK(std::get<oci::ArchiveFile>(from("a.tar")).path == "a.tar");
  CHECK(std::get<oci::ArchiveFile>(from("./12:30/a.tar")).path == "./12:30/a.tar");
  using As = oci::ArchiveFile::As;
  CHECK(std::get<oci::ArchiveFile>(from("a.tar")).as == As::any);
  CHECK(std::get<oci::ArchiveFile>(from("docker-archive:a.tar")).as == As::docker);
  CHECK(std::get<oci::ArchiveFile>(from("oci-archive:a.tar")).as == As::layout);
  CHECK(std::get<oci::LayoutFolder>(from("/")).path == "/");
  for (const auto& [text, id] : std::vector<std::pair<std::string, std::string>>{{"docker-daemon:", "bad-usage"},
                                                                                 {"oci:", "bad-usage"},
                                                                                 {"ico:layout", "bad-usage"},
                                                                                 {"docker-archive:/", "bad-input"}}) {
    INFO(text);
    f.options.from = text;
    CHECK(f.why("") == id);
  }
}

TEST_CASE("oci:PATH:NAME, where both may hold colons") {
  const fs::TempDir folder("source");
  const auto odd = folder.path() / "a:1";
  std::filesystem::create_directory(odd);
  Fixture f;
  const auto chosen = [&](const std::string& text) {
    f.options.from = text;
    return f.choose("");
  };
  const auto whole = chosen("oci:" + odd.native());
  CHECK(std::get<oci::LayoutFolder>(whole.source).path == odd);
  CHECK_FALSE(whole.image);
  const auto named = chosen("oci:" + odd.native() + ":host:5000/svc:1");
  CHECK(std::get<oci::LayoutFolder>(named.source).path == odd);
  CHECK(named.image == "host:5000/svc:1");
  f.options.image = "svc:2";
  CHECK(chosen("oci:" + odd.native()).image == "svc:2");
}
