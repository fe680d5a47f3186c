// SPDX-License-Identifier: Apache-2.0
#include "git/remote.hpp"

#include "core/text.hpp"
#include "git/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::git {

namespace {

constexpr std::size_t id_digits = 40;
constexpr std::size_t fewest_digits = 4;  // git's own limit for short ids

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// An option, a line of its own, or another program's word would change what git does.
void check_word(std::string_view word, std::string_view what, std::string_view shown) {
  const bool controls = std::ranges::any_of(word, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (word.empty() || word.front() == '-' || controls)
    throw Error(failure::bad_usage, fmt::format("'{}' has no {} that can be used", text::printable(shown), what));
}

/// The last lines that say something, for what is not known better.
std::string gist(std::string_view complaints) {
  std::string found;
  for (const auto& line : text::split(complaints, '\n')) {
    const auto words = text::trim(line);
    for (const std::string_view prefix : {"fatal: ", "error: ", "remote: "})
      if (words.starts_with(prefix) && words.size() > prefix.size()) found = words.substr(prefix.size());
  }
  if (found.empty())
    for (const auto& line : text::split(complaints, '\n'))
      if (!text::trim(line).empty()) found = text::trim(line);
  return text::printable(found);
}

}  // namespace

Wanted parse_revision(std::string_view revision) {
  const auto end = revision.find_first_of("~^:@{");
  Wanted out;
  out.base = revision.substr(0, end);
  const auto rest = end == std::string_view::npos ? std::string_view() : revision.substr(end);
  if (rest.starts_with(':') || rest.find('{') != std::string_view::npos ||
      (rest.starts_with('@') && rest != "@" && !rest.starts_with("@~") && !rest.starts_with("@^"))) {
    // `^{commit}` says only what is meant anyway; everything else asks for what no server tells.
    if (rest != "^{commit}" && rest != "^{}" && rest != "^0")
      throw Error(failure::bad_usage,
                  fmt::format("'{}' cannot be asked of another host; name a branch, tag or commit", revision));
  } else {
    out.history = rest.find_first_of("~^") != std::string_view::npos && rest != "^0";
  }
  for (const std::string_view prefix : {"refs/heads/", "refs/tags/"})
    if (out.base.starts_with(prefix)) out.base.erase(0, prefix.size());
  if (out.base == "HEAD") out.base.clear();
  if (!out.base.empty()) check_word(out.base, "name", revision);
  out.is_id = out.base.size() == id_digits && is_hex(out.base);
  out.may_be_id = out.base.size() >= fewest_digits && out.base.size() <= id_digits && is_hex(out.base);
  return out;
}

RemoteUrl parse_remote(std::string_view location) {
  RemoteUrl out;
  const auto scheme_end = location.find("://");
  if (scheme_end == std::string_view::npos) {
    const auto colon = location.find(':');
    if (location.substr(colon).starts_with("::"))
      throw Error(failure::bad_usage,
                  fmt::format("'{}' names a helper program, not a host", text::printable(location)));
    const auto who = location.substr(0, colon);
    const auto at = who.rfind('@');
    out.host = who.substr(at == std::string_view::npos ? 0 : at + 1);
    check_word(who, "host", location);
    check_word(out.host, "host", location);
    out.text = location;
    out.is_ssh = true;
    return out;
  }
  const auto scheme = text::lower(location.substr(0, scheme_end));
  constexpr std::array<std::string_view, 4> known{"https", "http", "ssh", "git"};
  if (std::ranges::find(known, scheme) == known.end())
    throw Error(failure::bad_usage, fmt::format("'{}' cannot be fetched; a registry is read by https, ssh or git",
                                                text::printable(scheme)));
  out.is_ssh = scheme == "ssh";
  auto rest = location.substr(scheme_end + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, slash);
  const auto at = authority.rfind('@');
  const auto user = at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  const auto colon = authority.starts_with('[') ? authority.find(':', authority.find(']')) : authority.find(':');
  out.host = authority.substr(0, colon);
  if (colon != std::string_view::npos) out.port = authority.substr(colon + 1);
  check_word(out.host, "host", without_credentials(location));
  const auto split = user.find(':');
  const auto name = user.substr(0, split);
  if (split != std::string_view::npos || (!out.is_ssh && !user.empty())) {
    const auto plain_name = text::percent_decode(name);
    const auto plain_word =
        text::percent_decode(split == std::string_view::npos ? std::string_view() : user.substr(split + 1));
    if (!plain_name || !plain_word)
      throw Error(failure::bad_usage, fmt::format("'{}' has a broken percent escape", without_credentials(location)));
    out.username = *plain_name;
    out.password = *plain_word;
    if (text::contains_any(out.username + out.password, {"\n", std::string_view("\0", 1)}))
      throw Error(failure::bad_usage,
                  fmt::format("the credentials in '{}' have a line break", without_credentials(location)));
    if (out.is_ssh && !out.password.empty())
      throw Error(failure::bad_usage,
                  fmt::format("'{}' carries a password, which ssh takes from nobody", without_credentials(location)),
                  "an ssh key, in the agent or in ~/.ssh/config");
  }
  const bool keeps_user = out.is_ssh && !name.empty();
  out.text =
      fmt::format("{}://{}{}{}", scheme, keeps_user ? std::string(name) + "@" : "", authority, rest.substr(slash));
  return out;
}

std::optional<std::string> Advertised::ref_for(std::string_view base) const {
  if (base.empty()) {
    if (!head.empty() && refs.contains(head)) return head;
    return refs.contains("HEAD") ? std::optional<std::string>("HEAD") : std::nullopt;
  }
  for (const std::string_view prefix : {"refs/tags/", "refs/heads/"})
    if (auto name = fmt::format("{}{}", prefix, base); refs.contains(name)) return name;
  return std::nullopt;
}

std::vector<std::string> Advertised::short_names() const {
  std::vector<std::string> out;
  for (const auto& [name, id] : refs)
    for (const std::string_view prefix : {"refs/tags/", "refs/heads/"})
      if (name.starts_with(prefix) && !name.ends_with("^{}")) out.push_back(name.substr(prefix.size()));
  return out;
}

Advertised parse_advertised(std::string_view text) {
  Advertised out;
  for (const auto& line : text::split(text, '\n')) {
    const auto tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const auto left = line.substr(0, tab);
    const auto name = line.substr(tab + 1);
    constexpr std::string_view symbolic = "ref: ";
    if (left.starts_with(symbolic)) {
      if (name == "HEAD") out.head = left.substr(symbolic.size());
    } else if (left.size() == id_digits && is_hex(left)) {
      out.refs.emplace(name, left);
      // Only HEAD itself is asked for, not the branch behind it.
      if (name == "HEAD" && !out.head.empty()) out.refs.emplace(out.head, left);
    }
  }
  return out;
}

std::vector<std::string> patterns_for(const Wanted& wanted) {
  if (wanted.base.empty()) return {"HEAD"};
  return {"HEAD", "refs/heads/" + wanted.base, "refs/tags/" + wanted.base};
}

bool is_unknown_host(std::string_view complaints) {
  return text::contains_any(complaints, {"host key is known for"}) &&
         text::contains_any(complaints, {"Host key verification failed"});
}

Error explain_failure(const RemoteUrl& url, std::string_view complaints) {
  const auto place = [&](Error error) { return std::move(error.add_place("git fetch " + url.text)); };
  if (text::contains_any(complaints, {"No space left on device", "Disk quota exceeded"}))
    return place(Error(failure::write_failed, "the disk of the cache is full",
                       "config-get cache prune, or set XDG_CACHE_HOME to where there is room"));
  if (text::contains_any(
          complaints, {"REMOTE HOST IDENTIFICATION HAS CHANGED", "host key for", "has changed and you have requested"}))
    return place(Error(failure::denied, fmt::format("the host key of {} is not the one in known_hosts", url.host),
                       fmt::format("ask its owner; only when the new key is right: ssh-keygen -R {}",
                                   url.port.empty() ? url.host : fmt::format("'[{}]:{}'", url.host, url.port))));
  if (text::contains_any(complaints, {"Host key verification failed"}))
    return place(Error(failure::denied, fmt::format("the host key of {} is not in known_hosts", url.host),
                       fmt::format("ssh-keyscan {}{} >> ~/.ssh/known_hosts, after comparing the fingerprint",
                                   url.port.empty() ? "" : "-p " + url.port + " ", url.host)));
  if (text::contains_any(complaints, {"Permission denied (", "Too many authentication failures"}))
    return place(Error(failure::denied, fmt::format("{} takes none of the ssh keys that were offered", url.host),
                       fmt::format("ssh-add -l; ssh -G {} | grep identityfile", url.host)));
  if (text::contains_any(complaints,
                         {"could not read Username", "could not read Password", "terminal prompts disabled"}))
    return place(Error(failure::denied,
                       fmt::format("{} asks for a user name and a password, and there are none", url.host),
                       "~/.netrc, or a git credential helper"));
  if (text::contains_any(complaints, {"Authentication failed for", "returned error: 401", "returned error: 403",
                                      "access denied", "Access denied"}))
    return place(Error(failure::denied,
                       fmt::format("{} refused the credentials from {}", url.host,
                                   !url.username.empty() ? "the URL" : "~/.netrc or the git credential helper"),
                       "correct what is stored there"));
  if (text::contains_any(complaints, {"SSL certificate problem", "server certificate verification failed",
                                      "certificate verify failed", "server verification failed"}))
    return place(Error(failure::denied, fmt::format("the certificate of {} is not trusted", url.host),
                       "git config --global http.sslCAInfo FILE, or GIT_SSL_CAINFO"));
  if (text::contains_any(complaints, {"Repository not found", "repository not found",
                                      "does not appear to be a git repository", "not found", "does not exist"}) &&
      !text::contains_any(complaints, {"Could not resolve", "remote ref"}))
    return place(Error(failure::not_found, fmt::format("there is no repository {}", url.text)));
  if (text::contains_any(complaints,
                         {"couldn't find remote ref", "not our ref", "Server does not allow request for unadvertised"}))
    return place(Error(failure::not_found, fmt::format("{} does not have this commit", url.text)));
  return place(Error(failure::unreachable, fmt::format("{} cannot be reached: {}", url.text, gist(complaints)),
                     "--offline reads what was fetched before"));
}

}  // namespace slipway::git
