// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "core/text.hpp"
#include "git/handle.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace slipway::git {

namespace {

constexpr int deepest = 64;  // a link to a directory above itself would never end

/// git lets a tree hold any name; a file system must not be given one that climbs or hides a repository.
bool is_safe(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && text::lower(name) != ".git" &&
         name.find('/') == std::string_view::npos;
}

class Export {
 public:
  Export(const Repository& repository, const ObjectId& commit, std::size_t limit)
      : repository_(repository), commit_(commit), limit_(limit) {}

  void directory(const std::string& path, const std::filesystem::path& into, int depth) {
    if (depth > deepest)
      throw Error(failure::bad_input,
                  fmt::format("'{}' is nested deeper than {} levels; a link in a circle?", path, deepest));
    for (const auto& entry : repository_.list(commit_, path)) {
      const auto from = path.empty() ? entry.name : path + "/" + entry.name;
      if (!is_safe(entry.name))
        throw Error(failure::bad_input, fmt::format("'{}' is no name that can be written out", text::printable(from)));
      const auto place = repository_.find(commit_, from);  // follows a link
      const auto to = into / entry.name;
      switch (place->kind) {
      case EntryKind::directory:
        make(to);
        directory(place->path, to, depth + 1);
        break;
      case EntryKind::submodule:
        throw Error(failure::bad_input,
                    fmt::format("'{}' is a submodule; its content is not in this repository", from));
      case EntryKind::executable: file(from, to, 0755); break;
      case EntryKind::link:
      case EntryKind::file: file(from, to, 0644); break;
      }
    }
  }

 private:
  static void make(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0755) != 0)
      throw Error(failure::cannot_create,
                  fmt::format("cannot create {}: {}", path.string(), std::generic_category().message(errno)));
  }

  void file(const std::string& from, const std::filesystem::path& to, mode_t mode) {
    const auto blob = repository_.read(commit_, from, limit_ - written_);
    const Fd fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd.open())
      throw Error(failure::cannot_create,
                  fmt::format("cannot create {}: {}", to.string(), std::generic_category().message(errno)));
    fs::write_all(fd.get(), blob->content, to.string());
    written_ += blob->content.size();
  }

  const Repository& repository_;
  const ObjectId& commit_;
  std::size_t limit_;
  std::size_t written_ = 0;
};

}  // namespace

void Repository::export_tree(const ObjectId& commit, std::string_view path, const std::filesystem::path& into,
                             std::size_t limit) const {
  const auto place = find(commit, path);
  if (!place || place->kind != EntryKind::directory)
    throw Error(failure::not_found,
                fmt::format("there is no directory '{}' at commit {} of {}", path, commit.brief(), location()));
  Export(*this, commit, limit).directory(place->path, into, 0);
}

}  // namespace slipway::git
