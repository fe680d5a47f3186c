// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "git/handle.hpp"

#include <fmt/format.h>

#include <array>
#include <deque>

namespace slipway::git {

namespace {

constexpr int most_hops = 40;  // as Linux, path_resolution(7)

[[noreturn]] void fail_lookup(const Store& store, const git_oid& oid, int code, std::string_view what) {
  const auto id = id_of(oid).hex();
  if (code == GIT_ENOTFOUND)
    throw Error(failure::unreachable, fmt::format("the clone {} lacks the {} {}", store.location, what, id),
                store.is_mirror ? repair_hint(store)
                                : fmt::format("git -C {} fetch --refetch --no-filter", store.location));
  throw Error(failure::read_failed,
              fmt::format("cannot read the {} {} of {}: {}", what, id, store.location, last_message()),
              repair_hint(store));
}

/// A step of a path that is still to be taken, and the link that it was read from.
struct Step {
  std::string name;
  std::shared_ptr<const std::string> link;  ///< null for what was asked for
};

/// Goes down a tree component by component as the kernel does in a file system, but never above its root.
class Walk {
 public:
  Walk(const Store& store, const ObjectId& commit, std::string_view path) : store_(store), asked_(path) {
    git_tree* root = nullptr;
    const auto owner = commit_at(store, commit);
    if (const int code = lib().commit_tree(&root, owner.get()); code != 0)
      fail_lookup(store, *lib().commit_tree_id(owner.get()), code, "tree");
    trees_.emplace_back(root);
    for (auto& name : text::split(path, '/')) steps_.push_back({std::move(name), nullptr});
  }

  std::optional<Place> run() {
    while (!steps_.empty()) {
      const auto step = std::move(steps_.front());
      steps_.pop_front();
      if (step.name.empty() || step.name == ".") continue;
      if (step.name == "..") {
        climb(step);
        continue;
      }
      const auto* entry = lib().tree_entry_byname(trees_.back().get(), step.name.c_str());
      if (entry == nullptr) return missing(step);
      const auto kind = kind_of(*entry);
      if (kind == EntryKind::link) {
        follow(*entry, step.name);
        continue;
      }
      names_.push_back(step.name);
      if (kind == EntryKind::directory) {
        trees_.push_back(tree_at(store_, *lib().tree_entry_id(entry)));
        continue;
      }
      if (!steps_.empty()) return missing(steps_.front());  // something below a file
      return Place{text::join(names_, "/"), kind, id_of(*lib().tree_entry_id(entry))};
    }
    return Place{text::join(names_, "/"), EntryKind::directory, id_of(*lib().tree_id(trees_.back().get()))};
  }

 private:
  void climb(const Step& step) {
    if (names_.empty()) {
      if (step.link)
        throw Error(failure::bad_input, fmt::format("the link {} leads out of the repository", *step.link));
      throw Error(failure::bad_input, fmt::format("the path '{}' leads out of the repository", asked_));
    }
    names_.pop_back();
    trees_.pop_back();
  }

  void follow(const git_tree_entry& entry, const std::string& name) {
    const auto here = names_.empty() ? name : text::join(names_, "/") + "/" + name;
    if (++hops_ > most_hops)
      throw Error(failure::bad_input, fmt::format("more than {} links in a row on the way to '{}'", most_hops, asked_));
    const auto blob = blob_at(store_, *lib().tree_entry_id(&entry));
    const std::string_view target(static_cast<const char*>(lib().blob_rawcontent(blob.get())),
                                  lib().blob_rawsize(blob.get()));
    const auto link = std::make_shared<const std::string>(fmt::format("{} -> {}", here, text::printable(target)));
    if (target.empty() || target.front() == '/')
      throw Error(failure::bad_input, fmt::format("the link {} does not lead to a path inside the repository", *link));
    std::vector<Step> detour;
    for (auto& part : text::split(target, '/')) detour.push_back({std::move(part), link});
    steps_.insert(steps_.begin(), detour.begin(), detour.end());
  }

  /// A path that is not there is an answer; a link to nothing is a mistake of who made it.
  static std::optional<Place> missing(const Step& step) {
    if (step.link) throw Error(failure::bad_input, fmt::format("the link {} leads nowhere", *step.link));
    return std::nullopt;
  }

