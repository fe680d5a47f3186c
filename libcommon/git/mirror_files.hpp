// SPDX-License-Identifier: Apache-2.0
// The files of a mirror: its own state, its lock, what killed runs left. Inside this room only.
#pragma once

#include "core/fs.hpp"
#include "io/events.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::git {

/// Beside git's own files: which refs were fetched when, as JSON.
inline constexpr std::string_view state_name = "slipway.json";

/// @throws Error write_failed for a full disk, else cannot_create; both with a way out
[[noreturn]] void fail_write(const std::filesystem::path& path, int code);
/// Whole or not at all, and not synced: what a crash of the machine takes is fetched again.
void write_whole(const std::filesystem::path& path, std::string_view content);

/// What is known of a mirror: when each base was fetched.
class MirrorState {
 public:
  using Clock = std::chrono::system_clock;

  /// Empty where there is none, or half of one.
  static MirrorState of(const std::filesystem::path& mirror);

  [[nodiscard]] std::string url() const { return document_.value("url", ""); }
  void set_url(const std::string& url) { document_["url"] = url; }
  /// @param base of git::Wanted; empty for the server's HEAD
  [[nodiscard]] std::optional<Clock::time_point> fetched(const std::string& base) const;
  void set_fetched(const std::string& base, Clock::time_point when);
  [[nodiscard]] std::vector<std::string> bases() const;

  void write(const std::filesystem::path& mirror) const { write_whole(mirror / state_name, document_.dump()); }

 private:
  nlohmann::json document_ = nlohmann::json::object();
};

/// One fetcher for each mirror. The lock is on a file beside it, so that the mirror itself can come and go.
class MirrorLock {
 public:
  /// @param wait zero: only if it is free
  /// @return nothing when others held it all the time
  static std::optional<MirrorLock> take(const std::filesystem::path& file, std::chrono::milliseconds wait,
                                        const io::Run& run);
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit MirrorLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// Removes locks, half packs and half mirrors of runs that are gone. Only for who holds the mirror's lock.
void sweep(const std::filesystem::path& mirror);
[[nodiscard]] std::size_t packs_of(const std::filesystem::path& mirror);
[[nodiscard]] bool is_shallow(const std::filesystem::path& mirror);

}  // namespace slipway::git
