// SPDX-License-Identifier: Apache-2.0
// What need not be sent, found out before the layers are read. Three sources, the cheapest first: the
// manifest that the tag has now, this machine's memory of what it packed, and the registry's own earlier
// image, whose configuration pairs diff ids with blobs. Whatever they say, a blob counts only when the
// registry has it, by HEAD or mount.
#include "core/text.hpp"
#include "oci/legacy_id.hpp"
#include "oci/pusher.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

constexpr std::size_t longest_config = 8U << 20U;
constexpr std::size_t most_tags_tried = 3;
constexpr std::size_t most_places_tried = 2;
/// In the memory, beside the profiles of layers: a configuration, whose diff id is its own digest.
constexpr std::string_view config_profile = "config";

}  // namespace

/// Layers of other packings than ours, or with other places to get them from, are not for taking over.
bool Pusher::fits(const Descriptor& layer) const {
  switch (packing_of(profile_)) {
  case Packing::zstd: return layer.media_type == media::oci_layer_zstd;
  case Packing::plain: return layer.media_type == media::docker_layer_tar || layer.media_type == media::oci_layer_tar;
  default: return layer.media_type == media::docker_layer || layer.media_type == media::oci_layer;
  }
}

void Pusher::learn(const Announced& announced) {
  if (!options_.reuse) return;
  uploads_.add([this] { find_tagged(); });
  uploads_.wait(run_);
  check();
  if (earlier_ && is_announced(*earlier_, announced)) {
    earlier_->diff_ids = announced.diff_ids;
    if (destinations_.size() == 1 && !reuse_at_) take_over(*earlier_);
    else confirm_known(*earlier_);
    return note_chains(announced.diff_ids);
  }
  recall(announced.diff_ids);
  if (announced.diff_ids.empty() || !knows_all(announced.diff_ids)) {
    uploads_.add([this] { find_beside(); });
    uploads_.wait(run_);
    check();
    if (earlier_ && !earlier_->diff_ids.empty()) {
      confirm_known(*earlier_);
      note_chains(earlier_->diff_ids);
    }
  }
  note_chains(announced.diff_ids);
}

/// The manifest that is to be replaced, or the one that --reuse-from names.
void Pusher::find_tagged() {
  if (options_.reuse_from) {
    const auto registry = std::ranges::find(registries_, options_.reuse_from->registry, &Registry::name);
    if (registry == registries_.end())
      throw Error(failure::bad_usage,
                  fmt::format("layers of {} cannot be reused: it is in another registry", options_.reuse_from->text()));
    reuse_at_ = Destination{&*registry, options_.reuse_from->repository};
    earlier_ = earlier_image(*reuse_at_, options_.reuse_from->version());
    return;
  }
  const auto& at = destinations_.front();
  std::size_t tried = 0;
  for (const auto& target : targets_)
    if (target.destination == &at && !earlier_ && tried++ < most_tags_tried)
      earlier_ = earlier_image(at, target.reference.version());
}

/// The earlier image with its diff ids, in the registry's own words.
void Pusher::find_beside() {
  // A tag that is new in a repository with others: names often count up or begin with a date.
  const auto& at = destinations_.front();
  if (!earlier_ && !options_.reuse_from)
    for (const auto& tag : at.registry->last_tags(at.repository, 1)) earlier_ = earlier_image(at, tag);
  if (earlier_ && !read_config(*earlier_)) earlier_.reset();
}

std::optional<Pusher::Earlier> Pusher::earlier_image(const Destination& at, const std::string& version) {
  auto stored = at.registry->manifest(at.repository, version);
  if (!stored) return std::nullopt;
  // Another tool's image may be odd in ways that are no concern of this push.
  try {
    auto manifest = parse_manifest(stored->bytes, stored->media_type, failure::protocol);
    if (!manifest) return std::nullopt;
    return Earlier{
        .stored = std::move(*stored), .manifest = std::move(*manifest), .diff_ids = {}, .at = &at, .version = version};
  } catch (const Error& error) {
    if (error.failure().id != failure::protocol.id) throw;
    run_.events.detail(fmt::format("{}/{}:{} is not taken layers from: {}", at.registry->name(), at.repository, version,
                                   error.message()));
    return std::nullopt;
  }
}

bool Pusher::read_config(Earlier& earlier) {
  const auto& at = *earlier.at;
  try {
    const auto bytes = at.registry->blob(at.repository, earlier.manifest.config.digest, longest_config);
    if (!bytes) return false;
    auto config = parse_config(*bytes, "the earlier image's configuration", failure::protocol);
    earlier.diff_ids = std::move(config.diff_ids);
    return earlier.diff_ids.size() == earlier.manifest.layers.size();
  } catch (const Error& error) {
    if (error.failure().id != failure::protocol.id) throw;
    run_.events.detail(fmt::format("{}/{}:{} is not taken layers from: {}", at.registry->name(), at.repository,
                                   earlier.version, error.message()));
    return false;
  }
}

