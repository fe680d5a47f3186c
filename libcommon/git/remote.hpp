// SPDX-License-Identifier: Apache-2.0
// What is to be said to a git server, and what its answers mean: revisions taken apart, advertised refs,
// what git and ssh complain about. Pure; mirror.cpp runs the programs.
#pragma once

#include "core/error.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::git {

/// A revision as far as a server has to know it: `main~2` is branch main, with history.
struct Wanted {
  std::string base;      ///< branch, tag or id; empty for the server's HEAD
  bool history = false;  ///< commits before the tip are needed
  bool is_id = false;    ///< 40 digits
  bool may_be_id = false;
};

/// @throws Error bad_usage for what only a clone of one's own has (reflogs, searches)
[[nodiscard]] Wanted parse_revision(std::string_view revision);

struct RemoteUrl {
  std::string text;      ///< without user and password in an https URL, as it may be shown and handed to git
  std::string username;  ///< of an https URL that carried them
  std::string password;
  std::string host;
  bool is_ssh = false;
  std::string port;  ///< ssh; empty for the default
};

/// https, http, ssh and git URLs and user@host:path.
/// @throws Error bad_usage for other schemes, and for what git would take for an option or a helper program
[[nodiscard]] RemoteUrl parse_remote(std::string_view location);

/// What `git ls-remote --symref` printed.
struct Advertised {
  std::string head;                         ///< the ref that HEAD stands for; empty when it is detached or not said
  std::map<std::string, std::string> refs;  ///< full names and ids

  /// The full name that a base stands for, in git's order; nothing when there is none.
  /// @source gitrevisions(7)
  [[nodiscard]] std::optional<std::string> ref_for(std::string_view base) const;
  [[nodiscard]] std::vector<std::string> short_names() const;
};
[[nodiscard]] Advertised parse_advertised(std::string_view text);

/// What is asked of ls-remote for a base.
[[nodiscard]] std::vector<std::string> patterns_for(const Wanted& wanted);

/// Why git did not do it, out of what it and ssh wrote on stderr.
[[nodiscard]] Error explain_failure(const RemoteUrl& url, std::string_view complaints);

/// Whether ssh refused because it has never seen the host's key.
[[nodiscard]] bool is_unknown_host(std::string_view complaints);

}  // namespace slipway::git
