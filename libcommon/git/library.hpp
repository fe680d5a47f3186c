// SPDX-License-Identifier: Apache-2.0
// libgit2 itself, loaded when it is first needed and kept until the program ends. Not linked, because k8s-rollout
// reads a repository for `-t` alone: with its own libraries it took a tenth of a look at a Deployment. Inside this room
// its functions go without their prefix: lib().tree_lookup(...) is git_tree_lookup(...).
#pragma once

#include <git2.h>

namespace slipway::git {

// The functions that are used here; the types are those of git2.h.
#define SLIPWAY_LIBGIT2(FUNCTION)                                                                                      \
  FUNCTION(blob_free)                                                                                                  \
  FUNCTION(blob_lookup)                                                                                                \
  FUNCTION(blob_rawcontent)                                                                                            \
  FUNCTION(blob_rawsize)                                                                                               \
  FUNCTION(buf_dispose)                                                                                                \
  FUNCTION(commit_author)                                                                                              \
  FUNCTION(commit_free)                                                                                                \
  FUNCTION(commit_id)                                                                                                  \
  FUNCTION(commit_lookup)                                                                                              \
  FUNCTION(commit_parent)                                                                                              \
  FUNCTION(commit_parentcount)                                                                                         \
  FUNCTION(commit_summary)                                                                                             \
  FUNCTION(commit_time)                                                                                                \
  FUNCTION(commit_tree)                                                                                                \
  FUNCTION(commit_tree_id)                                                                                             \
  FUNCTION(diff_blobs)                                                                                                 \
  FUNCTION(error_last)                                                                                                 \
  FUNCTION(libgit2_init)                                                                                               \
  FUNCTION(libgit2_shutdown)                                                                                           \
  FUNCTION(object_free)                                                                                                \
  FUNCTION(object_id)                                                                                                  \
  FUNCTION(object_lookup)                                                                                              \
  FUNCTION(object_peel)                                                                                                \
  FUNCTION(odb_hash)                                                                                                   \
  FUNCTION(oid_equal)                                                                                                  \
  FUNCTION(oid_fromstr)                                                                                                \
  FUNCTION(oid_tostr)                                                                                                  \
  FUNCTION(reference_dwim)                                                                                             \
  FUNCTION(reference_free)                                                                                             \
  FUNCTION(reference_iterator_free)                                                                                    \
  FUNCTION(reference_iterator_new)                                                                                     \
  FUNCTION(reference_name_to_id)                                                                                       \
  FUNCTION(reference_next_name)                                                                                        \
  FUNCTION(reference_resolve)                                                                                          \
  FUNCTION(reference_target)                                                                                           \
  FUNCTION(repository_discover)                                                                                        \
  FUNCTION(repository_free)                                                                                            \
  FUNCTION(repository_is_bare)                                                                                         \
  FUNCTION(repository_is_empty)                                                                                        \
  FUNCTION(repository_open)                                                                                            \
  FUNCTION(repository_open_bare)                                                                                       \
  FUNCTION(repository_open_ext)                                                                                        \
  FUNCTION(repository_path)                                                                                            \
  FUNCTION(repository_workdir)                                                                                         \
  FUNCTION(revparse_single)                                                                                            \
  FUNCTION(tree_entry_byindex)                                                                                         \
  FUNCTION(tree_entry_byname)                                                                                          \
  FUNCTION(tree_entry_bypath)                                                                                          \
  FUNCTION(tree_entry_filemode)                                                                                        \
  FUNCTION(tree_entry_free)                                                                                            \
  FUNCTION(tree_entry_id)                                                                                              \
  FUNCTION(tree_entry_name)                                                                                            \
  FUNCTION(tree_entry_type)                                                                                            \
  FUNCTION(tree_entrycount)                                                                                            \
  FUNCTION(tree_free)                                                                                                  \
  FUNCTION(tree_id)                                                                                                    \
  FUNCTION(tree_lookup)

struct Library {
#define SLIPWAY_MEMBER(name) decltype(&::git_##name) name = nullptr;  // NOLINT(bugprone-macro-parentheses)
  SLIPWAY_LIBGIT2(SLIPWAY_MEMBER)
#undef SLIPWAY_MEMBER
};

/// Loads and starts it the first time; from several threads too.
/// @throws Error bad_setup: it is not installed in the version that this was built with
[[nodiscard]] const Library& lib();

}  // namespace slipway::git
