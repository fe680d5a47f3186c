// SPDX-License-Identifier: Apache-2.0
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
  for (const auto& [text, id] : std::vector<std::pair<std::string, std::string>>{
           {"docker-daemon:", "bad-usage"}, {"oci:some/layout", "bad-usage"}, {"/", "bad-input"}}) {
    INFO(text);
    f.options.from = text;
    CHECK(f.why("") == id);
  }
}
