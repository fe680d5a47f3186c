// SPDX-License-Identifier: Apache-2.0
#include "oci/packer.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace slipway::oci {

bool Budget::take(std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return stopped_ || left_ >= static_cast<std::int64_t>(bytes); });
  if (stopped_) return false;
  left_ -= static_cast<std::int64_t>(bytes);
  return true;
}

void Budget::give(std::uint64_t bytes) noexcept {
  {
    const std::lock_guard lock(mutex_);
    left_ += static_cast<std::int64_t>(bytes);
  }
  freed_.notify_all();
}

void Budget::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  freed_.notify_all();
}

PackedLayer::PackedLayer(Packer& packer, std::string name, Packed how)
    : packer_(packer), name_(std::move(name)), how_(std::move(how)),
      hasher_(how_.promised ? how_.promised->algorithm() : "sha256") {
  block_ = packer_.fresh_block();
}

PackedLayer::~PackedLayer() { drop_pieces(); }

void PackedLayer::write(std::string_view bytes) {
  if (begun_) return take(bytes);
  head_ += bytes;
  if (head_.size() >= packing_signature) begin();
}

void PackedLayer::begin() {
  begun_ = true;
  if (!how_.as_is) packing_ = packing_of(head_);
  if (packing_ == Packing::xz || packing_ == Packing::bzip2)
    throw Error(failure::bad_input,
                fmt::format("layer {} in the archive is packed, and not with gzip or zstd", text::printable(name_)));
  const auto& kind = packer_.kind_;
  kept_ = how_.as_is || (packing_ != Packing::plain && (!kind.all || packing_ == packing_of(kind.profile)));
  if (packing_ != Packing::plain)
    decoder_.emplace(packing_, [this](std::string_view raw) { kept_ ? take_raw(raw) : fill(raw); });
  take(std::exchange(head_, {}));
}

void PackedLayer::take(std::string_view bytes) {
  if (decoder_ && !kept_) decoder_->feed(bytes);
  else fill(bytes);
}

void PackedLayer::fill(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, packer_.block_ - block_.size());
    block_ += part;
    bytes.remove_prefix(part.size());
    if (block_.size() == packer_.block_) flush();
  }
}

Packing PackedLayer::packing() const { return kept_ ? packing_ : packing_of(packer_.kind_.profile); }

void PackedLayer::take_raw(std::string_view raw) {
  raw_hasher_.update(raw);
  raw_size_ += raw.size();
}

void PackedLayer::flush() {
  flushed_ = true;
  if (!kept_ && !packer_.raw_blocks_.take(1)) packer_.check();
  if (!packer_.budget_.take(packer_.block_)) packer_.check();
  const auto slot = std::make_shared<Slot>();
  if (kept_) {
    if (decoder_) decoder_->feed(block_);
    slot->packed = block_;
    slot->done = true;
  } else {
    take_raw(block_);
    slot->raw = std::exchange(block_, {});
    block_ = packer_.fresh_block();
  }
  block_.clear();
  std::unique_lock lock(mutex_);
  order_.push_back(slot);
  if (slot->done) {
    packer_.budget_.give(packer_.block_ - slot->packed.size());
    return append_done(lock);
  }
  lock.unlock();
  packer_.workers_.add([layer = shared_from_this(), slot] {
    auto& packer = layer->packer_;
    std::optional<BlockCompressor> compressor;
    {
      const std::lock_guard compressors(packer.spare_mutex_);
      if (!packer.compressors_.empty()) {
        compressor.emplace(std::move(packer.compressors_.back()));
        packer.compressors_.pop_back();
      }
    }
    if (!compressor) compressor.emplace(packer.kind_.profile);
    const auto member = compressor->compress(slot->raw);
    std::unique_lock done(layer->mutex_);
    slot->packed = std::string(member);
    packer.give_back(std::exchange(slot->raw, {}));
    slot->done = true;
    packer.budget_.give(packer.block_ - packer.charge(slot->packed));
    packer.raw_blocks_.give(1);
    layer->append_done(done);
    const std::lock_guard compressors(packer.spare_mutex_);
    packer.compressors_.push_back(std::move(*compressor));
  });
}

void PackedLayer::finish() {
  if (!begun_) begin();
  if (decoder_ && !kept_) decoder_->finish();
  if (!block_.empty() || !flushed_) flush();
  if (decoder_ && kept_) decoder_->finish();
  packer_.give_back(std::exchange(block_, {}));
  std::unique_lock lock(mutex_);
  if (!how_.as_is) diff_id_ = raw_hasher_.finish();
  raw_done_ = true;
  append_done(lock);
}

/// Takes over what is compressed, in order. Called with the lock held; gives it back unlocked.
void PackedLayer::append_done(std::unique_lock<std::mutex>& lock) {
  if (appending_) return lock.unlock();
  appending_ = true;
  const bool was_overflowed = overflowed_;
  while (!order_.empty() && order_.front()->done) {
    auto packed = std::move(order_.front()->packed);
    order_.pop_front();
    lock.unlock();
    hasher_.update(packed);
    lock.lock();
    size_ += packed.size();
    if (discarded_) packer_.budget_.give(packer_.charge(packed));
    else pieces_.push_back(std::move(packed));
    overflowed_ = overflowed_ || size_ > packer_.window_;
  }
  appending_ = false;
  const bool complete = raw_done_ && order_.empty();
  if (complete) {
    digest_ = hasher_.finish();
    if (!diff_id_) diff_id_ = digest_;
  }
  const bool ready = overflowed_ ? !was_overflowed : complete;
  const bool more = overflowed_;
  lock.unlock();
  if (complete) completed_.notify_all();
  if (ready) packer_.hooks_.ready(shared_from_this());
  if (more) packer_.hooks_.more();
}

