// SPDX-License-Identifier: Apache-2.0
// One push while it runs: the reader's thread feeds layers in, uploads go on beside it, and when all
// is there, manifest and tags follow. Only for push.cpp; what it does is told in push.hpp.
#pragma once

#include "oci/archive.hpp"
#include "oci/body.hpp"
#include "oci/courier.hpp"
#include "oci/finished.hpp"
#include "oci/layer_memory.hpp"
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
#include <span>
#include <string>
#include <vector>

namespace slipway::oci {

/// A layer as it is sent, `size` bytes, made once more from the source; empty when that can be read only once.
using Reread = std::function<http::Body(std::uint64_t size)>;

/// What a layer in that packing is called; docker's word where docker has one.
[[nodiscard]] std::string_view layer_type(Packing packing);

/// Where the blobs of a finished image are.
struct FinishedBlobs {
  /// What became of one that was sent while it was read; nothing for all others. @throws Error bad_input for one that
  /// was read and is another
  std::function<std::optional<PushedLayer::State>(const Descriptor&)> gone = {};
  /// How it is read, as often as it takes. @throws Error bad_input when it is not there, or has another size
  std::function<std::function<http::Body()>(const Descriptor&)> open;
  std::optional<std::string> place = {};  ///< a repository that has all of them, HOST/PATH
};

/// What a source says about its image before it is read.
struct Announced {
  std::optional<Digest> id;      ///< of its configuration, or of its manifest
  std::vector<Digest> diff_ids;  ///< of its layers, lowest first
};

class Pusher {
 public:
  Pusher(const std::vector<Reference>& to, const PushOptions& options, const Access& access, const io::Run& run);
  ~Pusher();
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;

  /// Finds out which layers need not be packed and sent: from the manifest that the tag has now, from this
  /// machine's layer memory, and from the layers of the registry's own earlier image, the cheapest first.
  void learn(const Announced& announced = {});
  /// The whole image, out of blobs that the registries hold, when these are all: then the source is not
  /// read. Its configuration is read back from the registry, so that it is the announced image and no other.
  [[nodiscard]] std::optional<Pushed> without_source(const Announced& announced);
  /// Whether a layer with this diff id need not be compressed or sent.
  [[nodiscard]] bool knows(const Digest& diff_id) const;
  /// The same for a layer that was not announced: the memory is asked now.
  [[nodiscard]] bool knows_or_recalls(const Digest& diff_id);
  /// The diff id of such a layer that a folder of an archive holds, by the folder's name.
  [[nodiscard]] std::optional<Digest> known_in_folder(std::string_view folder, std::string_view json) const;

  /// A layer that has to be compressed and, where it is absent, sent.
  [[nodiscard]] std::shared_ptr<PackedLayer> begin(const std::string& name, Reread reread, Packed how = {});
  /// What became of the layer of that name, if it has been sent or found.
  [[nodiscard]] std::optional<std::pair<Descriptor, PushedLayer::State>> outcome(const std::string& name) const;
  /// Until all layers that were begun have been sent. @throws what has failed
  void settle();
  [[nodiscard]] Profile profile() const { return profile_; }
  /// Whether layers that come in that packing are packed anew.
  [[nodiscard]] bool repacks(Packing packing) const {
    return options_.compression.has_value() && packing != packing_of(profile_);
  }
  /// Something of the source's that takes processor time. What it throws ends the push.
  void in_background(std::function<void()> task) { packer_.add(std::move(task)); }
  /// A layer that was only hashed, because the registry has it.
  void note_known(const std::string& name, const Digest& diff_id);

  /// To be told that a body which had nothing to send has something now.
  [[nodiscard]] Courier& courier() { return courier_; }
  /// Whether something is pushed into this registry.
  [[nodiscard]] bool pushes_to(const std::string& registry) const;

  /// Throws what has failed meanwhile in another thread.
  void check() const { courier_.check(); }
  [[nodiscard]] int failure_fd() const { return courier_.abort_fd(); }

