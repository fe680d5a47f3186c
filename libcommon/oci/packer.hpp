// SPDX-License-Identifier: Apache-2.0
// Layers on their way from a reader to an upload, compressed by many threads, in bounded memory: raw
// blocks go in, gzip members come out in order, hashed. A layer that stays within its window is kept
// whole, so that the registry can be asked for it before it is sent; a larger one is sent as it comes.
#pragma once

#include "http/client.hpp"
#include "oci/compress.hpp"
#include "oci/decode.hpp"
#include "oci/digest.hpp"
#include "oci/workers.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

/// Bytes that may be in memory at the same time.
class Budget {
 public:
  explicit Budget(std::uint64_t bytes) : left_(static_cast<std::int64_t>(bytes)) {}
  /// Waits until so much is free. False when nobody is to wait any more.
  [[nodiscard]] bool take(std::uint64_t bytes);
  void give(std::uint64_t bytes) noexcept;
  void close() noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::int64_t left_;
  bool stopped_ = false;
};

class Packer;

/// What becomes of a layer's bytes.
struct Packed {
  /// Kept as they are, whatever they are, instead of being compressed where they are not yet.
  bool as_is = false;
  std::optional<Digest> promised = {};  ///< the digest of what is sent, where it is known before,
  std::uint64_t size = 0;               ///< and its size
};

/// One layer. write() and finish() belong to the reader's thread; the rest is for others.
class PackedLayer : public std::enable_shared_from_this<PackedLayer> {
 public:
  PackedLayer(Packer& packer, std::string name, Packed how);
  ~PackedLayer();
  PackedLayer(const PackedLayer&) = delete;
  PackedLayer& operator=(const PackedLayer&) = delete;

  /// A layer that comes as gzip or zstd is kept as it is, unless all are to be of one kind.
  /// @throws Error bad_input for other packings and damaged ones; what ended the packer
  void write(std::string_view bytes);
  void finish();

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Whether it outgrew its window, so that it must be read while it grows.
  [[nodiscard]] bool overflowed() const;
  /// Until the layer is complete. @throws what ended the packer; Error bad_input when it is not what was promised
  void wait();
  [[nodiscard]] const Packed& how() const { return how_; }

  // Of a complete layer.
  [[nodiscard]] const Digest& digest() const { return *digest_; }  ///< of what is sent
  [[nodiscard]] const Digest& diff_id() const {
    return *diff_id_;
  }  ///< of the tar in it; of one kept as it is: the same
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t raw_size() const { return raw_size_; }
  [[nodiscard]] bool as_it_came() const { return kept_; }
  /// Of what is sent; plain for one that is kept whatever it is.
  [[nodiscard]] Packing packing() const;
  /// The whole of a layer that did not overflow, as often as wanted.
  [[nodiscard]] http::Body open();

  /// The next bytes of one that overflowed; http::Body::later while there are none. What was read is gone.
  [[nodiscard]] std::size_t read(char* into, std::size_t size);
  /// Nobody will read it any more: only its digest is still made.
  void discard();

 private:
  friend class Packer;
  struct Slot {
    std::string raw;
    std::string packed;
    bool done = false;
  };

  void begin();
  void take(std::string_view bytes);
  void fill(std::string_view bytes);
  void flush();
  void take_raw(std::string_view raw);
  void append_done(std::unique_lock<std::mutex>& lock);
  void drop_pieces();

  Packer& packer_;
  std::string name_;
  Packed how_;

  // The reader's.
  std::string block_;
  Hasher raw_hasher_;
  std::uint64_t raw_size_ = 0;
  std::string head_;  ///< until it is known what it is
  bool begun_ = false;
  bool flushed_ = false;
  bool kept_ = false;
  Packing packing_ = Packing::plain;
  std::optional<Decoder> decoder_;

  mutable std::mutex mutex_;
  std::condition_variable completed_;
  std::deque<std::shared_ptr<Slot>> order_;  ///< blocks in order, compressed or not
  bool appending_ = false;                   ///< one thread at a time hashes what is done
  Hasher hasher_;
  std::deque<std::string> pieces_;
  std::size_t offset_ = 0;  ///< in the first piece, for read()
  std::uint64_t size_ = 0;
  bool overflowed_ = false;
  bool discarded_ = false;
  bool raw_done_ = false;
  std::optional<Digest> digest_;
  std::optional<Digest> diff_id_;
};

class Packer {
 public:
  struct Hooks {
    /// A layer is complete, or has outgrown its window: once for each. In one of the packer's threads.
    std::function<void(std::shared_ptr<PackedLayer>)> ready;
    std::function<void()> more;  ///< a layer that overflowed has more bytes to read
    std::function<void(std::exception_ptr)> failed;
  };
  struct Kind {
    Profile profile = best_profile();
    bool all = false;  ///< layers that come packed otherwise are packed anew
  };
  /// @param memory bytes for all layers; a quarter of it is the window of each
  Packer(int threads, std::uint64_t memory, Hooks hooks, Kind kind);
  Packer(int threads, std::uint64_t memory, Hooks hooks) : Packer(threads, memory, std::move(hooks), Kind{}) {}
  ~Packer() { stop(nullptr); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  [[nodiscard]] std::shared_ptr<PackedLayer> begin(std::string name, Packed how = {});
  /// Something else to do in the same threads; wait() waits for it, too.
  void add(std::function<void()> task) { workers_.add(std::move(task)); }
  /// Until all that was written is compressed, and ready() has been told. @throws Error interrupted, timed_out
  void wait(const io::Run& run) { workers_.wait(run); }
  /// Ends everything; whoever waits gets `why`. Does not wait for the threads.
  void stop(std::exception_ptr why) noexcept;

 private:
  friend class PackedLayer;
  void check() const;
  /// An empty block with room for one block's bytes: one that has done its work, if there is one.
  /// What a packed piece takes of the budget: a block that has grown no more than a block.
  [[nodiscard]] std::uint64_t charge(const std::string& piece) const {
    return std::min<std::uint64_t>(piece.size(), block_);
  }
  [[nodiscard]] std::string fresh_block();
  void give_back(std::string block);

  Hooks hooks_;
  Kind kind_;
  std::uint64_t block_;  ///< bytes
  std::uint64_t window_;
  Budget budget_;
  /// Blocks that are not compressed yet: a few for each thread are enough, and more would take the memory that those
  /// who wait for the network need.
  Budget raw_blocks_;
  mutable std::mutex mutex_;
  std::exception_ptr reason_;
  std::atomic<bool> stopped_ = false;
  std::vector<std::weak_ptr<PackedLayer>> layers_;
  std::mutex spare_mutex_;
  std::vector<std::string> spare_blocks_;
  std::vector<BlockCompressor> compressors_;  ///< those not in use; as many as there are threads
  Workers workers_;
};

}  // namespace slipway::oci
