// SPDX-License-Identifier: Apache-2.0
// Finished images: the bytes of their manifests are their name, so nothing of them is made here. Asked from
// the top: whatever a registry has under a tag or a digest has everything below it there as well.
#include "core/text.hpp"
#include "oci/pusher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace slipway::oci {

namespace {

/// In the memory, beside the profiles of layers: blobs that are pushed as they are, and are known by their own digest.
constexpr std::string_view as_is_profile = "as-is";

StoredManifest stored(const FinishedManifest& manifest) {
  return {.digest = manifest.is.digest, .media_type = manifest.is.media_type, .bytes = manifest.bytes};
}

}  // namespace

// Tasks outlive this call when it is interrupted, so what they need is kept by the pusher.
Pushed Pusher::push_finished(FinishedImage finished, const FinishedBlobs& blobs) {
  if (options_.compression)
    throw Error(failure::bad_usage, "a finished image is pushed as it is; --compression is for docker archives");
  const auto& image = finished_.emplace(std::move(finished));
  const auto& root = image.root();
  if (image.part_of)
    run_.events.note(
        fmt::format("{} is a part of {}, so its digest is another", root.is.digest.brief(), image.part_of->brief()));
  for (const auto& manifest : image.manifests)
    if (manifest.bytes.size() > longest_manifest)
      throw Error(failure::bad_input, fmt::format("manifest {} has {}; registries take 4 MiB",
                                                  manifest.is.digest.brief(), text::show_size(manifest.bytes.size())));
  check_wanted(root.is.digest);
  if (!stand_all(root.is.digest)) find_absent(image);

  std::vector<std::pair<Descriptor, std::function<http::Body()>>> to_place;
  for (const auto& manifest : image.manifests) {
    for (const auto& blob : manifest.blobs) {
      if (!states_.try_emplace(blob.digest, State::reused).second || !absent_.contains(manifest.is.digest)) continue;
      if (const auto gone = blobs.gone ? blobs.gone(blob) : std::nullopt) states_.at(blob.digest) = *gone;
      else to_place.emplace_back(blob, blobs.open(blob));  // says what is missing, before the first byte is sent
    }
  }
  // The largest first: begun last, it would be on its way alone when all others have arrived.
  std::ranges::stable_sort(to_place, std::greater<>{}, [](const auto& entry) { return entry.first.size; });
  for (const auto& [blob, open] : to_place)
    uploads_.add([this, blob, open, place = blobs.place] {
      const auto state = place_finished(blob, open, place);
      {
        const std::lock_guard lock(mutex_);
        states_.at(blob.digest) = state;
      }
      tell(blob, state, blob.digest.text());
    });
  settle();
  put_children(image);
  put_tags(stored(root));

  auto pushed = answer(stored(root), root.blobs.empty() ? std::nullopt : std::optional(root.blobs.front().digest), {});
  for (const auto& child : root.children) pushed.manifests.push_back(child.digest);
  std::set<Digest> told;
  for (const auto& manifest : image.manifests) {
    for (const auto& blob : manifest.blobs) {
      const auto state = states_.at(blob.digest);
      if (!told.insert(blob.digest).second || &blob == &manifest.blobs.front()) continue;
      pushed.layers.push_back({blob.digest, blob.size, state});
      if (state != State::uploaded) pushed.reused_bytes += blob.size;
    }
  }
  return pushed;
}

bool Pusher::stand_all(const Digest& digest) {
  if (!options_.reuse) return false;
  for (auto& target : targets_)
    uploads_.add([&target, digest] {
      const auto& [registry, repository] = *target.destination;
      const auto version = target.reference.tag.value_or(digest.text());
      target.stands = registry->manifest_digest(repository, version) == digest;
    });
  uploads_.wait(run_);
  check();
  return std::ranges::all_of(targets_, &Target::stands);
}

/// Those that one of the destinations lacks.
void Pusher::find_absent(const FinishedImage& image) {
  for (const auto& manifest : image.manifests) {
    if (!options_.reuse) absent_.insert(manifest.is.digest);
    else
      uploads_.add([this, &digest = manifest.is.digest] {
        const bool everywhere = std::ranges::all_of(destinations_, [&](const Destination& to) {
          return to.registry->manifest_digest(to.repository, digest.text()) == digest;
        });
        const std::lock_guard lock(mutex_);
        if (!everywhere) absent_.insert(digest);
      });
  }
  uploads_.wait(run_);
  check();
}

Pusher::State Pusher::place_finished(const Descriptor& blob, const std::function<http::Body()>& open,
                                     const std::optional<std::string>& place) {
  std::vector<std::string> places;
  if (options_.reuse)
    if (const auto seen = memory_.find(blob.digest, as_is_profile)) places = seen->places;
  if (place) places.push_back(*place);
  std::erase_if(places, [this](const auto& there) { return !pushes_to(there.substr(0, there.find('/'))); });
  auto state = State::present;
  if (const auto brought =
          places.empty() || options_.force_blobs ? std::nullopt : bring(blob.digest, blob.size, places)) {
    state = *brought;
  } else {
    {
      const std::lock_guard lock(mutex_);
      again_[blob.digest] = open;
    }
    state = this->place({.digest = blob.digest, .size = blob.size, .open = open});
  }
  remember(blob.digest, as_is_profile, blob);
  return state;
}

void Pusher::put_children(const FinishedImage& image) {
  if (options_.dry_run) return;
  const auto put = [this](const FinishedManifest& manifest) {
    for (const auto& to : destinations_)
      to.registry->put_manifest(to.repository, manifest.is.digest.text(), stored(manifest), {},
                                [&](bool late) { return all_there(to, stored(manifest), late); });
  };
  // Images first, side by side, then what names them, in the order in which they were found: the innermost first.
  for (const bool indexes : {false, true}) {
    for (const auto& manifest : image.manifests) {
      if (&manifest == &image.root() || !absent_.contains(manifest.is.digest)) continue;
      if (manifest.children.empty() == indexes) continue;
      uploads_.add([put, &manifest] { put(manifest); });
      if (indexes) uploads_.wait(run_);
    }
    uploads_.wait(run_);
    check();
  }
}

}  // namespace slipway::oci