  const Store& store_;
  std::string_view asked_;
  std::deque<Step> steps_;
  std::vector<std::string> names_;
  std::vector<TreeHandle> trees_;  ///< the root and one for each of names_
  int hops_ = 0;
};

}  // namespace

ObjectId id_of(const git_oid& oid) {
  std::array<char, GIT_OID_HEXSZ + 1> hex{};
  lib().oid_tostr(hex.data(), hex.size(), &oid);
  return *ObjectId::parse(hex.data());
}

ObjectId blob_id(std::string_view content) {
  git_oid oid{};
  lib().odb_hash(&oid, content.data(), content.size(), GIT_OBJECT_BLOB);
  return id_of(oid);
}

git_oid oid_of(const ObjectId& id) {
  git_oid oid{};
  lib().oid_fromstr(&oid, id.hex().c_str());
  return oid;
}

TreeHandle tree_at(const Store& store, const git_oid& oid) {
  git_tree* tree = nullptr;
  if (const int code = lib().tree_lookup(&tree, store.handle.get(), &oid); code != 0)
    fail_lookup(store, oid, code, "tree");
  return TreeHandle(tree);
}

BlobHandle blob_at(const Store& store, const git_oid& oid) {
  git_blob* blob = nullptr;
  if (const int code = lib().blob_lookup(&blob, store.handle.get(), &oid); code != 0)
    fail_lookup(store, oid, code, "file");
  return BlobHandle(blob);
}

CommitHandle commit_at(const Store& store, const ObjectId& id) {
  const auto oid = oid_of(id);
  git_commit* commit = nullptr;
  const int code = lib().commit_lookup(&commit, store.handle.get(), &oid);
  if (code == GIT_ENOTFOUND)
    throw Error(failure::not_found, fmt::format("there is no commit {} in {}", id.hex(), store.location));
  if (code != 0) fail_lookup(store, oid, code, "commit");
  return CommitHandle(commit);
}

EntryKind kind_of(const git_tree_entry& entry) {
  switch (lib().tree_entry_filemode(&entry)) {
  case GIT_FILEMODE_TREE: return EntryKind::directory;
  case GIT_FILEMODE_LINK: return EntryKind::link;
  case GIT_FILEMODE_COMMIT: return EntryKind::submodule;
  case GIT_FILEMODE_BLOB_EXECUTABLE: return EntryKind::executable;
  case GIT_FILEMODE_UNREADABLE:
  case GIT_FILEMODE_BLOB: break;
  }
  return EntryKind::file;
}

Commit Repository::commit(const ObjectId& id) const {
  const auto handle = commit_at(*store_, id);
  const char* subject = lib().commit_summary(handle.get());
  return {.id = id,
          .tree = id_of(*lib().commit_tree_id(handle.get())),
          .author = lib().commit_author(handle.get())->name,
          .subject = subject != nullptr ? subject : "",
          .time = std::chrono::system_clock::time_point(std::chrono::seconds(lib().commit_time(handle.get())))};
}

std::optional<Place> Repository::find(const ObjectId& commit, std::string_view path) const {
  return Walk(*store_, commit, path).run();
}

std::optional<Blob> Repository::read(const ObjectId& commit, std::string_view path, std::size_t limit) const {
  auto place = find(commit, path);
  if (!place) return std::nullopt;
  if (place->kind == EntryKind::directory)
    throw Error(failure::bad_input, fmt::format("'{}' is a directory, not a file", path));
  if (place->kind == EntryKind::submodule)
    throw Error(failure::bad_input, fmt::format("'{}' is a submodule, not a file", path));
  const auto blob = blob_at(*store_, oid_of(place->id));
  const std::size_t size = lib().blob_rawsize(blob.get());
  if (size > limit) throw Error(failure::bad_input, fmt::format("'{}' is larger than {} bytes", path, limit));
  return Blob{std::move(place->path), place->id,
              std::string(static_cast<const char*>(lib().blob_rawcontent(blob.get())), size)};
}

std::vector<Entry> Repository::list(const ObjectId& commit, std::string_view path) const {
  const auto place = find(commit, path);
  if (!place || place->kind != EntryKind::directory) return {};
  const auto tree = tree_at(*store_, oid_of(place->id));
  std::vector<Entry> entries;
  const auto count = lib().tree_entrycount(tree.get());
  entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* entry = lib().tree_entry_byindex(tree.get(), i);
    entries.push_back({lib().tree_entry_name(entry), kind_of(*entry), id_of(*lib().tree_entry_id(entry))});
  }
  return entries;
}

std::optional<ObjectId> Repository::tree_id(const ObjectId& commit, std::string_view path) const {
  const auto place = find(commit, path);
  return place && place->kind == EntryKind::directory ? std::optional(place->id) : std::nullopt;
}

}  // namespace slipway::git
