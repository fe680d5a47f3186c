// SPDX-License-Identifier: Apache-2.0
#include "context.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "support/catch.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

using namespace slipway;
using namespace slipway::pipeline_build;
namespace stdfs = std::filesystem;

namespace {

struct Tree {
  fs::TempDir dir{"context-test"};
  [[nodiscard]] stdfs::path path(const std::string& name) const { return dir.path() / name; }
  void write(const std::string& name, const std::string& content, unsigned mode = 0644) const {
    stdfs::create_directories(path(name).parent_path());
    std::ofstream(path(name)) << content;
    ::chmod(path(name).c_str(), mode);
  }
};

std::string drain(const http::Body& body, std::size_t piece = 1000) {
  std::string out;
  std::string buffer(piece, '\0');
  while (const auto got = body.read(buffer.data(), buffer.size())) out.append(buffer, 0, got);
  return out;
}

struct Packed {
  std::string content;
  mode_t mode = 0;
  std::time_t modified = 0;
  std::string target;
};

std::map<std::string, Packed> unpack(const std::string& tar) {
  std::map<std::string, Packed> out;
  auto* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  REQUIRE(archive_read_open_memory(reader, tar.data(), tar.size()) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    Packed packed;
    packed.mode = archive_entry_mode(entry);
    packed.modified = archive_entry_mtime(entry);
    if (const auto* target = archive_entry_symlink(entry)) packed.target = target;
    packed.content.resize(static_cast<std::size_t>(archive_entry_size(entry)));
    archive_read_data(reader, packed.content.data(), packed.content.size());
    out[archive_entry_pathname(entry)] = packed;
    CHECK(archive_entry_uid(entry) == 0);
  }
  archive_read_free(reader);
  return out;
}

}  // namespace

TEST_CASE("a tree becomes a tar that is the same for the same content") {
  const Tree tree;
  tree.write("b.txt", "two", 0600);
  tree.write("a/run.sh", "#!", 0700);
  tree.write(std::string(150, 'n') + "/ümlaut \xff", "x");
  tree.write("big", std::string(200'000, 'y'));
  stdfs::create_symlink("/etc/passwd", tree.path("link"));
  auto context = read_context(tree.dir.path(), {}, 1'000'000'000);
  CHECK(context.files() == 5);
  CHECK(context.bytes() == 3 + 2 + 1 + 200'000);
  CHECK(context.largest(1).at(0)->path == "big");
  add_dockerfile(context, "FROM scratch\n");
  const auto body = to_tar(context);
  const auto tar = drain(body);
  body.rewind();
  CHECK(drain(body, 7) == tar);
  CHECK(tar.size() % 512 == 0);

  auto files = unpack(tar);
  CHECK(files.at("b.txt").content == "two");
  CHECK((files.at("b.txt").mode & 07777U) == 0644);
  CHECK((files.at("a/run.sh").mode & 07777U) == 0755);
  CHECK(S_ISDIR(files.at("a/").mode));
  CHECK(files.at("b.txt").modified == 1'000'000'000);
  CHECK(files.at("link").target == "/etc/passwd");
  CHECK(files.at("big").content == std::string(200'000, 'y'));
  CHECK(files.at(std::string(dockerfile_name)).content == "FROM scratch\n");
  CHECK(files.at(".dockerignore").content == ".dockerignore\n" + std::string(dockerfile_name) + "\n");
  CHECK(files.contains(std::string(150, 'n') + "/ümlaut \xff"));

  auto again = read_context(tree.dir.path(), {}, 1'000'000'000);
  add_dockerfile(again, "FROM scratch\n");
  CHECK(drain(to_tar(again)) == tar);
}

TEST_CASE(".dockerignore is obeyed, sent with one more line and left alone on disk") {
  const Tree tree;
  tree.write(".dockerignore", "secret\nout\n!out/keep");
  tree.write("secret/key", "k");
  tree.write("out/x", "x");
  tree.write("out/keep", "y");
  tree.write("extra/z", "z");
  tree.write(std::string(dockerfile_name), "an old one");
  auto context = read_context(tree.dir.path(), {"extra"}, {});
  add_dockerfile(context, "FROM scratch");
  const auto files = unpack(drain(to_tar(context)));
  CHECK_FALSE(files.contains("secret/key"));
  CHECK_FALSE(files.contains("out/x"));
  CHECK_FALSE(files.contains("extra/z"));
  CHECK(files.contains("out/keep"));
  CHECK(files.at(std::string(dockerfile_name)).content == "FROM scratch");
  CHECK(files.at(".dockerignore").content == "secret\nout\n!out/keep\n" + std::string(dockerfile_name) + "\n");
  CHECK(fs::read_file(tree.path(".dockerignore")) == "secret\nout\n!out/keep");
}

TEST_CASE("what cannot be sent is said") {
  const Tree tree;
  ::mkfifo(tree.path("pipe").c_str(), 0600);
  CHECK(read_context(tree.dir.path(), {}, {}).left_out == std::vector<std::string>{"pipe"});
  CHECK_THROWS_AS(read_context(tree.path("none"), {}, {}), Error);
  tree.write("shrinks", std::string(1000, 'x'));
  auto context = read_context(tree.dir.path(), {}, {});
  tree.write("shrinks", "x");
  CHECK_THROWS_WITH(drain(to_tar(context)), Catch::Matchers::Contains("became shorter"));
}