  /// After the last layer: configuration, manifest, tags, confirmation.
  [[nodiscard]] Pushed finish(const ArchivedImage& image, const ArchiveContents& contents,
                              const std::vector<Platform>& platforms = {});
  /// All of a finished image: blobs, manifests, tags, confirmation. What the registries have is not read.
  [[nodiscard]] Pushed push_finished(FinishedImage finished, const FinishedBlobs& blobs);
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
    bool stands = false;  ///< for this very image, already
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

  /// A layer that is in the registries already.
  struct Known {
    Descriptor descriptor;
    State state;
  };

  const Destination& destination_for(const Reference& reference);
  void find_tagged();
  void find_beside();
  [[nodiscard]] std::optional<Earlier> earlier_image(const Destination& at, const std::string& version);
  [[nodiscard]] bool read_config(Earlier& earlier);
  [[nodiscard]] bool fits(const Descriptor& layer) const;
  [[nodiscard]] bool holds(const Destination& at, const Descriptor& layer, const Digest& diff_id) const;
  [[nodiscard]] bool is_announced(const Earlier& earlier, const Announced& announced) const;
  void take_over(const Earlier& earlier);
  void confirm_known(const Earlier& earlier);
  [[nodiscard]] bool knows_all(std::span<const Digest> diff_ids) const;
  void recall(std::span<const Digest> diff_ids);
  void recall_one(const Digest& diff_id);
  [[nodiscard]] std::optional<State> bring(const Digest& digest, std::uint64_t size,
                                           const std::vector<std::string>& places);
  [[nodiscard]] std::optional<State> bring_to(const Destination& to, const Digest& digest, std::uint64_t size,
                                              const std::vector<std::string>& places);
  void remember(const Digest& diff_id, std::string_view profile, const Descriptor& blob);
  void remember_config(const Descriptor& config);
  [[nodiscard]] std::vector<std::string> places_of_config(const Digest& digest) const;
  void note_chains(std::span<const Digest> diff_ids);

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
  void check_wanted(const Digest& digest) const;
  /// Whether a tag, and so all below it, is there already; for all of them.
  [[nodiscard]] bool stand_all(const Digest& digest);
  void find_absent(const FinishedImage& image);
  [[nodiscard]] State place_finished(const Descriptor& blob, const std::function<http::Body()>& open,
                                     const std::optional<std::string>& place);
  void put_children(const FinishedImage& image);
  [[nodiscard]] StoredManifest manifest_of(const Descriptor& config, const std::vector<Placed>& layers);
  void put_tags(const StoredManifest& manifest);
  void put_tag(const Target& target, const StoredManifest& manifest);
  void write_tag(const Target& target, const StoredManifest& manifest);
  void verify(const Target& target, const StoredManifest& manifest) const;
  // What is attached: publish_attached.cpp.
  [[nodiscard]] std::vector<Digest> attach_all(const StoredManifest& subject);
  void attach(const Destination& to, const StoredManifest& manifest, const Attachment& attachment,
              const Digest& subject);
  void list(const Destination& to, const Descriptor& referrer, const std::string& type, const Digest& subject);
  [[nodiscard]] bool all_there(const Destination& to, const StoredManifest& stored, bool late);
  [[nodiscard]] Pushed answer(const StoredManifest& manifest, std::optional<Digest> config,
                              const std::vector<Placed>& layers);
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
  std::vector<std::pair<Digest, Digest>> known_chains_;  ///< chain id and diff id of known layers
  LayerMemory memory_;
  Profile profile_;  ///< how layers are packed
  std::atomic<bool> giving_up_ = false;
  std::optional<FinishedImage> finished_;
  std::vector<Digest> attached_;

  mutable std::mutex mutex_;
  std::map<Digest, Known> known_;          ///< by diff id
  std::map<std::string, Reread> rereads_;  ///< by the entry's name
  std::map<std::string, Placed> placed_;   ///< by the entry's name
  std::set<Digest> absent_;                ///< manifests of a finished image that a destination lacks
  std::map<Digest, State> states_;         ///< of the blobs of a finished image
  std::map<Digest, std::shared_future<State>> placing_;
  std::map<Digest, std::function<http::Body()>> again_;  ///< how to read a blob once more
  std::atomic<std::uint64_t> uploaded_bytes_ = 0;

  Packer packer_;
  Workers uploads_;
};

}  // namespace slipway::oci
