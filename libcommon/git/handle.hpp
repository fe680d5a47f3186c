// SPDX-License-Identifier: Apache-2.0
// libgit2 inside this room: its objects in owning handles, its error codes as Error. Not for others.
#pragma once

#include "core/error.hpp"
#include "git/library.hpp"
#include "git/repository.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace slipway::git {

template <auto Free>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    (lib().*Free)(object);
  }
};

using RepositoryHandle = std::unique_ptr<git_repository, Release<&Library::repository_free>>;
using ObjectHandle = std::unique_ptr<git_object, Release<&Library::object_free>>;
using CommitHandle = std::unique_ptr<git_commit, Release<&Library::commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, Release<&Library::tree_free>>;
using BlobHandle = std::unique_ptr<git_blob, Release<&Library::blob_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, Release<&Library::reference_free>>;
using ReferencesHandle = std::unique_ptr<git_reference_iterator, Release<&Library::reference_iterator_free>>;

struct Store {
  RepositoryHandle handle;
  std::string location;
  bool is_mirror = false;
};

[[nodiscard]] std::string last_message();
/// What helps where a repository cannot be read as it is.
[[nodiscard]] std::string repair_hint(const Store& store);
[[nodiscard]] ObjectId id_of(const git_oid& oid);
[[nodiscard]] git_oid oid_of(const ObjectId& id);

/// Objects by id. An id that stands in a tree or a commit and has no object is a clone that lacks it.
/// @throws Error unreachable, read_failed
[[nodiscard]] TreeHandle tree_at(const Store& store, const git_oid& oid);
[[nodiscard]] BlobHandle blob_at(const Store& store, const git_oid& oid);
/// @throws Error not_found
[[nodiscard]] CommitHandle commit_at(const Store& store, const ObjectId& id);

[[nodiscard]] EntryKind kind_of(const git_tree_entry& entry);

}  // namespace slipway::git
