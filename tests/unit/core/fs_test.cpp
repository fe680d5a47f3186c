// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/fs.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

using namespace slipway;

namespace {

std::string_view id_of(const auto& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.failure().id;
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("a file is written whole, with its mode, and read back", "[fs]") {
  const fs::TempDir dir("slipway-test");
  const auto file = dir.path() / "secret";
  fs::write_file(file, "one", 0600);
  fs::write_file(file, "two", 0600);
  CHECK(fs::read_file(file) == "two");
  struct stat info{};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("what goes wrong with a file has its own id", "[fs]") {
  const fs::TempDir dir("slipway-test");
  CHECK(id_of([&] { static_cast<void>(fs::read_file(dir.path() / "absent")); }) == failure::not_found.id);
  CHECK(id_of([&] { static_cast<void>(fs::read_file(dir.path())); }) == failure::read_failed.id);
  CHECK(id_of([&] { fs::write_file(dir.path() / "no" / "such", ""); }) == failure::cannot_create.id);
  fs::write_file(dir.path() / "long", "12345");
  CHECK(id_of([&] { static_cast<void>(fs::read_file(dir.path() / "long", 4)); }) == failure::bad_input.id);
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.open());
  CHECK(id_of([&] { fs::write_all(full.get(), "x", "stdout"); }) == failure::write_failed.id);
}

TEST_CASE("a temporary directory is private and goes away", "[fs]") {
  std::filesystem::path path;
  {
    const fs::TempDir dir("slipway-test");
    path = dir.path();
    fs::write_file(path / "file", "x");
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0700U);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a descriptor is closed once", "[fs]") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  Fd reader(ends[0]);
  Fd writer(ends[1]);
  Fd moved = std::move(writer);
  moved.reset();
  char byte = 0;
  CHECK(::read(reader.get(), &byte, 1) == 0);
}
