// SPDX-License-Identifier: Apache-2.0
// Who wrote a line. libgit2's own blame compares whole trees at every commit, which takes seconds in a long
// history; here a commit that leaves the file alone costs the look-up of one path.
#include "git/handle.hpp"

#include <fmt/format.h>

#include <deque>
#include <utility>

namespace slipway::git {

namespace {

struct Hunk {
  int old_start, old_lines, new_start, new_lines;
};

/// A line of the file that was asked for, and where it stands in the version at hand.
struct Line {
  int asked;
  int here;
};

struct Version {
  CommitHandle commit;
  git_oid blob;
  std::vector<Line> lines;
};

/// The blob at a path without links; nothing when it is not there, or is no file.
std::optional<git_oid> blob_in(git_commit* commit, const std::string& path) {
  git_tree* tree = nullptr;
  if (lib().commit_tree(&tree, commit) != 0) return std::nullopt;
  const TreeHandle root(tree);
  git_tree_entry* entry = nullptr;
  if (lib().tree_entry_bypath(&entry, root.get(), path.c_str()) != 0) return std::nullopt;
  const std::unique_ptr<git_tree_entry, Release<&Library::tree_entry_free>> owner(entry);
  if (lib().tree_entry_type(entry) != GIT_OBJECT_BLOB) return std::nullopt;
  return *lib().tree_entry_id(entry);
}

std::vector<Hunk> hunks_between(const Store& store, const git_oid& before, const git_oid& after) {
  const auto old_blob = blob_at(store, before);
  const auto new_blob = blob_at(store, after);
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.context_lines = 0;
  std::vector<Hunk> out;
  const auto add = [](const git_diff_delta* /*delta*/, const git_diff_hunk* hunk, void* into) {
    static_cast<std::vector<Hunk>*>(into)->push_back(
        {hunk->old_start, hunk->old_lines, hunk->new_start, hunk->new_lines});
    return 0;
  };
  if (lib().diff_blobs(old_blob.get(), nullptr, new_blob.get(), nullptr, &options, nullptr, nullptr, add, nullptr,
                       &out) != 0)
    throw Error(failure::read_failed, fmt::format("cannot compare two versions of a file: {}", last_message()));
  return out;
}

/// Where a line of the newer version stands in the older one; nothing when it is new.
std::optional<int> line_before(const std::vector<Hunk>& hunks, int line) {
  int shift = 0;
  for (const auto& hunk : hunks) {
    // A hunk that only removes names the line before it.
    const int begin = hunk.new_lines == 0 ? hunk.new_start + 1 : hunk.new_start;
    if (line < begin) break;
    if (line < begin + hunk.new_lines) return std::nullopt;
    shift += hunk.old_lines - hunk.new_lines;
  }
  return line + shift;
}

class BlameWalk {
 public:
  BlameWalk(const Store& store, std::string path) : store_(store), path_(std::move(path)) {}

  std::map<int, ObjectId> run(CommitHandle from, const git_oid& blob, const std::vector<int>& lines) {
    Version first{std::move(from), blob, {}};
    for (const int line : lines) first.lines.push_back({line, line});
    open_.push_back(std::move(first));
    while (!open_.empty()) {
      auto version = std::move(open_.front());
      open_.pop_front();
      step(std::move(version));
    }
    return std::move(found_);
  }

 private:
  /// Hands each line to the first parent that has it; what is left was written here.
  void step(Version version) {
    const auto count = lib().commit_parentcount(version.commit.get());
    std::vector<std::pair<CommitHandle, git_oid>> parents;
    for (unsigned i = 0; i < count; ++i) {
      git_commit* parent = nullptr;
      if (lib().commit_parent(&parent, version.commit.get(), i) != 0) continue;  // beyond the end of a shallow clone
      CommitHandle owner(parent);
      const auto blob = blob_in(parent, path_);
      if (!blob) continue;
      if (lib().oid_equal(&*blob, &version.blob) != 0) {
        open_.push_back({std::move(owner), *blob, std::move(version.lines)});
        return;
      }
      parents.emplace_back(std::move(owner), *blob);
    }
    for (auto& [parent, blob] : parents) {
      const auto hunks = hunks_between(store_, blob, version.blob);
      Version older{std::move(parent), blob, {}};
      std::vector<Line> left;
      for (const auto& line : version.lines) {
        if (const auto before = line_before(hunks, line.here)) older.lines.push_back({line.asked, *before});
        else left.push_back(line);
      }
      version.lines = std::move(left);
      if (!older.lines.empty()) open_.push_back(std::move(older));
    }
    const auto id = id_of(*lib().commit_id(version.commit.get()));
    for (const auto& line : version.lines) found_.emplace(line.asked, id);
  }

  const Store& store_;
  std::string path_;
  std::deque<Version> open_;
  std::map<int, ObjectId> found_;
};

}  // namespace

std::map<int, Commit> Repository::blame(const ObjectId& commit, std::string_view path,
                                        const std::vector<int>& lines) const {
  const std::string name(path);
  auto from = commit_at(*store_, commit);
  const auto blob = blob_in(from.get(), name);
  if (!blob) throw Error(failure::not_found, fmt::format("there is no file '{}' at {}", path, commit.brief()));
  std::map<int, Commit> out;
  for (const auto& [line, id] : BlameWalk(*store_, name).run(std::move(from), *blob, lines))
    out.emplace(line, this->commit(id));
  return out;
}

}  // namespace slipway::git
