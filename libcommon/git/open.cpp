// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "git/handle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace slipway::git {

namespace {

/// git_error_code has it since 1.4.3; the name came with 1.5.
constexpr int other_owner = -36;

/// The path of a location on this machine.
std::filesystem::path local_path(const std::string& location) {
  constexpr std::string_view scheme = "file://";
  if (!location.starts_with(scheme)) return location;
  auto rest = std::string_view(location).substr(scheme.size());
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  const auto path = text::percent_decode(rest);
  if (!path || !path->starts_with('/'))
    throw Error(failure::bad_usage, fmt::format("'{}' is not a file URL of this machine", location),
                "file:///absolute/path");
  return *path;
}

std::string absolute(const char* path) {
  std::string out = std::filesystem::path(path).lexically_normal().string();
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

std::string location_of(git_repository* handle) {
  const char* work = lib().repository_workdir(handle);
  return absolute(work != nullptr ? work : lib().repository_path(handle));
}

/// What lies above `path`, for the hint of an error; empty when there is no repository.
std::string repository_above(const std::filesystem::path& path) {
  git_buf found = GIT_BUF_INIT;
  std::string out;
  if (lib().repository_discover(&found, path.c_str(), 0, nullptr) == 0) {
    git_repository* handle = nullptr;
    if (lib().repository_open(&handle, found.ptr) == 0) {
      const RepositoryHandle owner(handle);
      out = location_of(handle);
    }
  }
  lib().buf_dispose(&found);
  return out;
}

/// libgit2 1.5 gives another code than GIT_EOWNER when the user has no safe.directory at all.
bool belongs_to_another(int code) {
  return code == other_owner || (code == GIT_ENOTFOUND && last_message().find("safe.directory") != std::string::npos);
}

/// What a name says it is, whether or not that is there; nothing when there is no such name.
std::optional<ObjectId> target_of(const Store& store, const std::string& name) {
  git_reference* found = nullptr;
  if (lib().reference_dwim(&found, store.handle.get(), name.c_str()) != 0) return std::nullopt;
  const ReferenceHandle owner(found);
  git_reference* last = nullptr;
  if (lib().reference_resolve(&last, found) != 0) return std::nullopt;
  const ReferenceHandle end(last);
  const auto* target = lib().reference_target(last);
  return target != nullptr ? std::optional(id_of(*target)) : std::nullopt;
}

[[noreturn]] void fail_open(int code, const std::string& location, const std::filesystem::path& path) {
  if (belongs_to_another(code))
    throw Error(
        failure::denied, fmt::format("'{}' belongs to another user, so git does not trust it", location),
        fmt::format("git config --global --add safe.directory {}", absolute(std::filesystem::absolute(path).c_str())));
  std::error_code fault;
  if (!std::filesystem::exists(path, fault)) {
    if (fault) throw Error(failure::read_failed, fmt::format("cannot look at '{}': {}", location, fault.message()));
    throw Error(failure::not_found, fmt::format("there is no repository '{}'", location));
  }
  if (code == GIT_ENOTFOUND) {
    const auto above = repository_above(path);
    throw Error(failure::not_found, fmt::format("'{}' is not a git repository", location),
                above.empty() ? std::string() : fmt::format("it lies inside {}: name that", above));
  }
  throw Error(failure::read_failed, fmt::format("cannot open the repository '{}': {}", location, last_message()));
}

}  // namespace

std::string without_credentials(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto host = scheme + 3;
  const auto at = url.substr(host, url.find('/', host) - host).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(host + at + 1));
}

std::string repair_hint(const Store& store) {
  if (store.is_mirror) return "config-get cache prune --unused 0s, then again";
  return fmt::format("git -C {} fsck says what is damaged; clone it again", store.location);
}

std::string last_message() {
  const git_error* error = lib().error_last();
  return error != nullptr && error->message != nullptr ? error->message : "libgit2 does not say why";
}

std::optional<ObjectId> ObjectId::parse(std::string_view hex) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (hex.size() != GIT_OID_HEXSZ || !std::ranges::all_of(hex, is_digit)) return std::nullopt;
  return ObjectId(std::string(hex));
}

