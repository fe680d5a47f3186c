// SPDX-License-Identifier: Apache-2.0
// Files as the tools need them: a descriptor that closes itself, whole files in and out, a private
// temporary directory that goes away on every exit path.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace slipway {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  void reset();
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

namespace fs {

/// @throws Error not_found, read_failed, or bad_input when larger than `limit` bytes
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit = 64U << 20U);
/// Reads a descriptor to its end.
/// @throws Error read_failed, or bad_input when there are more than `limit` bytes
[[nodiscard]] std::string read_all(int fd, std::string_view name, std::size_t limit = 64U << 20U);

/// Writes a file whole or not at all: a temporary file beside it, fsync, rename.
/// @throws Error cannot_create, write_failed
void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// Writes all bytes, through short writes and EINTR.
/// @throws Error write_failed, also for EPIPE
void write_all(int fd, std::string_view bytes, std::string_view name);

/// A directory only the user can enter, removed with all that is in it.
class TempDir {
 public:
  /// @throws Error cannot_create
  explicit TempDir(std::string_view prefix);
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fs
}  // namespace slipway
