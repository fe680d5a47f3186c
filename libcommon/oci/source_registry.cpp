// SPDX-License-Identifier: Apache-2.0
// Promotion: an image that one registry holds, into others. Its documents are read at once, its blobs only where a
// destination lacks them, and then they pass through a window of memory; nothing of the source is needed afterwards.
#include "core/text.hpp"
#include "oci/source.hpp"

#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace slipway::oci {

namespace {

constexpr std::size_t window = 4U << 20U;  ///< bytes of each blob that wait to be sent

/// The registry that the image comes from, with connections of its own: how fast the other ones take it says nothing
/// about it. Kept by every body that reads from it.
struct Origin {
  Origin(const Reference& reference, Access how, const io::Run& run)
      : access(std::move(how)), courier(access.agent, run),
        registry(courier, reference, access, run, Authorizer::Need::pull), repository(reference.repository) {}
  Access access;
  Courier courier;
  Registry registry;
  std::string repository;
};

/// A blob as it comes, for whoever sends it on.
class Relay {
 public:
  Relay(std::shared_ptr<Origin> origin, Descriptor blob, Courier& reader)
      : origin_(std::move(origin)), blob_(std::move(blob)), reader_(reader), thread_([this] { work(); }) {}
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() {
    closed_ = true;
    origin_->courier.wake();
    thread_.join();
  }

  [[nodiscard]] std::size_t read(char* into, std::size_t most) {
    std::size_t got = 0;
    bool room = false;
    {
      const std::lock_guard lock(mutex_);
      if (failed_) std::rethrow_exception(failed_);
      if (pieces_.empty()) return ended_ ? 0 : http::Body::later;
      const auto& piece = pieces_.front();
      got = piece.copy(into, most, offset_);
      offset_ += got;
      room = held_ >= window && held_ - got < window;
      held_ -= got;
      if (offset_ == piece.size()) {
        pieces_.pop_front();
        offset_ = 0;
      }
    }
    if (room) origin_->courier.wake();
    return got;
  }

 private:
  void work() {
    try {
      static_cast<void>(origin_->registry.download(origin_->repository, blob_.digest, blob_.size,
                                                   {.take = [this](std::string_view bytes) { take(bytes); },
                                                    .full = [this] { return full(); },
                                                    .unwanted = [this] { return closed_.load(); }}));
      const std::lock_guard lock(mutex_);
      ended_ = true;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failed_ = std::current_exception();
    }
    reader_.wake();
  }

  void take(std::string_view bytes) {
    if (bytes.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      pieces_.emplace_back(bytes);
      held_ += bytes.size();
    }
    reader_.wake();
  }

  bool full() {
    const std::lock_guard lock(mutex_);
    return held_ >= window;
  }

  std::shared_ptr<Origin> origin_;
  Descriptor blob_;
  Courier& reader_;
  std::mutex mutex_;
  std::deque<std::string> pieces_;
  std::size_t offset_ = 0;  ///< in the first piece
  std::size_t held_ = 0;
  bool ended_ = false;
  std::atomic<bool> closed_ = false;
  std::exception_ptr failed_;
  std::thread thread_;
};

/// What is said for the registries that are pushed to is not for another one.
Access access_to(const Reference& source, const Pusher& pusher, Access access) {
  if (pusher.pushes_to(source.registry)) return access;
  access.login.reset();
  access.token = {};
  access.tls.cert_pem.reset();
  access.tls.key_pem.reset();
  return access;
}

StoredManifest root_of(Origin& origin, const Reference& reference) {
  auto found = origin.registry.manifest(origin.repository, reference.version());
  if (!found) throw Error(failure::not_found, fmt::format("there is no image {}", reference.text()));
  if (reference.digest && Digest::of(found->bytes, reference.digest->algorithm()) != *reference.digest)
    throw Error(failure::protocol, fmt::format("{} was asked for {} and answers {}", reference.registry,
                                               reference.text(), found->digest.text()));
  return std::move(*found);
}

}  // namespace

Pushed push_from(const RegistryImage& source, Pusher& pusher, const PushOptions& options, const Access& access,
                 const io::Run& run) {
  const auto& from = source.reference;
  const auto origin = std::make_shared<Origin>(from, access_to(from, pusher, access), run);
  const auto root = root_of(*origin, from);
  const auto read = [&](const Descriptor& wanted) {
    if (wanted.digest == root.digest) return root.bytes;
    const bool is_manifest =
        wanted.media_type.find("manifest") != std::string::npos || wanted.media_type.find("index") != std::string::npos;
    if (!is_manifest) {
      auto blob = origin->registry.blob(origin->repository, wanted.digest, longest_manifest);
      if (!blob) throw Error(failure::not_found, fmt::format("{} lacks {}", from.name(), wanted.digest.text()));
      return std::move(*blob);
    }
    auto found = origin->registry.manifest(origin->repository, wanted.digest.text());
    if (!found)
      throw Error(failure::not_found, fmt::format("{} lacks manifest {}", from.name(), wanted.digest.text()),
                  "if it has only some of the image's platforms, name them with --platform");
    return std::move(found->bytes);
  };
  auto finished = gather({.media_type = root.media_type, .digest = root.digest, .size = root.bytes.size()}, read,
                         options.platforms);
  return pusher.push_finished(
      std::move(finished),
      {.open =
           [origin, &pusher, name = from.name()](const Descriptor& blob) {
             return [origin, blob, name, &reader = pusher.courier()] {
               const auto relay = std::make_shared<Relay>(origin, blob, reader);
               return checked({.read = [relay](char* into, std::size_t most) { return relay->read(into, most); },
                               .size = blob.size,
                               .rewind = {}},
                              blob, name);
             };
           },
       .place = from.name()});
}

}  // namespace slipway::oci