bool Pusher::is_announced(const Earlier& earlier, const Announced& announced) const {
  return announced.id && (earlier.manifest.config.digest == *announced.id || earlier.stored.digest == *announced.id) &&
         earlier.manifest.layers.size() == announced.diff_ids.size() &&
         std::ranges::all_of(earlier.manifest.layers, [this](const auto& layer) { return fits(layer); });
}

/// A manifest that stands under its tag has its blobs below it: nothing needs to be asked.
void Pusher::take_over(const Earlier& earlier) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < earlier.diff_ids.size(); ++i) {
    auto descriptor = earlier.manifest.layers[i];
    descriptor.media_type = layer_type(packing_of(profile_));
    known_.emplace(earlier.diff_ids[i], Known{std::move(descriptor), State::reused});
  }
}

/// Only layers count that each destination really has, or takes over from a repository beside it.
void Pusher::confirm_known(const Earlier& earlier) {
  const auto place = fmt::format("{}/{}", earlier.at->registry->name(), earlier.at->repository);
  for (std::size_t i = 0; i < earlier.diff_ids.size(); ++i) {
    const auto& layer = earlier.manifest.layers[i];
    if (!fits(layer) || knows(earlier.diff_ids[i])) continue;
    uploads_.add([this, layer, place, at = earlier.at, diff_id = earlier.diff_ids[i]] {
      if (options_.verify == PushOptions::Verify::full && !holds(*at, layer, diff_id)) return;
      if (!bring(layer.digest, layer.size, {place})) return;
      auto descriptor = layer;
      descriptor.media_type = layer_type(packing_of(profile_));
      const std::lock_guard lock(mutex_);
      known_.emplace(diff_id, Known{std::move(descriptor), State::reused});
    });
  }
  uploads_.wait(run_);
  check();
}

/// Whether a blob is that layer, by fetching it: whoever may write the earlier image could pair them wrongly.
bool Pusher::holds(const Destination& at, const Descriptor& layer, const Digest& diff_id) const {
  Hasher blob(layer.digest.algorithm());
  Hasher raw;
  Decoder decoder(packing_of(profile_), [&](std::string_view bytes) { raw.update(bytes); });
  try {
    static_cast<void>(at.registry->download(at.repository, layer.digest, layer.size,
                                            {.take =
                                                 [&](std::string_view bytes) {
                                                   blob.update(bytes);
                                                   decoder.feed(bytes);
                                                 },
                                             .full = [] { return false; },
                                             .unwanted = [] { return false; }}));
    decoder.finish();
  } catch (const Error& error) {
    if (error.failure().id != failure::bad_input.id && error.failure().id != failure::not_found.id) throw;
    run_.events.warn(fmt::format("{} is not reused: {}", layer.digest.text(), error.message()));
    return false;
  }
  if (blob.finish() == layer.digest && raw.finish() == diff_id) return true;
  run_.events.warn(
      fmt::format("{} is not reused: it is not the layer that the earlier image says it is", layer.digest.text()));
  return false;
}

// The layer memory.

bool Pusher::knows(const Digest& diff_id) const {
  const std::lock_guard lock(mutex_);
  return known_.contains(diff_id);
}

bool Pusher::knows_all(std::span<const Digest> diff_ids) const {
  return std::ranges::all_of(diff_ids, [this](const Digest& diff_id) { return knows(diff_id); });
}

bool Pusher::knows_or_recalls(const Digest& diff_id) {
  if (options_.reuse && !knows(diff_id)) recall_one(diff_id);
  return knows(diff_id);
}

void Pusher::recall(std::span<const Digest> diff_ids) {
  for (const auto& diff_id : diff_ids)
    if (!knows(diff_id) && memory_.find(diff_id, name_of(profile_)))
      uploads_.add([this, diff_id] { recall_one(diff_id); });
  uploads_.wait(run_);
  check();
}

void Pusher::recall_one(const Digest& diff_id) {
  const auto blob = memory_.find(diff_id, name_of(profile_));
  if (!blob) return;
  const auto state = bring(blob->digest, blob->size, blob->places);
  if (!state) return;
  const Descriptor descriptor{
      .media_type = std::string(layer_type(packing_of(profile_))), .digest = blob->digest, .size = blob->size};
  {
    const std::lock_guard lock(mutex_);
    known_.emplace(diff_id, Known{descriptor, *state});
  }
  remember(diff_id, name_of(profile_), descriptor);
}

/// A blob that is said to be in `places`, into every destination without sending it; nothing when one of
/// them cannot have it so.
std::optional<Pusher::State> Pusher::bring(const Digest& digest, std::uint64_t size,
                                           const std::vector<std::string>& places) {
  auto state = State::reused;
  for (const auto& to : destinations_) {
    const auto here = bring_to(to, digest, size, places);
    if (!here) return std::nullopt;
    if (*here == State::mounted) state = State::mounted;
  }
  return state;
}

