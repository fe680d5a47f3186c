// SPDX-License-Identifier: Apache-2.0
#include "config/tree.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <utility>

namespace slipway::config {

namespace {

namespace files = std::filesystem;

constexpr int most_hops = 40;
constexpr std::size_t largest_file = 8U << 20U;

/// Where a path leads in a work tree, by the rules of a commit: links stay inside, and lead somewhere.
std::optional<std::string> resolved(const files::path& root, std::string_view asked) {
  std::deque<std::pair<std::string, bool>> steps;  // a name, and whether a link led to it
  for (auto& name : text::split(asked, '/')) steps.emplace_back(std::move(name), false);
  std::vector<std::string> names;
  int hops = 0;
  std::error_code unused;
  while (!steps.empty()) {
    const auto [name, by_link] = std::move(steps.front());
    steps.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (names.empty())
        throw Error(failure::bad_input, fmt::format("the path '{}' leads out of the repository", asked));
      names.pop_back();
      continue;
    }
    names.push_back(name);
    const auto here = root / text::join(names, "/");
    const auto status = files::symlink_status(here, unused);
    if (files::is_symlink(status)) {
      const auto target = files::read_symlink(here, unused).string();
      const auto link = fmt::format("{} -> {}", text::join(names, "/"), text::printable(target));
      if (++hops > most_hops)
        throw Error(failure::bad_input,
                    fmt::format("more than {} links in a row on the way to '{}'", most_hops, asked));
      if (target.empty() || target.front() == '/')
        throw Error(failure::bad_input, fmt::format("the link {} does not lead to a path inside the repository", link));
      names.pop_back();
      std::vector<std::pair<std::string, bool>> detour;
      for (auto& part : text::split(target, '/')) detour.emplace_back(std::move(part), true);
      steps.insert(steps.begin(), detour.begin(), detour.end());
    } else if (!files::exists(status)) {
      if (by_link) throw Error(failure::bad_input, fmt::format("a link on the way to '{}' leads nowhere", asked));
      return std::nullopt;
    }
  }
  return text::join(names, "/");
}

}  // namespace

Tree::Tree(std::shared_ptr<const git::Repository> repository, git::ObjectId commit)
    : repository_(std::move(repository)), commit_(std::move(commit)) {}

Tree Tree::worktree(std::shared_ptr<const git::Repository> repository, git::ObjectId commit) {
  if (repository->is_bare())
    throw Error(failure::bad_usage, fmt::format("{} is bare: it has no work tree", repository->location()));
  Tree tree(std::move(repository), std::move(commit));
  tree.root_ = tree.repository_->location();
  return tree;
}

std::string Tree::name() const { return is_worktree() ? commit_.hex() + "+dirty" : commit_.hex(); }

std::string Tree::place() const {
  return is_worktree() ? fmt::format("the work tree {}", root_)
                       : fmt::format("commit {} of {}", commit_.hex(), repository_->location());
}

std::optional<git::Blob> Tree::read(std::string_view path) const {
  if (!is_worktree()) return repository_->read(commit_, path);
  const auto where = resolved(root_, path);
  if (!where) return std::nullopt;
  std::error_code unused;
  if (files::is_directory(files::path(root_) / *where, unused))
    throw Error(failure::bad_input, fmt::format("'{}' is a directory, not a file", path));
  auto content = fs::read_file(files::path(root_) / *where, largest_file);
  auto id = git::blob_id(content);
  return git::Blob{*where, std::move(id), std::move(content)};
}

std::optional<std::string> Tree::id(std::string_view path) const {
  if (!is_worktree()) {
    const auto place = repository_->find(commit_, path);
    return place ? std::optional(place->id.hex()) : std::nullopt;
  }
  const auto blob = read(path);
  return blob ? std::optional(blob->id.hex()) : std::nullopt;
}

std::vector<git::Entry> Tree::list(std::string_view path) const {
  if (!is_worktree()) return repository_->list(commit_, path);
  std::vector<git::Entry> out;
  const auto where = resolved(root_, path);
  std::error_code fault;
  if (!where || !files::is_directory(files::path(root_) / *where, fault)) return out;
  for (const auto& entry : files::directory_iterator(files::path(root_) / *where, fault)) {
    const auto name = entry.path().filename().string();
    if (name == ".git") continue;
    const auto kind = entry.is_symlink(fault)     ? git::EntryKind::link
                      : entry.is_directory(fault) ? git::EntryKind::directory
                                                  : git::EntryKind::file;
    out.push_back({name, kind, commit_});  // the id of a directory as it lies is not known, nor asked for
  }
  std::ranges::sort(out, {}, &git::Entry::name);
  return out;
}

}  // namespace slipway::config
