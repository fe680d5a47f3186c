// SPDX-License-Identifier: Apache-2.0
#include "copy.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "support/catch.hpp"
#include "unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace slipway;
using namespace slipway::pipeline_test;
namespace stdfs = std::filesystem;

namespace {

struct Member {
  std::string path;
  unsigned type = AE_IFREG;
  std::string content;  ///< or a link's target
  bool hard = false;
  unsigned mode = 0644;
};

struct Fixture {
  fs::TempDir dir{"unpack-test"};
  stdfs::path into = dir.path() / "into";

  Unpacked take(const std::vector<Member>& members, int strip = 0) const {
    const auto file = (dir.path() / "t.tar").string();
    auto* tar = archive_write_new();
    archive_write_set_format_pax_restricted(tar);
    archive_write_open_filename(tar, file.c_str());
    for (const auto& member : members) {
      auto* entry = archive_entry_new();
      archive_entry_set_pathname(entry, member.path.c_str());
      archive_entry_set_filetype(entry, member.type);
      archive_entry_set_perm(entry, static_cast<mode_t>(member.mode));
      if (member.hard) archive_entry_set_hardlink(entry, member.content.c_str());
      else if (member.type == AE_IFLNK) archive_entry_set_symlink(entry, member.content.c_str());
      else archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
      archive_write_header(tar, entry);
      if (!member.hard && member.type == AE_IFREG)
        archive_write_data(tar, member.content.data(), member.content.size());
      archive_entry_free(entry);
    }
    archive_write_free(tar);
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return unpack(fd.get(), into, strip);
  }
  [[nodiscard]] std::string text(const std::string& path) const { return fs::read_file(into / path); }
};

}  // namespace

TEST_CASE("files, directories and links come out") {
  const Fixture f;
  stdfs::create_directories(f.into);
  fs::write_file(f.into / "old", "old");
  const auto done = f.take({{"r", AE_IFDIR, ""},
                            {"r/a.xml", AE_IFREG, "<a/>", false, 04755},
                            {"r/deep/b", AE_IFREG, "b"},
                            {"r/l", AE_IFLNK, "deep/b"},
                            {"r/h", AE_IFREG, "r/a.xml", true},
                            {"old", AE_IFREG, "new"}});
  CHECK(done.files == 5);
  CHECK(done.refused.empty());
  CHECK(f.text("r/a.xml") == "<a/>");
  CHECK(f.text("r/l") == "b");
  CHECK(f.text("r/h") == "<a/>");
  CHECK(f.text("old") == "new");
  struct stat info{};
  ::stat((f.into / "r/a.xml").c_str(), &info);
  CHECK((info.st_mode & 07000U) == 0);
}

TEST_CASE("the contents of a directory lose its name") {
  const Fixture f;
  CHECK(f.take({{"reports/", AE_IFDIR, ""}, {"reports/x", AE_IFREG, "1"}}, 1).files == 1);
  CHECK(f.text("x") == "1");
}

TEST_CASE("nothing leaves the directory") {
  const Fixture f;
  const auto done = f.take({{"../evil", AE_IFREG, "x"},
                            {"/evil", AE_IFREG, "x"},
                            {"a/../../evil", AE_IFREG, "x"},
                            {"abs", AE_IFLNK, "/etc"},
                            {"up", AE_IFLNK, "../.."},
                            {"a/up", AE_IFLNK, "../../x"},
                            {"dev", AE_IFCHR, ""},
                            {"pipe", AE_IFIFO, ""},
                            {"hard", AE_IFREG, "../t.tar", true},
                            {"good", AE_IFREG, "y"}});
  CHECK(done.refused.size() == 9);
  CHECK(done.files == 1);
  CHECK_FALSE(stdfs::exists(f.dir.path() / "evil"));
  CHECK_FALSE(stdfs::exists("/evil"));
  CHECK_FALSE(stdfs::is_symlink(f.into / "abs"));
}

TEST_CASE("no file is written through a link") {
  const Fixture f;
  stdfs::create_directories(f.into);
  stdfs::create_directories(f.dir.path() / "outside");
  stdfs::create_directory_symlink(f.dir.path() / "outside", f.into / "d");
  CHECK_THROWS_AS(f.take({{"d/x", AE_IFREG, "x"}}), Error);
  CHECK(stdfs::is_empty(f.dir.path() / "outside"));
}

TEST_CASE("what is to be copied where") {
  const auto copies = parse_copies({"/out", "reports/:dest", "x:/abs"}, "/srv");
  REQUIRE(copies.size() == 3);
  CHECK(copies[0].source == "/out");
  CHECK(copies[0].into == ".");
  CHECK_FALSE(copies[0].contents);
  CHECK(copies[1].source == "/srv/reports/");
  CHECK(copies[1].contents);
  CHECK(copies[2].into == "/abs");
  CHECK_THROWS_AS(parse_copies({":x"}, ""), Error);
  CHECK_THROWS_AS(parse_copies({"x:"}, ""), Error);
}