std::optional<Pusher::State> Pusher::bring_to(const Destination& to, const Digest& digest, std::uint64_t size,
                                              const std::vector<std::string>& places) {
  const auto host = to.registry->name() + "/";
  const auto here = host + to.repository;
  std::vector<std::string> beside;
  for (auto place = places.rbegin(); place != places.rend() && beside.size() < most_places_tried; ++place)
    if (place->starts_with(host) && *place != here) beside.push_back(place->substr(host.size()));
  // Where it was never seen here, a mount is the one question that also settles it.
  const bool seen_here = std::ranges::find(places, here) != places.end();
  if ((seen_here || beside.empty() || options_.dry_run) && to.registry->has_blob(to.repository, digest, size))
    return State::reused;
  for (const auto& from : beside)
    if (options_.dry_run ? to.registry->has_blob(from, digest, size) : to.registry->mount(to.repository, digest, from))
      return State::mounted;
  if (!beside.empty() && !seen_here && !options_.dry_run && to.registry->has_blob(to.repository, digest, size))
    return State::reused;
  return std::nullopt;
}

/// Called only with pairs whose both ends this machine has hashed itself.
void Pusher::remember(const Digest& diff_id, std::string_view profile, const Descriptor& blob) {
  if (options_.dry_run) return;
  for (const auto& to : destinations_)
    memory_.remember(diff_id, profile, blob.digest, blob.size,
                     fmt::format("{}/{}", to.registry->name(), to.repository));
}

void Pusher::remember_config(const Descriptor& config) { remember(config.digest, config_profile, config); }

std::vector<std::string> Pusher::places_of_config(const Digest& digest) const {
  const auto seen = memory_.find(digest, config_profile);
  return seen ? seen->places : std::vector<std::string>{};
}

// Without the source.

std::optional<Pushed> Pusher::without_source(const Announced& announced) {
  if (!announced.id || !knows_all(announced.diff_ids)) return std::nullopt;
  if (earlier_ && is_announced(*earlier_, announced)) {
    std::vector<Placed> layers;
    for (std::size_t i = 0; i < announced.diff_ids.size(); ++i)
      layers.push_back({earlier_->manifest.layers[i], announced.diff_ids[i], State::reused});
    if (destinations_.size() > 1 &&
        !bring(earlier_->manifest.config.digest, earlier_->manifest.config.size,
               {fmt::format("{}/{}", earlier_->at->registry->name(), earlier_->at->repository)}))
      return std::nullopt;
    for (const auto& layer : layers) tell(layer.descriptor, layer.state, "");
    put_tags(earlier_->stored);
    return answer(earlier_->stored, earlier_->manifest.config.digest, layers);
  }
  const auto remembered = memory_.find(*announced.id, config_profile);
  if (!remembered || remembered->digest != *announced.id || announced.diff_ids.empty()) return std::nullopt;
  const auto found = std::make_shared<std::optional<std::string>>();  // an interrupted wait leaves the task behind
  uploads_.add([this, found, id = *announced.id, remembered = *remembered] {
    if (!bring(id, remembered.size, remembered.places)) return;
    const auto& at = destinations_.front();
    // In a dry run nothing is mounted, so it may be only where it was.
    *found = at.registry->blob(at.repository, id, longest_config);
  });
  uploads_.wait(run_);
  check();
  const auto& bytes = *found;
  if (!bytes) return std::nullopt;
  const auto config = parse_config(*bytes, "the image's configuration", failure::bad_input);
  if (config.diff_ids != announced.diff_ids) return std::nullopt;
  const Descriptor described{
      .media_type = std::string(media::docker_config), .digest = *announced.id, .size = bytes->size()};
  std::vector<Placed> layers;
  for (const auto& diff_id : announced.diff_ids) {
    const std::lock_guard lock(mutex_);
    const auto& known = known_.at(diff_id);
    layers.push_back({known.descriptor, diff_id, known.state});
  }
  for (const auto& layer : layers) tell(layer.descriptor, layer.state, "");
  remember_config(described);
  const auto manifest = manifest_of(described, layers);
  put_tags(manifest);
  return answer(manifest, described.digest, layers);
}

/// So that folders of an archive can be told by their names: docker up to 24 makes them from chain ids.
void Pusher::note_chains(std::span<const Digest> diff_ids) {
  const auto chains = chain_ids(diff_ids);
  for (std::size_t i = 0; i < chains.size(); ++i)
    if (knows(diff_ids[i])) known_chains_.emplace_back(chains[i], diff_ids[i]);
}

std::optional<Digest> Pusher::known_in_folder(std::string_view folder, std::string_view json) const {
  for (const auto& [chain_id, diff_id] : known_chains_)
    if (is_legacy_id(folder, json, chain_id)) return diff_id;
  return std::nullopt;
}

}  // namespace slipway::oci
