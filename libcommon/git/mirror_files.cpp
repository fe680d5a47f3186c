// SPDX-License-Identifier: Apache-2.0
#include "git/mirror_files.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <thread>

namespace slipway::git {

namespace {

namespace files = std::filesystem;
using nlohmann::json;

constexpr std::chrono::milliseconds poll_interval{50};

std::string key_of(const std::string& base) { return base.empty() ? "HEAD" : base; }

bool is_lock_of_git(const files::path& path) { return path.extension() == ".lock"; }

}  // namespace

void fail_write(const files::path& path, int code) {
  const auto what = fmt::format("cannot write the cache {}: {}", path.string(), std::generic_category().message(code));
  if (code == ENOSPC || code == EDQUOT)
    throw Error(failure::write_failed, what, "config-get cache prune, or set XDG_CACHE_HOME to where there is room");
  throw Error(failure::cannot_create, what, "--offline reads what is there; XDG_CACHE_HOME names another place");
}

void write_whole(const files::path& path, std::string_view content) {
  const auto temporary = files::path(path.string() + ".new");
  {
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open()) fail_write(path.parent_path(), errno);
    std::size_t done = 0;
    while (done < content.size()) {
      const auto wrote = ::write(file.get(), content.data() + done, content.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) fail_write(path.parent_path(), errno);
      done += static_cast<std::size_t>(wrote);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail_write(path.parent_path(), errno);
}

MirrorState MirrorState::of(const files::path& mirror) {
  MirrorState state;
  std::error_code fault;
  if (!files::exists(mirror / state_name, fault)) return state;
  state.document_ = json::parse(fs::read_file(mirror / state_name), nullptr, false);
  if (!state.document_.is_object()) state.document_ = json::object();
  return state;
}

std::optional<MirrorState::Clock::time_point> MirrorState::fetched(const std::string& base) const {
  const auto refs = document_.find("refs");
  if (refs == document_.end() || !refs->is_object()) return std::nullopt;
  const auto one = refs->find(key_of(base));
  if (one == refs->end() || !one->is_number_integer()) return std::nullopt;
  return Clock::time_point(std::chrono::milliseconds(one->get<std::int64_t>()));
}

void MirrorState::set_fetched(const std::string& base, Clock::time_point when) {
  document_["refs"][key_of(base)] =
      std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

std::vector<std::string> MirrorState::bases() const {
  std::vector<std::string> out;
  if (const auto refs = document_.find("refs"); refs != document_.end())
    for (const auto& [name, when] : refs->items()) out.push_back(name);
  return out;
}

std::optional<MirrorLock> MirrorLock::take(const files::path& file, std::chrono::milliseconds wait,
                                           const io::Run& run) {
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.open()) fail_write(file.parent_path(), errno);
  struct flock all{};
  all.l_type = F_WRLCK;
  all.l_whence = SEEK_SET;
  const auto until = std::chrono::steady_clock::now() + wait;
  bool told = false;
  // Of the open file, not of the process: git and ssh below us hold it as long as they live.
  while (::fcntl(fd.get(), F_OFD_SETLK, &all) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) fail_write(file, errno);
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    if (!told) run.events.detail("another run fetches; waiting for it");
    told = true;
    run.check();
    std::this_thread::sleep_for(poll_interval);
  }
  return MirrorLock(std::move(fd));
}

void sweep(const files::path& mirror) {
  std::error_code fault;
  for (const auto& entry : files::directory_iterator(mirror.parent_path(), fault))
    if (entry.path().filename().string().starts_with(mirror.filename().string() + ".tmp"))
      files::remove_all(entry.path(), fault);
  if (!files::exists(mirror, fault)) return;
  std::vector<files::path> dead;
  for (const auto& entry : files::directory_iterator(mirror, fault))
    if (is_lock_of_git(entry.path())) dead.push_back(entry.path());
  for (const auto& entry : files::recursive_directory_iterator(mirror / "refs", fault))
    if (is_lock_of_git(entry.path())) dead.push_back(entry.path());
  for (const auto& entry : files::recursive_directory_iterator(mirror / "objects", fault)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("tmp_") || name.starts_with("incoming-") || is_lock_of_git(entry.path()))
      dead.push_back(entry.path());
  }
  for (const auto& path : dead) files::remove_all(path, fault);
}

std::size_t packs_of(const files::path& mirror) {
  std::error_code fault;
  std::size_t count = 0;
  for (const auto& entry : files::directory_iterator(mirror / "objects" / "pack", fault))
    if (entry.path().extension() == ".pack") ++count;
  return count;
}

bool is_shallow(const files::path& mirror) {
  std::error_code fault;
  return files::exists(mirror / "shallow", fault) && files::file_size(mirror / "shallow", fault) > 0;
}

}  // namespace slipway::git
