// SPDX-License-Identifier: Apache-2.0
// The files of a registry: as they were committed, or as they lie in a work tree for an author who has
// not committed yet. What is read from a work tree is never called by the commit's name alone.
#pragma once

#include "git/repository.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::config {

class Tree {
 public:
  Tree(std::shared_ptr<const git::Repository> repository, git::ObjectId commit);
  /// @param commit what is checked out there; only the name of the tree comes from it
  /// @throws Error bad_usage when the repository is bare
  [[nodiscard]] static Tree worktree(std::shared_ptr<const git::Repository> repository, git::ObjectId commit);

  [[nodiscard]] const git::Repository& repository() const { return *repository_; }
  [[nodiscard]] const std::shared_ptr<const git::Repository>& shared() const { return repository_; }
  [[nodiscard]] const git::ObjectId& commit() const { return commit_; }
  [[nodiscard]] bool is_worktree() const { return !root_.empty(); }
  /// 40 digits; "+dirty" behind them for a work tree.
  [[nodiscard]] std::string name() const;
  /// "commit ... of ...", for errors.
  [[nodiscard]] std::string place() const;

  /// As in git::Repository, for both kinds; the ids of a work tree's files are those that git would give them.
  [[nodiscard]] std::optional<git::Blob> read(std::string_view path) const;
  [[nodiscard]] std::vector<git::Entry> list(std::string_view path) const;
  /// The id of the file at `path`, links followed, without reading it where that can be; nothing when there is none.
  [[nodiscard]] std::optional<std::string> id(std::string_view path) const;

 private:
  std::shared_ptr<const git::Repository> repository_;
  git::ObjectId commit_;
  std::string root_;  ///< of the work tree; empty for what is committed
};

}  // namespace slipway::config
