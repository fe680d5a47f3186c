// SPDX-License-Identifier: Apache-2.0
// One list of objects kept current: LIST, then WATCH with bookmarks from the list's version on.
// Reconnects by itself, lists anew when the server has forgotten (410). What it saw is told through
// a callback from within Client calls and transport().drive(); it decides nothing.
// @source Kubernetes API concepts, "Efficient detection of changes"
#pragma once

#include "kube/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace slipway::kube {

/// Cuts a byte stream into JSON objects, whatever the chunks: one may span several, or share one.
class JsonSplitter {
 public:
  explicit JsonSplitter(std::size_t limit = 16U << 20U) : limit_(limit) {}
  /// Calls `object` for every one that is complete now.
  /// @throws Error protocol for what is no object or is larger than the limit
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& object);
  /// Bytes of an object that has begun.
  [[nodiscard]] std::size_t pending() const { return buffer_.size(); }
  void clear();

 private:
  std::size_t limit_;
  std::string buffer_;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

struct WatchOptions {
  std::string path;       ///< of the collection
  Query query;            ///< fieldSelector, labelSelector
  bool once = false;      ///< the list alone, no watch after it
  bool optional = false;  ///< a 403 ends it quietly instead of throwing: readable() tells
};

class Watch {
 public:
  enum class Change { replaced, set, deleted, listed, lost };
  /// `replaced`: a new list begins, forget what you have (object null); `set`: added or modified;
  /// `deleted`; `listed`: the list is complete (object null); `lost`: the connection is, step() has
  /// work and trouble() may say why (object null).
  using Sink = std::function<void(Change, nlohmann::json& object)>;

  Watch(Client& client, WatchOptions options, Sink sink);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  /// Starts or restarts what is due. Call it before each drive of the client's transport.
  /// @returns how long until it wants to be called again, at most a minute
  /// @throws Error denied, not_found and what else will not get better by itself
  std::chrono::milliseconds step(const io::Run& run);
  [[nodiscard]] bool synced() const;    ///< a list has been complete once
  [[nodiscard]] bool readable() const;  ///< false: forbidden (optional ones only)
  /// For how long nothing has been heard although something was asked; zero while all is well.
  [[nodiscard]] std::chrono::milliseconds out_of_contact() const;
  [[nodiscard]] const std::string& trouble() const;  ///< why, in a sentence

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::kube
