// SPDX-License-Identifier: Apache-2.0
// Reads a git repository out of its object database: no work tree is touched, no index is read, no
// lock is taken, nothing is written into the repository. Bare repositories, work trees, linked work
// trees and those with alternates are all the same here. What the files mean is others' business
// (config/); so is getting a repository from another host.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::git {

/// The name of an object: 40 hexadecimal digits, lower case.
class ObjectId {
 public:
  /// Nothing when it is not exactly that.
  [[nodiscard]] static std::optional<ObjectId> parse(std::string_view hex);

  [[nodiscard]] const std::string& hex() const { return hex_; }
  [[nodiscard]] std::string brief() const { return hex_.substr(0, 12); }  ///< for people
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;

 private:
  explicit ObjectId(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;
};

struct Commit {
  ObjectId id;
  ObjectId tree;
  std::string author;  ///< name, without the address
  std::string subject;
  std::chrono::system_clock::time_point time;  ///< when it was committed
};

enum class EntryKind { file, executable, link, directory, submodule };

struct Entry {
  std::string name;
  EntryKind kind = EntryKind::file;
  ObjectId id;
};

/// Where a path leads once the links on its way are followed.
struct Place {
  std::string path;  ///< without links; equals what was asked for when there were none
  EntryKind kind = EntryKind::file;
  ObjectId id;
};

struct Blob {
  std::string path;  ///< as in Place
  ObjectId id;
  std::string content;
};

/// A URL without user and password, for messages and records.
[[nodiscard]] std::string without_credentials(std::string_view url);

/// The id that git gives to a file of this content.
[[nodiscard]] ObjectId blob_id(std::string_view content);

struct Store;  ///< libgit2's side of it

class Repository {
 public:
  /// @param location a path or a file:// URL of the repository itself, not of a folder in it
  /// @throws Error bad_usage for a location on another host; not_found when nothing is there or it is no
  /// repository; denied when libgit2 refuses another user's repository; read_failed
  [[nodiscard]] static Repository open(const std::string& location);
  /// A bare copy of another host's repository: errors and answers call it by `url`.
  /// @throws Error as open()
  [[nodiscard]] static Repository open_mirror(const std::filesystem::path& path, const std::string& url);
  /// The repository whose work tree or git directory `inside` lies in, or nothing.
  [[nodiscard]] static std::optional<Repository> discover(const std::filesystem::path& inside);
  /// Whether the text means a repository on another host: a URL or user@host:path.
  [[nodiscard]] static bool is_remote(std::string_view location);

  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;
  ~Repository();

  /// Absolute path of the work tree, of the git directory when it is bare; of a mirror the URL, without credentials.
  [[nodiscard]] const std::string& location() const;
  [[nodiscard]] bool is_bare() const;

  /// The commit that a branch, tag, full or short id, or expression such as `main~2` names; HEAD when
  /// empty. A branch that only a remote of this clone has is found as origin/NAME.
  /// @throws Error not_found with the nearest branch or tag; also when the repository has no commit yet
  [[nodiscard]] ObjectId resolve(std::string_view revision = {}) const;
  /// @throws Error not_found
  [[nodiscard]] Commit commit(const ObjectId& id) const;
  /// Names of branches and tags, short, sorted.
  [[nodiscard]] std::vector<std::string> refs() const;

  /// Follows `path` (slashes, relative to the root; empty is the root) in the tree of a commit, links included.
  /// @return nothing when no such path is there
  /// @throws Error bad_input for a link that is absolute, leaves the tree, leads nowhere or goes on for
  /// more than 40 hops; unreachable when this clone lacks the object
  [[nodiscard]] std::optional<Place> find(const ObjectId& commit, std::string_view path) const;
  /// The file at `path`, links followed; nothing when there is none.
  /// @throws Error as find(), and bad_input for a directory or a file larger than `limit` bytes
  [[nodiscard]] std::optional<Blob> read(const ObjectId& commit, std::string_view path,
                                         std::size_t limit = 8U << 20U) const;
  /// Entries of a directory in git's order; links are shown as links. Empty when no such directory is there.
  /// @throws Error as find()
  [[nodiscard]] std::vector<Entry> list(const ObjectId& commit, std::string_view path) const;
  /// The id of the tree at `path`: equal ids mean equal content, whatever the commit.
  [[nodiscard]] std::optional<ObjectId> tree_id(const ObjectId& commit, std::string_view path) const;

  /// Which commit wrote each of `lines` (from 1) of the file at `path`, as seen from `commit`. Names are not followed
  /// through renames: the first commit that has the file under this name wrote what was in it then. Where a clone is
  /// shallow, its oldest commit stands for all before it.
  /// @param path without links (Place::path)
  /// @throws Error not_found when there is no such file, unreachable, read_failed
  [[nodiscard]] std::map<int, Commit> blame(const ObjectId& commit, std::string_view path,
                                            const std::vector<int>& lines) const;

  /// Writes the directory at `path` into the existing directory `into`. Links become what they lead to, so
  /// that nothing points out of `into`; the executable bit is kept. At most `limit` bytes in all.
  /// @throws Error not_found, bad_input (submodules, unsafe names, links as in find(), too large),
  /// cannot_create, write_failed
  void export_tree(const ObjectId& commit, std::string_view path, const std::filesystem::path& into,
                   std::size_t limit = 64U << 20U) const;

 private:
  explicit Repository(std::unique_ptr<Store> store);
  std::unique_ptr<Store> store_;
};

}  // namespace slipway::git
