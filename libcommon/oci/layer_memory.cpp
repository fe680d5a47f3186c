// SPDX-License-Identifier: Apache-2.0
// A line of the file: CHECK DIFFID PROFILE DIGEST SIZE PLACE, where CHECK is the CRC-32 of the rest. It keeps
// what a full disk or a crash has cut or mixed from ever being read as a pair that nobody wrote.
#include "oci/layer_memory.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

namespace slipway::oci {

namespace {

constexpr int lock_tries = 50;
constexpr std::chrono::milliseconds lock_pause{10};

std::string check_of(std::string_view line) {
  return fmt::format("{:08x}", libdeflate_crc32(0, line.data(), line.size()));
}

/// Owned by us and by nobody else writable; what others can write is not to be believed.
bool is_ours(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Whether the path still leads to this open file: somebody may have put a shorter one in its place.
bool is_at(int fd, const std::filesystem::path& path) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

/// The file with its lock held; closed when it is busy for long, or not ours.
Fd open_locked(const std::filesystem::path& path) {
  for (int tries = 0; tries < lock_tries; ++tries) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.open() || !is_ours(file.get())) return {};
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
      if (is_at(file.get(), path)) return file;
    } else if (errno != EWOULDBLOCK) {
      return {};
    } else {
      std::this_thread::sleep_for(lock_pause);
    }
  }
  return {};
}

}  // namespace

std::optional<std::filesystem::path> LayerMemory::file_in(const Environment& env) {
  const auto get = [&](const char* name) -> std::optional<std::filesystem::path> {
    const auto value = env ? env(name) : std::nullopt;
    // A relative path is to be ignored. @source XDG Base Directory Specification
    return value && value->starts_with('/') ? std::optional<std::filesystem::path>(*value) : std::nullopt;
  };
  if (const auto cache = get("XDG_CACHE_HOME")) return *cache / "slipway/layers";
  if (const auto home = get("HOME")) return *home / ".cache/slipway/layers";
  return std::nullopt;
}

LayerMemory::LayerMemory(std::filesystem::path file) : file_(std::move(file)) {
  const Fd opened(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened.open()) return;
  if (!is_ours(opened.get())) {
    file_.clear();
    return;
  }
  try {
    take(fs::read_all(opened.get(), file_.native(), 2 * longest_file));
  } catch (const Error&) {
    blobs_.clear();  // too long or unreadable: the same as none
  }
}

void LayerMemory::take(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return;  // somebody is writing it just now
    static_cast<void>(take_line(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
}

bool LayerMemory::take_line(std::string_view line) {
  const auto body = line.substr(std::min<std::size_t>(line.size(), 9));
  if (line.size() < 10 || line[8] != ' ' || line.substr(0, 8) != check_of(body)) return false;
  const auto words = text::split(body, ' ');
  if (words.size() != 5) return false;
  const auto diff_id = Digest::parse(words[0]);
  const auto digest = Digest::parse(words[2]);
  std::uint64_t size = 0;
  const auto* const last = words[3].data() + words[3].size();
  const auto [tail, wrong] = std::from_chars(words[3].data(), last, size);
  if (!diff_id || !digest || wrong != std::errc{} || tail != last || words[4].empty()) return false;
  auto& blob = blobs_.try_emplace({*diff_id, words[1]}, RememberedBlob{*digest, size, {}}).first->second;
  // The same profile gives the same blob; should a new version of a library ever break that, the newer counts.
  if (blob.digest != *digest || blob.size != size) blob = {*digest, size, {}};
  std::erase(blob.places, words[4]);
  blob.places.push_back(words[4]);
  return true;
}

std::optional<RememberedBlob> LayerMemory::find(const Digest& diff_id, std::string_view profile) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find({diff_id, std::string(profile)});
  return found != blobs_.end() ? std::optional(found->second) : std::nullopt;
}

void LayerMemory::remember(const Digest& diff_id, std::string_view profile, const Digest& blob, std::uint64_t size,
                           const std::string& place) noexcept {
  try {
    if (file_.empty() || place.find_first_of(" \n") != std::string::npos) return;
    const auto body = fmt::format("{} {} {} {} {}", diff_id.text(), profile, blob.text(), size, place);
    const auto line = fmt::format("{} {}", check_of(body), body);
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find({diff_id, std::string(profile)});
    const bool known = found != blobs_.end() && found->second.digest == blob && found->second.size == size &&
                       std::ranges::find(found->second.places, place) != found->second.places.end();
    if (known || !take_line(line)) return;
    append(line + "\n");
  } catch (const std::exception&) {
    // A full disk, a home that cannot be written: the next push takes longer, that is all.
  }
}

void LayerMemory::append(const std::string& line) const {
  std::error_code ignored;
  if (std::filesystem::create_directories(file_.parent_path(), ignored))
    std::filesystem::permissions(file_.parent_path(), std::filesystem::perms::owner_all, ignored);
  const auto file = open_locked(file_);
  if (!file.open()) return;
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return;
  if (static_cast<std::uint64_t>(status.st_size) + line.size() <= longest_file) {
    // What a crash has cut off before must not swallow this line.
    char last = '\n';
    if (status.st_size > 0 && ::pread(file.get(), &last, 1, status.st_size - 1) != 1) return;
    return fs::write_all(file.get(), last == '\n' ? line : "\n" + line, file_.native());
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const auto got = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  text.erase(0, text.size() - std::min<std::size_t>(text.size(), longest_file / 2));
  text.erase(0, text.find('\n') + 1);
  fs::write_file(file_, text + line, 0600);
}

}  // namespace slipway::oci
