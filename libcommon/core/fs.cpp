// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace slipway {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

namespace fs {

namespace {

Error failed(const Failure& failure, std::string_view doing, std::string_view name, int error) {
  return {failure, fmt::format("cannot {} {}: {}", doing, name, std::strerror(error))};
}

}  // namespace

std::string read_all(int fd, std::string_view name, std::size_t limit) {
  std::string content;
  std::array<char, 65536> block;
  for (;;) {
    const auto got = ::read(fd, block.data(), block.size());
    if (got == 0) return content;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw failed(failure::read_failed, "read", name, errno);
    }
    if (content.size() + static_cast<std::size_t>(got) > limit)
      throw Error(failure::bad_input, fmt::format("{} is larger than the {} bytes that are allowed", name, limit));
    content.append(block.data(), static_cast<std::size_t>(got));
  }
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    throw failed(absent ? failure::not_found : failure::read_failed, "read", path.native(), errno);
  }
  return read_all(file.get(), path.native(), limit);
}

void write_all(int fd, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw failed(failure::write_failed, "write", name, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  auto temporary = path.native() + ".XXXXXX";
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.open()) throw failed(failure::cannot_create, "create", path.native(), errno);
  try {
    write_all(file.get(), content, path.native());
    if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0)
      throw failed(failure::write_failed, "write", path.native(), errno);
    file.reset();
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw failed(failure::cannot_create, "create", path.native(), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

TempDir::TempDir(std::string_view prefix) {
  const char* parent = std::getenv("TMPDIR");
  auto name = fmt::format("{}/{}.XXXXXX", parent != nullptr && *parent != '\0' ? parent : "/tmp", prefix);
  if (::mkdtemp(name.data()) == nullptr) throw failed(failure::cannot_create, "create", name, errno);
  path_ = name;
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;  // a destructor has nobody to tell
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace fs
}  // namespace slipway
