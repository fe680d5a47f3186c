// SPDX-License-Identifier: Apache-2.0
// Repositories of other hosts, kept in a cache on this machine: a bare mirror for each URL with the branches that were
// asked for, and no more of their history than was needed. The git program fetches, so that ssh agents, ~/.ssh/config,
// known_hosts, ~/.netrc, credential helpers and proxies all work as the user has them; libgit2 reads. Nothing ever
// prompts. One run fetches into a mirror at a time; readers take no lock.
#pragma once

#include "git/repository.hpp"
#include "io/events.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::git {

struct MirrorPolicy {
  bool offline = false;  ///< never connects
  /// What was fetched that long ago is still good; absent: the host is asked every time.
  std::optional<std::chrono::milliseconds> max_age = std::nullopt;
  std::chrono::milliseconds lock_timeout{30'000};  ///< how long another run's fetch is waited for
};

/// A mirror in the cache.
struct Mirror {
  std::string url;  ///< empty when it is broken
  std::filesystem::path path;
  std::uintmax_t bytes = 0;
  std::chrono::system_clock::time_point used;  ///< last
  std::vector<std::string> refs;               ///< that were fetched; "HEAD" for the default branch
};

class Mirrors {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// They are kept in $XDG_CACHE_HOME/config-get, by default below ~/.cache.
  /// @param run has to outlive this
  Mirrors(MirrorPolicy policy, Environment env, const io::Run& run);

  /// The mirror of `url`, with what `revision` needs in it. Without a connection when the policy or a full commit id
  /// says that what is here will do, else after one question to the host, and a fetch only when it has something new.
  /// @param history commits before the tip are needed, too
  /// @throws Error unreachable (also: offline and not here), denied (credentials, host keys, certificates), not_found
  /// (repository, branch, commit), busy (another run fetches for longer than lock_timeout), cannot_create (read-only
  /// cache), write_failed (full disk), bad_setup (no git program, no home)
  [[nodiscard]] Repository open(const std::string& url, std::string_view revision, bool history = false) const;

  [[nodiscard]] std::vector<Mirror> list() const;
  /// Removes mirrors that were not used for that long, and what killed runs left. Mirrors in use by a fetch stay.
  /// @param dry only says which these are
  /// @return the removed ones
  /// @throws Error cannot_create, write_failed
  std::vector<Mirror> prune(std::chrono::milliseconds unused, bool dry = false) const;
  /// Mirrors that git finds something wrong with, and what.
  [[nodiscard]] std::vector<std::pair<Mirror, std::string>> verify() const;

 private:
  [[nodiscard]] std::filesystem::path cache() const;

  MirrorPolicy policy_;
  Environment env_;
  const io::Run& run_;
};

}  // namespace slipway::git