Repository::Repository(std::unique_ptr<Store> store) : store_(std::move(store)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

const std::string& Repository::location() const { return store_->location; }

bool Repository::is_bare() const { return lib().repository_is_bare(store_->handle.get()) == 1; }

bool Repository::is_remote(std::string_view location) {
  if (const auto scheme = location.find("://"); scheme != std::string_view::npos)
    return location.substr(0, scheme) != "file";
  // user@host:path and host:path, as ssh and git take them; a slash before the colon makes it a path.
  const auto colon = location.find(':');
  return colon != std::string_view::npos && colon != 0 && location.find('/') > colon;
}

Repository Repository::open(const std::string& location) {
  if (location.empty()) throw Error(failure::bad_usage, "the repository's location is empty");
  std::error_code fault;
  if (is_remote(location) && !std::filesystem::exists(location, fault))
    throw Error(failure::bad_usage,
                fmt::format("'{}' is on another host; only a repository on this machine is read",
                            without_credentials(location)),
                fmt::format("git clone --bare {} config.git, then name config.git", without_credentials(location)));
  const auto path = local_path(location);
  auto store = std::make_unique<Store>();
  git_repository* handle = nullptr;
  const int code = lib().repository_open_ext(&handle, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code != 0) fail_open(code, location, path);
  store->handle.reset(handle);
  store->location = location_of(handle);
  return Repository(std::move(store));
}

Repository Repository::open_mirror(const std::filesystem::path& path, const std::string& url) {
  auto store = std::make_unique<Store>();
  git_repository* handle = nullptr;
  if (const int code = lib().repository_open_bare(&handle, path.c_str()); code != 0)
    fail_open(code, path.string(), path);
  store->handle.reset(handle);
  store->location = url;
  store->is_mirror = true;
  return Repository(std::move(store));
}

std::optional<Repository> Repository::discover(const std::filesystem::path& inside) {
  auto store = std::make_unique<Store>();
  git_repository* handle = nullptr;
  const int code = lib().repository_open_ext(&handle, inside.c_str(), 0, nullptr);
  if (code == GIT_ENOTFOUND && !belongs_to_another(code)) return std::nullopt;
  if (code != 0) fail_open(code, inside.string(), inside);
  store->handle.reset(handle);
  store->location = location_of(handle);
  return Repository(std::move(store));
}

std::vector<std::string> Repository::refs() const {
  std::vector<std::string> names;
  git_reference_iterator* iterator = nullptr;
  if (lib().reference_iterator_new(&iterator, store_->handle.get()) != 0) return names;
  const ReferencesHandle owner(iterator);
  const char* name = nullptr;
  while (lib().reference_next_name(&name, iterator) == 0) {
    auto ref = std::string_view(name);
    for (const std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/remotes/"}) {
      if (!ref.starts_with(prefix)) continue;
      names.emplace_back(ref.substr(prefix.size()));
      break;
    }
  }
  std::ranges::sort(names);
  return names;
}

ObjectId Repository::resolve(std::string_view revision) const {
  const std::string wanted(revision.empty() ? "HEAD" : revision);
  git_object* found = nullptr;
  int code = lib().revparse_single(&found, store_->handle.get(), wanted.c_str());
  if (code == GIT_ENOTFOUND)
    code = lib().revparse_single(&found, store_->handle.get(), ("refs/remotes/origin/" + wanted).c_str());
  const ObjectHandle owner(found);
  if (code == GIT_EAMBIGUOUS)
    throw Error(failure::not_found, fmt::format("'{}' is the beginning of more than one id in {}", wanted, location()));
  if (code == GIT_EINVALIDSPEC) throw Error(failure::bad_usage, fmt::format("'{}' is not a revision", wanted));
  if (code == GIT_ENOTFOUND) {
    if (const auto lost = target_of(*store_, wanted))
      throw Error(failure::unreachable,
                  fmt::format("{} lacks the object {} that '{}' names", location(), lost->hex(), wanted),
                  repair_hint(*store_));
    if (lib().repository_is_empty(store_->handle.get()) == 1 || (wanted == "HEAD" && refs().empty()))
      throw Error(failure::not_found, fmt::format("{} has no commit yet", location()));
    if (wanted == "HEAD")
      throw Error(failure::not_found, fmt::format("HEAD of {} names a branch that is not there", location()),
                  fmt::format("name a branch; there are {}", text::join(refs(), ", ")));
    throw Error(failure::not_found, fmt::format("there is no branch, tag or commit '{}' in {}{}", wanted, location(),
                                                text::did_you_mean(wanted, refs())));
  }
  if (code != 0)
    throw Error(failure::read_failed, fmt::format("cannot resolve '{}' in {}: {}", wanted, location(), last_message()),
                repair_hint(*store_));
  git_object* peeled = nullptr;
  if (lib().object_peel(&peeled, found, GIT_OBJECT_COMMIT) != 0)
    throw Error(failure::not_found, fmt::format("'{}' in {} is no commit", wanted, location()));
  const ObjectHandle commit(peeled);
  return id_of(*lib().object_id(peeled));
}

}  // namespace slipway::git
