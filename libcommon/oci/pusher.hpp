// SPDX-License-Identifier: Apache-2.0
// One push while it runs: the reader's thread feeds layers in, uploads go on beside it, and when all
// is there, manifest and tags follow. Only for push.cpp; what it does is told in push.hpp.
#pragma once

#include "oci/archive.hpp"
#include "oci/courier.hpp"
#include "oci/manifest.hpp"
#include "oci/packer.hpp"
#include "oci/push.hpp"
#include "oci/registry.hpp"
#include "oci/workers.hpp"

#include <atomic>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace slipway::oci {

/// A layer as it is sent, `size` bytes, made once more from the source; empty when that can be read only once.
using Reread = std::function<http::Body(std::uint64_t size)>;

class Pusher {
 public:
  Pusher(const std::vector<Reference>& to, const PushOptions& options, const Access& access, const io::Run& run);
  ~Pusher();
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;

  /// Asks the registry for its own earlier image, to take layers from it.
  void learn();
  /// The earlier image as the answer, when it is this very one (the digest of its configuration, or its own).
  [[nodiscard]] std::optional<Pushed> already_there(const std::string& image_id);
  /// Whether a layer with this diff id need not be compressed or sent.
  [[nodiscard]] bool knows(const Digest& diff_id) const { return known_.contains(diff_id); }
  /// The diff id of such a layer that a folder of an archive holds, by the folder's name.
  [[nodiscard]] std::optional<Digest> known_in_folder(std::string_view folder, std::string_view json) const;

  /// A layer that has to be compressed and, where it is absent, sent.
  [[nodiscard]] std::shared_ptr<PackedLayer> begin(const std::string& name, Reread reread);
  /// A layer that was only hashed, because the registry has it.
  void note_known(const std::string& name, const Digest& diff_id);

  /// Throws what has failed meanwhile in another thread.
  void check() const { courier_.check(); }
  [[nodiscard]] int failure_fd() const { return courier_.abort_fd(); }

  /// After the last layer: configuration, manifest, tags, confirmation.
  [[nodiscard]] Pushed finish(const ArchivedImage& image, const ArchiveContents& contents);
  /// After a failure: ends all threads and gives up what was begun. @throws the first failure, if there is one
  void give_up(std::exception_ptr why);

 private:
  using State = PushedLayer::State;
  struct Destination {
    Registry* registry;
    std::string repository;
  };
  struct Target {
    Reference reference;
    const Destination* destination;
  };
  struct Earlier {
    StoredManifest stored;
    Manifest manifest;
    std::vector<Digest> diff_ids;
    const Destination* at;
    std::string version;
  };
  struct Placed {
    Descriptor descriptor;
    Digest diff_id;
    State state;
  };

  const Destination& destination_for(const Reference& reference);
  void find_earlier();
  [[nodiscard]] std::optional<Earlier> earlier_image(const Destination& at, const std::string& version);
  void confirm_known(const Earlier& earlier);

  void take_ready(const std::shared_ptr<PackedLayer>& layer);
  void deliver(PackedLayer& layer);
  void deliver_growing(PackedLayer& layer);
  /// Puts a blob where it is absent; the same digest only once at a time.
  State place(const Blob& blob);
  State place_everywhere(const Blob& blob);
  State place_at(std::size_t index, const Blob& blob);
  void record(const PackedLayer& layer, State state);
  void tell(const Descriptor& descriptor, State state, std::string_view name);

  [[nodiscard]] std::vector<Placed> placed_layers(const ArchivedImage& image, const ArchiveContents& contents,
                                                  const ImageConfig& config);
  [[nodiscard]] StoredManifest manifest_of(const Descriptor& config, const std::vector<Placed>& layers);
  void put_tags(const StoredManifest& manifest);
  void put_tag(const Target& target, const StoredManifest& manifest);
  [[nodiscard]] Pushed answer(const StoredManifest& manifest, Digest config, const std::vector<Placed>& layers);
  void fail(std::exception_ptr why) noexcept;

  const PushOptions& options_;
  const Access& access_;
  io::Run run_;
  Courier courier_;
  std::list<Registry> registries_;
  std::list<Destination> destinations_;
  std::vector<Target> targets_;
  std::optional<Destination> reuse_at_;  ///< nothing is pushed there

  std::optional<Earlier> earlier_;
  std::map<Digest, Descriptor> known_;                   ///< by diff id; not changed once layers are read
  std::vector<std::pair<Digest, Digest>> known_chains_;  ///< chain id and diff id of each of these
  std::atomic<bool> giving_up_ = false;

  std::mutex mutex_;
  std::map<std::string, Reread> rereads_;  ///< by the entry's name
  std::map<std::string, Placed> placed_;   ///< by the entry's name
  std::map<Digest, std::shared_future<State>> placing_;
  std::atomic<std::uint64_t> uploaded_bytes_ = 0;

  Packer packer_;
  Workers uploads_;
};

}  // namespace slipway::oci
