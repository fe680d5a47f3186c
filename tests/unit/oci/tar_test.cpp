// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "oci/tar.hpp"
#include "support/catch.hpp"
#include "support/tar.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;

namespace {

struct Got {
  TarEntry entry;
  std::string data;
  bool ended = false;
};

/// Feeds `bytes` in steps; throws what the reader throws.
std::vector<Got> read(std::string_view bytes, std::size_t step = 4096) {
  std::vector<Got> out;
  TarReader reader({.begin = [&](const TarEntry& entry) { out.push_back({entry, {}, false}); },
                    .data = [&](std::string_view data) { out.back().data += data; },
                    .end = [&] { out.back().ended = true; }});
  for (std::size_t i = 0; i < bytes.size(); i += step) reader.feed(bytes.substr(i, step));
  reader.finish();
  return out;
}

std::string why(std::string_view bytes) {
  try {
    static_cast<void>(read(bytes));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("files, in steps of any size") {
  const auto archive =
      tar_file("./a", "one") + tar_file("b/c", std::string(512, 'x')) + tar_file("empty", "") + tar_end();
  for (const std::size_t step : {1UL, 3UL, 511UL, 512UL, 513UL, 100000UL}) {
    const auto got = read(archive, step);
    REQUIRE(got.size() == 3);
    CHECK(got[0].entry.name == "a");
    CHECK(got[0].data == "one");
    CHECK(got[0].entry.offset == 512);
    CHECK(got[1].data == std::string(512, 'x'));
    CHECK(got[1].entry.offset == 1536);
    CHECK(got[2].entry.size == 0);
    CHECK(got[2].ended);
  }
}

TEST_CASE("long names: ustar's prefix, GNU's header, pax records") {
  const std::string name = std::string(120, 'n') + "/layer.tar";
  const std::string target = std::string(130, 't');
  const auto prefixed = tar_header("layer.tar", octal_size(0), '0', {}, "some/folder");
  CHECK(read(prefixed + tar_end()).at(0).entry.name == "some/folder/layer.tar");
  const auto gnu = tar_file("././@LongLink", name + '\0', 'L') + tar_file("short", "x") + tar_file("next", "y");
  const auto from_gnu = read(gnu + tar_end());
  CHECK(from_gnu.at(0).entry.name == name);
  CHECK(from_gnu.at(1).entry.name == "next");
  const auto gnu_link = tar_file("././@LongLink", target + '\0', 'K') + tar_link("l", "short", '2');
  CHECK(read(gnu_link + tar_end()).at(0).entry.link == target);
  const auto pax =
      tar_file("pax", pax_record("path", name) + pax_record("mtime", "1.5") + pax_record("linkpath", target), 'x') +
      tar_link("short", "x", '2') + tar_file("next", "");
  const auto from_pax = read(pax + tar_end());
  CHECK(from_pax.at(0).entry.name == name);
  CHECK(from_pax.at(0).entry.link == target);
  CHECK(from_pax.at(1).entry.name == "next");
  CHECK(read(tar_file("g", pax_record("comment", "x"), 'g') + tar_file("a", "") + tar_end()).size() == 1);
}

TEST_CASE("sizes beyond eleven octal digits") {
  // 2^33 in base 256, and by a pax record; the data itself is left out
  std::string field(12, '\0');
  field[0] = '\x80';
  field[7] = 2;
  for (const auto& archive : {tar_header("big", field, '0'), tar_file("pax", pax_record("size", "8589934592"), 'x') +
                                                                 tar_header("big", octal_size(0), '0')}) {
    std::uint64_t size = 0;
    bool ended = false;
    TarReader reader({.begin = [&](const TarEntry& entry) { size = entry.size; },
                      .data = [](std::string_view) {},
                      .end = [&] { ended = true; }});
    reader.feed(archive);
    CHECK(size == std::uint64_t{1} << 33U);
    CHECK(reader.ahead() == size);
    reader.skip();
    CHECK(ended);
    CHECK(reader.offset() == archive.size() + size);
    reader.feed(tar_end());
    CHECK(reader.complete());
  }
}

TEST_CASE("what lies ahead of an entry may be left out") {
  const auto archive = tar_file("a", std::string(1000, 'a')) + tar_file("b", "bb") + tar_end();
  std::vector<std::string> names;
  std::string data;
  TarReader reader({.begin = [&](const TarEntry& entry) { names.push_back(entry.name); },
                    .data = [&](std::string_view bytes) { data += bytes; },
                    .end = [] {}});
  reader.feed(std::string_view(archive).substr(0, 512));
  CHECK(reader.ahead() == 1024);
  reader.skip();
  CHECK(reader.ahead() == 0);
  reader.feed(std::string_view(archive).substr(reader.offset()));
  reader.finish();
  CHECK(names == std::vector<std::string>{"a", "b"});
  CHECK(data == "bb");
}

TEST_CASE("links and directories have no data, whatever their size says") {
  const auto archive = tar_header("hard", octal_size(700), '1', "a/layer.tar") + tar_link("soft", "../b", '2') +
                       tar_header("dir/", octal_size(10), '5') + tar_file("f", "x") + tar_end();
  const auto got = read(archive);
  REQUIRE(got.size() == 4);
  CHECK(got[0].entry.kind == TarEntry::Kind::hard_link);
  CHECK(got[0].entry.link == "a/layer.tar");
  CHECK(got[0].entry.size == 0);
  CHECK(got[1].entry.kind == TarEntry::Kind::symlink);
  CHECK(got[2].entry.kind == TarEntry::Kind::directory);
  CHECK(got[3].data == "x");
}

TEST_CASE("an archive that was cut, anywhere, is told from a whole one") {
  const auto archive = tar_file("a", std::string(700, 'a')) + tar_file("b", "b") + tar_end();
  CHECK(why(archive) == "taken");
  CHECK(why(archive + std::string(8192, '\0')) == "taken");  // tapes' padding
  for (std::size_t size = 1; size < archive.size(); size += 7) {
    INFO(size);
    CHECK_THAT(why(std::string_view(archive).substr(0, size)), Catch::Matchers::Contains("cut"));
  }
  CHECK_THAT(why(std::string_view(archive).substr(0, archive.size() - 512)), Catch::Matchers::Contains("cut"));
  CHECK_THAT(why(""), Catch::Matchers::Contains("empty"));
}

TEST_CASE("what is no tar archive, or damaged") {
  CHECK_THAT(why(std::string(1024, 'x')), Catch::Matchers::Contains("no tar archive"));
  auto damaged = tar_file("a", "x") + tar_file("b", "y") + tar_end();
  damaged[1024] = 'z';
  CHECK_THAT(why(damaged), Catch::Matchers::Contains("damaged at byte 1024"));
  CHECK_THAT(why(tar_header("a", "0000000008z", '0') + tar_end()), Catch::Matchers::Contains("no valid size"));
  CHECK_THAT(why(tar_header("a", octal_size(0), 'S') + tar_end()), Catch::Matchers::Contains("sparse"));
  CHECK_THAT(why(tar_file("p", pax_record("GNU.sparse.major", "1"), 'x') + tar_file("a", "") + tar_end()),
             Catch::Matchers::Contains("sparse"));
  CHECK_THAT(why(tar_file("p", "999 path=x\n", 'x') + tar_file("a", "") + tar_end()), Catch::Matchers::Contains("pax"));
  CHECK_THAT(why(tar_file("p", "nonsense", 'x') + tar_file("a", "") + tar_end()), Catch::Matchers::Contains("pax"));
  CHECK_THAT(why(tar_file("p", pax_record("size", "12x"), 'x') + tar_file("a", "") + tar_end()),
             Catch::Matchers::Contains("size"));
  CHECK_THAT(why(tar_header("n", octal_size(2U << 20U), 'L') + tar_end()), Catch::Matchers::Contains("1 MiB"));
}

TEST_CASE("a header is known by its checksum") {
  const auto block = tar_file("a", "x").substr(0, 512);
  CHECK(is_tar_header(block));
  CHECK_FALSE(is_tar_header(block.substr(0, 511)));
  CHECK_FALSE(is_tar_header(std::string(512, '\0')));
  auto other = block;
  other[0] = 'b';
  CHECK_FALSE(is_tar_header(other));
}
