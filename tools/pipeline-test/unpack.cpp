// SPDX-License-Identifier: Apache-2.0
#include "unpack.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace slipway::pipeline_test {

namespace {

struct Close {
  void operator()(archive* a) const { archive_read_free(a); }
};

[[noreturn]] void cannot(const char* what, const std::string& path) {
  throw Error(failure::cannot_create,
              fmt::format("cannot {} {}: {}", what, text::printable(path), std::strerror(errno)));
}

/// The path's components; nothing when one of them would lead astray.
std::optional<std::vector<std::string>> components(std::string_view path, int strip) {
  if (path.starts_with('/')) return std::nullopt;
  std::vector<std::string> out;
  for (auto& part : text::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return std::nullopt;
    if (strip > 0) --strip;
    else out.push_back(std::move(part));
  }
  return out;
}

/// Whether a link at depth `depth` below the target directory stays in it.
bool stays_inside(std::string_view target, std::size_t depth) {
  if (target.starts_with('/')) return false;
  auto at = static_cast<long>(depth);
  for (const auto& part : text::split(target, '/')) {
    if (part == "..") --at;
    else if (!part.empty() && part != ".") ++at;
    if (at < 0) return false;
  }
  return true;
}

/// The directory that holds `path`'s last component, made where it is missing; no link is followed.
Fd parent_of(int root, const std::vector<std::string>& path) {
  Fd at(::fcntl(root, F_DUPFD_CLOEXEC, 3));
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (::mkdirat(at.get(), path[i].c_str(), 0755) != 0 && errno != EEXIST) cannot("create", path[i]);
    Fd next(::openat(at.get(), path[i].c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.open()) cannot("enter", path[i]);
    at = std::move(next);
  }
  return at;
}

void write_content(archive* tar, int parent, const std::string& name, mode_t mode) {
  ::unlinkat(parent, name.c_str(), 0);
  // Never set-user-id, whatever the container says; always readable by us.
  const Fd file(
      ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode & 0755U) | 0600U));
  if (!file.open()) cannot("create", name);
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  int code = ARCHIVE_OK;
  while ((code = archive_read_data_block(tar, &bytes, &size, &offset)) == ARCHIVE_OK)
    if (size > 0) fs::write_all(file.get(), {static_cast<const char*>(bytes), size}, name);
  if (code != ARCHIVE_EOF)
    throw Error(failure::bad_input, fmt::format("the engine's archive is broken: {}", archive_error_string(tar)));
}

class Unpacker {
 public:
  Unpacker(archive* tar, int root, int strip) : tar_(tar), root_(root), strip_(strip) {}

  void take(archive_entry* entry) {
    const std::string name = archive_entry_pathname(entry);
    const auto path = components(name, strip_);
    if (!path) return refuse(name, "leads out of the directory");
    if (path->empty()) return;
    if (const auto* other = archive_entry_hardlink(entry)) return link(name, *path, other);
    const auto type = archive_entry_filetype(entry);
    if (type != AE_IFDIR && type != AE_IFREG && type != AE_IFLNK) return refuse(name, "is a device, pipe or socket");
    if (type == AE_IFLNK && !stays_inside(archive_entry_symlink(entry), path->size() - 1))
      return refuse(name, fmt::format("is a link to {}", archive_entry_symlink(entry)));
    const auto parent = parent_of(root_, *path);
    const auto& last = path->back();
    if (type == AE_IFDIR) {
      if (::mkdirat(parent.get(), last.c_str(), 0755) != 0 && errno != EEXIST) cannot("create", name);
      return;
    }
    if (type == AE_IFLNK) {
      ::unlinkat(parent.get(), last.c_str(), 0);
      if (::symlinkat(archive_entry_symlink(entry), parent.get(), last.c_str()) != 0) cannot("create", name);
    } else {
      write_content(tar_, parent.get(), last, archive_entry_perm(entry));
    }
    ++done_.files;
  }

  [[nodiscard]] Unpacked result() { return std::move(done_); }

 private:
  void refuse(const std::string& name, const std::string& why) {
    done_.refused.push_back(text::printable(fmt::format("{}: {}", name, why)));
  }

  void link(const std::string& name, const std::vector<std::string>& path, const std::string& other) {
    const auto to = components(other, strip_);
    if (!to || to->empty()) return refuse(name, "leads out of the directory");
    const auto from = parent_of(root_, *to);
    const auto parent = parent_of(root_, path);
    ::unlinkat(parent.get(), path.back().c_str(), 0);
    if (::linkat(from.get(), to->back().c_str(), parent.get(), path.back().c_str(), 0) != 0) cannot("link", name);
    ++done_.files;
  }

  archive* tar_;
  int root_;
  int strip_;
  Unpacked done_;
};

}  // namespace

Unpacked unpack(int tar, const std::filesystem::path& into, int strip) {
  std::error_code error;
  std::filesystem::create_directories(into, error);
  const Fd root(::open(into.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.open()) cannot("use", into.string());
  const std::unique_ptr<archive, Close> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_empty(reader.get());
  if (archive_read_open_fd(reader.get(), tar, 64U << 10U) != ARCHIVE_OK)
    throw Error(failure::bad_input,
                fmt::format("the engine's archive is broken: {}", archive_error_string(reader.get())));
  Unpacker unpacker(reader.get(), root.get(), strip);
  archive_entry* entry = nullptr;
  int code = ARCHIVE_OK;
  while ((code = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK || code == ARCHIVE_WARN)
    unpacker.take(entry);
  if (code != ARCHIVE_EOF)
    throw Error(failure::bad_input,
                fmt::format("the engine's archive is broken: {}", archive_error_string(reader.get())));
  return unpacker.result();
}

}  // namespace slipway::pipeline_test
