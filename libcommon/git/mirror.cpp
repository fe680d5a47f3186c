// SPDX-License-Identifier: Apache-2.0
// A mirror is a bare repository under a name made of its URL, with a file beside git's own that says which refs were
// fetched when. What a fetch that was killed leaves behind is never taken for more than it is: git moves finished packs
// into place by renaming them, only refs that a finished fetch wrote are believed, and locks of the dead are removed by
// whoever holds the mirror's own lock next, which the kernel gives back when the last process of a fetch is gone.
#include "git/mirror.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"
#include "git/fetch.hpp"
#include "git/mirror_files.hpp"
#include "git/remote.hpp"
#include "hash/sha2.hpp"
#include "process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace slipway::git {

namespace {

namespace files = std::filesystem;
using Clock = std::chrono::system_clock;

/// The mirror, if what `wanted` means is whole in it.
std::optional<Repository> usable(const files::path& mirror, const std::string& url, std::string_view revision,
                                 bool history) {
  std::error_code fault;
  if (!files::exists(mirror / "objects", fault)) return std::nullopt;
  auto repository = Repository::open_mirror(mirror, url);
  if (history && is_shallow(mirror)) return std::nullopt;
  try {
    static_cast<void>(repository.resolve(revision));
  } catch (const Error& error) {
    if (error.failure().id != failure::not_found.id && error.failure().id != failure::unreachable.id) throw;
    return std::nullopt;
  }
  ::utimensat(AT_FDCWD, (mirror / state_name).c_str(), nullptr, 0);  // for prune; a read-only cache may refuse
  return repository;
}

void make_cache(const files::path& cache) {
  std::error_code fault;
  files::create_directories(cache, fault);
  if (fault) fail_write(cache, fault.value());
}

Mirror described(const files::path& path) {
  Mirror out;
  out.path = path;
  const auto state = MirrorState::of(path);
  out.url = state.url();
  out.refs = state.bases();
  struct stat info{};
  if (::stat((path / state_name).c_str(), &info) == 0) out.used = Clock::from_time_t(info.st_mtime);
  std::error_code fault;
  for (const auto& entry : files::recursive_directory_iterator(path, fault))
    if (entry.is_regular_file(fault)) out.bytes += entry.file_size(fault);
  return out;
}

}  // namespace

Mirrors::Mirrors(MirrorPolicy policy, Environment env, const io::Run& run)
    : policy_(policy), env_(std::move(env)), run_(run) {}

files::path Mirrors::cache() const {
  if (const auto set = env_("XDG_CACHE_HOME"); set && set->starts_with('/')) return files::path(*set) / "config-get";
  if (const auto home = env_("HOME"); home && !home->empty()) return files::path(*home) / ".cache" / "config-get";
  throw Error(failure::bad_setup, "neither XDG_CACHE_HOME nor HOME says where registries of other hosts are kept");
}

Repository Mirrors::open(const std::string& location, std::string_view revision, bool history) const {
  const auto url = parse_remote(location);
  const auto wanted = parse_revision(revision);
  const bool with_history = history || wanted.history;
  const auto name = hash::sha256_hex(url.text);
  const auto cache = this->cache();
  const auto mirror = cache / (name + ".git");
  const auto begun = Clock::now();
  const auto fresh = [&](const MirrorState& state) {
    const auto fetched = state.fetched(wanted.base);
    return fetched && (*fetched >= begun || (policy_.max_age && begun - *fetched <= *policy_.max_age));
  };
  std::error_code fault;
  const bool there = files::exists(mirror, fault);
  // A commit is what it is for ever; anything else may have moved.
  if (there && (wanted.is_id || policy_.offline || fresh(MirrorState::of(mirror))))
    if (auto repository = usable(mirror, url.text, revision, with_history)) return std::move(*repository);
  if (policy_.offline)
    throw Error(failure::unreachable,
                there ? fmt::format("'{}' of {} was not fetched{} before, and this is --offline",
                                    revision.empty() ? "HEAD" : revision, url.text,
                                    with_history ? " with its history" : "")
                      : fmt::format("{} was never fetched, and this is --offline", url.text),
                "config-get fetch, while there is a connection");
  make_cache(cache);
  const auto lock = MirrorLock::take(cache / (name + ".lock"), policy_.lock_timeout, run_);
  if (!lock)
    throw Error(failure::busy, fmt::format("another run is still fetching {}", url.text),
                "--lock-timeout DURATION waits longer; --offline reads what is there");
  if (fresh(MirrorState::of(mirror)))  // whoever held the lock has done it
    if (auto repository = usable(mirror, url.text, revision, with_history)) return std::move(*repository);
  bring(mirror, url, wanted, with_history, env_, run_, lock->fd());
  return Repository::open_mirror(mirror, url.text);
}

std::vector<Mirror> Mirrors::list() const {
  std::vector<Mirror> out;
  std::error_code fault;
  for (const auto& entry : files::directory_iterator(cache(), fault))
    if (entry.path().extension() == ".git") out.push_back(described(entry.path()));
  std::ranges::sort(out, {}, [](const Mirror& one) { return std::pair(one.url, one.path); });
  return out;
}

std::vector<Mirror> Mirrors::prune(std::chrono::milliseconds unused, bool dry) const {
  std::vector<Mirror> out;
  const auto cache = this->cache();
  const auto before = Clock::now() - unused;
  for (auto& one : list()) {
    const auto stem = one.path.stem().string();
    const bool unwanted = one.url.empty() || one.used <= before;
    if (dry) {
      if (unwanted) out.push_back(std::move(one));
      continue;
    }
    const auto lock = MirrorLock::take(cache / (stem + ".lock"), {}, run_);
    if (!lock) continue;
    sweep(one.path);
    if (!unwanted) continue;
    // Out of the way first: a reader that comes now finds no mirror, not half of one.
    const files::path away = one.path.string() + ".tmp-gone";
    if (::rename(one.path.c_str(), away.c_str()) != 0) fail_write(cache, errno);
    std::error_code fault;
    files::remove_all(away, fault);
    if (fault) fail_write(cache, fault.value());
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::pair<Mirror, std::string>> Mirrors::verify() const {
  std::vector<std::pair<Mirror, std::string>> out;
  for (auto& one : list()) {
    const auto outcome = process::run({.argv = {"git", "--git-dir=" + one.path.string(), "fsck", "--connectivity-only",
                                                "--no-dangling", "--no-progress"},
                                       .env = {{"LC_ALL", "C"}}},
                                      run_);
    if (!outcome.ok()) out.emplace_back(std::move(one), text::printable(text::trim(outcome.err_tail + outcome.out)));
    else if (one.url.empty()) out.emplace_back(std::move(one), "a fetch into it was never finished");
  }
  return out;
}

}  // namespace slipway::git