bool PackedLayer::overflowed() const {
  const std::lock_guard lock(mutex_);
  return overflowed_;
}

void PackedLayer::wait() {
  std::unique_lock lock(mutex_);
  completed_.wait(lock, [this] { return digest_ || packer_.stopped_.load(); });
  if (!digest_) packer_.check();
  if (how_.promised && digest_ && *digest_ != *how_.promised)
    throw Error(failure::bad_input,
                fmt::format("{} in the archive is damaged: it is {}", text::printable(name_), digest_->text()),
                "save the image again; no tag was moved");
}

http::Body PackedLayer::open() {
  struct Place {
    std::size_t piece = 0;
    std::size_t offset = 0;
  };
  const auto place = std::make_shared<Place>();
  return {.read = [layer = shared_from_this(), place](char* into, std::size_t size) -> std::size_t {
            if (place->piece == layer->pieces_.size()) return 0;
            const auto& piece = layer->pieces_[place->piece];
            const auto got = piece.copy(into, size, place->offset);
            place->offset += got;
            if (place->offset == piece.size()) *place = {.piece = place->piece + 1, .offset = 0};
            return got;
          },
          .size = size_,
          .rewind = [place] { *place = {}; }};
}

std::size_t PackedLayer::read(char* into, std::size_t size) {
  // After the end of the packer the body ends, too: only an upload that was ended in order can be given up.
  if (packer_.stopped_) return 0;
  const std::lock_guard lock(mutex_);
  if (pieces_.empty()) return digest_ ? 0 : http::Body::later;
  const auto& piece = pieces_.front();
  const auto got = piece.copy(into, size, offset_);
  offset_ += got;
  if (offset_ == piece.size()) {
    packer_.budget_.give(packer_.charge(piece));
    pieces_.pop_front();
    offset_ = 0;
  }
  return got;
}

void PackedLayer::discard() {
  const std::lock_guard lock(mutex_);
  discarded_ = true;
  drop_pieces();
}

void PackedLayer::drop_pieces() {
  for (const auto& piece : pieces_) packer_.budget_.give(packer_.charge(piece));
  pieces_.clear();
  offset_ = 0;
}

namespace {

int threads_or_all(int threads) {
  return threads > 0 ? threads : static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
}

/// What is left of `memory` for layers that wait for the network: blocks that are not compressed yet, and those of the
/// reader and of who sends, are within it as well. Half of it at least, which is two windows: a layer that is neither
/// complete nor has outgrown its window must never be what everybody waits for.
std::uint64_t left_for_packed(std::uint64_t memory, int threads, std::uint64_t block) {
  const auto at_work = block * static_cast<std::uint64_t>(2 * threads_or_all(threads) + 4);
  return std::max({memory > at_work ? memory - at_work : 0, memory / 2, 8 * block});
}

}  // namespace

Packer::Packer(int threads, std::uint64_t memory, Hooks hooks, Kind kind)
    : hooks_(std::move(hooks)), kind_(kind), block_(block_of(kind.profile)), window_(memory / 4),
      budget_(left_for_packed(memory, threads, block_)),
      raw_blocks_(static_cast<std::uint64_t>(2 * threads_or_all(threads))),
      workers_(threads_or_all(threads), [this](std::exception_ptr why) { hooks_.failed(std::move(why)); }) {}

std::string Packer::fresh_block() {
  std::string block;
  {
    const std::lock_guard lock(spare_mutex_);
    if (!spare_blocks_.empty()) {
      block = std::move(spare_blocks_.back());
      spare_blocks_.pop_back();
    }
  }
  block.clear();
  block.reserve(block_);
  return block;
}

void Packer::give_back(std::string block) {
  if (block.capacity() >= block_) {
    const std::lock_guard lock(spare_mutex_);
    spare_blocks_.push_back(std::move(block));
  }
}

std::shared_ptr<PackedLayer> Packer::begin(std::string name, Packed how) {
  auto layer = std::make_shared<PackedLayer>(*this, std::move(name), std::move(how));
  const std::lock_guard lock(mutex_);
  layers_.push_back(layer);
  return layer;
}

void Packer::check() const {
  const std::lock_guard lock(mutex_);
  if (reason_) std::rethrow_exception(reason_);
  if (stopped_) throw Error(failure::internal, "a layer was written after the end");
}

void Packer::stop(std::exception_ptr why) noexcept {
  std::vector<std::weak_ptr<PackedLayer>> layers;
  {
    const std::lock_guard lock(mutex_);
    if (!reason_) reason_ = std::move(why);
    stopped_ = true;
    layers.swap(layers_);
  }
  budget_.close();
  raw_blocks_.close();
  for (const auto& weak : layers) {
    if (const auto layer = weak.lock()) {
      {
        const std::lock_guard lock(layer->mutex_);
      }  // whoever is about to wait has looked at stopped_ by now, or will
      layer->completed_.notify_all();
    }
  }
  workers_.stop();
}

}  // namespace slipway::oci
