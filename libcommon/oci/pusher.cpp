// SPDX-License-Identifier: Apache-2.0
// The middle of a push: what is known beforehand, and layers into the registries. The end of it, from
// the configuration to the confirmed tags, is in publish.cpp.
#include "oci/pusher.hpp"

#include "core/text.hpp"
#include "oci/legacy_id.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

constexpr std::size_t longest_config = 8U << 20U;
constexpr std::size_t most_tags_tried = 3;
constexpr std::chrono::seconds farewell_patience{2};

/// Layers of other packings, or with other places to get them from, are not for taking over.
bool is_gzip_layer(const Descriptor& layer) {
  return layer.media_type == media::docker_layer || layer.media_type == media::oci_layer;
}

}  // namespace

Pusher::Pusher(const std::vector<Reference>& to, const PushOptions& options, const Access& access, const io::Run& run)
    : options_(options), access_(access), run_(run),
      courier_(access.agent, {.events = run.events, .stop = {}, .deadline = {}}),
      packer_(options.threads, options.memory,
              {.ready =
                   [this](std::shared_ptr<PackedLayer> layer) {
                     uploads_.add([this, layer = std::move(layer)] { take_ready(layer); });
                   },
               .more = [this] { courier_.wake(); },
               .failed = [this](std::exception_ptr why) { fail(std::move(why)); }}),
      uploads_(options.jobs, [this](std::exception_ptr why) { fail(std::move(why)); }) {
  for (const auto& reference : to) targets_.push_back({reference, &destination_for(reference)});
}

Pusher::~Pusher() {
  // Nothing may wait for anything any more when the members go, last one first.
  packer_.stop(nullptr);
  uploads_.stop();
}

const Pusher::Destination& Pusher::destination_for(const Reference& reference) {
  const auto same = [&](const Destination& d) {
    return d.registry->name() == reference.registry && d.repository == reference.repository;
  };
  if (const auto found = std::ranges::find_if(destinations_, same); found != destinations_.end()) return *found;
  auto registry = std::ranges::find(registries_, reference.registry, &Registry::name);
  if (registry == registries_.end()) {
    registries_.emplace_back(courier_, reference, access_, run_);
    registry = std::prev(registries_.end());
  }
  return destinations_.emplace_back(Destination{&*registry, reference.repository});
}

void Pusher::fail(std::exception_ptr why) noexcept {
  if (giving_up_) return;
  courier_.abort(why);
  packer_.stop(why);
  uploads_.stop();
}

void Pusher::give_up(std::exception_ptr why) {
  // In two steps. A body that is cut leaves its session behind in the registry (CNCF distribution 2.8 then
  // knows it no more), so growing layers end where they are, and only then is everything cut off.
  giving_up_ = true;
  packer_.stop(why);
  courier_.wake();
  uploads_.stop();
  static_cast<void>(uploads_.wait(Deadline::in(farewell_patience)));
  courier_.abort(std::move(why));
  static_cast<void>(uploads_.wait());
  std::vector<http::Request> leftovers;
  for (auto& registry : registries_)
    for (auto& request : registry.leftovers()) leftovers.push_back(std::move(request));
  courier_.farewell(std::move(leftovers), farewell_patience);
  courier_.check();  // the first failure, which need not be the one that was noticed first
}

// What is known beforehand.

std::optional<Pusher::Earlier> Pusher::earlier_image(const Destination& at, const std::string& version) {
  auto stored = at.registry->manifest(at.repository, version);
  if (!stored) return std::nullopt;
  // Another tool's image may be odd in ways that are no concern of this push.
  try {
    auto manifest = parse_manifest(stored->bytes, stored->media_type, failure::protocol);
    if (!manifest) return std::nullopt;
    const auto bytes = at.registry->blob(at.repository, manifest->config.digest, longest_config);
    if (!bytes) return std::nullopt;
    auto config = parse_config(*bytes, "the earlier image's configuration", failure::protocol);
    if (config.diff_ids.size() != manifest->layers.size()) return std::nullopt;
    return Earlier{.stored = std::move(*stored),
                   .manifest = std::move(*manifest),
                   .diff_ids = std::move(config.diff_ids),
                   .at = &at,
                   .version = version};
  } catch (const Error& error) {
    if (error.failure().id != failure::protocol.id) throw;
    run_.events.detail(fmt::format("{}/{}:{} is not taken layers from: {}", at.registry->name(), at.repository, version,
                                   error.message()));
    return std::nullopt;
  }
}

void Pusher::learn() {
  if (!options_.reuse) return;
  uploads_.add([this] { find_earlier(); });
  uploads_.wait(run_);
  check();
  if (earlier_) confirm_known(*earlier_);
}

void Pusher::find_earlier() {
  if (options_.reuse_from) {
    const auto registry = std::ranges::find(registries_, options_.reuse_from->registry, &Registry::name);
    if (registry == registries_.end())
      throw Error(failure::bad_usage,
                  fmt::format("layers of {} cannot be reused: it is in another registry", options_.reuse_from->text()));
    reuse_at_ = Destination{&*registry, options_.reuse_from->repository};
    earlier_ = earlier_image(*reuse_at_, options_.reuse_from->version());
  } else {
    const auto& at = destinations_.front();
    std::vector<std::string> versions;
    for (const auto& target : targets_)
      if (target.destination == &at && versions.size() < most_tags_tried)
        versions.push_back(target.reference.version());
    for (const auto& version : versions)
      if (!earlier_) earlier_ = earlier_image(at, version);
    // A tag that is new in a repository with others: names often count up or begin with a date.
    if (!earlier_)
      for (const auto& tag : at.registry->last_tags(at.repository, 1)) earlier_ = earlier_image(at, tag);
  }
}

/// Only layers count that each destination really has, or takes over from a repository beside it.
void Pusher::confirm_known(const Earlier& earlier) {
  for (std::size_t i = 0; i < earlier.diff_ids.size(); ++i) {
    const auto& layer = earlier.manifest.layers[i];
    if (!is_gzip_layer(layer)) continue;
    uploads_.add([this, &earlier, layer, diff_id = earlier.diff_ids[i]] {
      for (const auto& to : destinations_) {
        if (to.registry->has_blob(to.repository, layer.digest, layer.size)) continue;
        const bool beside = to.registry == earlier.at->registry && to.repository != earlier.at->repository;
        if (options_.dry_run || !beside || !to.registry->mount(to.repository, layer.digest, earlier.at->repository))
          return;
      }
      auto descriptor = layer;
      descriptor.media_type = media::docker_layer;
      const std::lock_guard lock(mutex_);
      known_.emplace(diff_id, std::move(descriptor));
    });
  }
  uploads_.wait(run_);
  check();
  const auto chains = chain_ids(earlier.diff_ids);
  for (std::size_t i = 0; i < chains.size(); ++i)
    if (knows(earlier.diff_ids[i])) known_chains_.emplace_back(chains[i], earlier.diff_ids[i]);
  run_.events.detail(
      fmt::format("{} layers of {}:{} can be reused", known_.size(), earlier.at->repository, earlier.version));
}

std::optional<Pushed> Pusher::already_there(const std::string& image_id) {
  if (!earlier_ || destinations_.size() != 1) return std::nullopt;
  const auto& manifest = earlier_->manifest;
  if (manifest.config.digest.text() != image_id && earlier_->stored.digest.text() != image_id) return std::nullopt;
  std::vector<Placed> layers;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    if (!known_.contains(earlier_->diff_ids[i])) return std::nullopt;
    layers.push_back({manifest.layers[i], earlier_->diff_ids[i], State::reused});
  }
  put_tags(earlier_->stored);
  return answer(earlier_->stored, manifest.config.digest, layers);
}

std::optional<Digest> Pusher::known_in_folder(std::string_view folder, std::string_view json) const {
  for (const auto& [chain_id, diff_id] : known_chains_)
    if (is_legacy_id(folder, json, chain_id)) return diff_id;
  return std::nullopt;
}

// Layers.

std::shared_ptr<PackedLayer> Pusher::begin(const std::string& name, Reread reread) {
  if (reread) {
    const std::lock_guard lock(mutex_);
    rereads_[name] = std::move(reread);
  }
  return packer_.begin(name);
}

void Pusher::note_known(const std::string& name, const Digest& diff_id) {
  const auto& descriptor = known_.at(diff_id);
  {
    const std::lock_guard lock(mutex_);
    placed_.insert_or_assign(name, Placed{descriptor, diff_id, State::reused});
  }
  tell(descriptor, State::reused, name);
}

void Pusher::take_ready(const std::shared_ptr<PackedLayer>& layer) {
  if (layer->overflowed()) deliver_growing(*layer);
  else deliver(*layer);
}

void Pusher::deliver(PackedLayer& layer) {
  if (knows(layer.diff_id())) return note_known(layer.name(), layer.diff_id());
  record(layer, place({.digest = layer.digest(), .size = layer.size(), .open = [&layer] { return layer.open(); }}));
}

void Pusher::deliver_growing(PackedLayer& layer) {
  Reread reread;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = rereads_.find(layer.name()); found != rereads_.end()) reread = found->second;
  }
  bool sent = false;
  if (!options_.dry_run) {
    const auto& first = destinations_.front();
    sent = first.registry->upload(first.repository,
                                  {.read = [&](char* into, std::size_t size) { return layer.read(into, size); },
                                   .finish =
                                       [&] {
                                         layer.wait();
                                         return std::pair{layer.digest(), layer.size()};
                                       }});
    if (!sent && !reread)
      throw Error(failure::busy,
                  fmt::format("the connection to {} broke within layer {}, which came through a pipe and is gone",
                              first.registry->name(), text::printable(layer.name())),
                  "run the command again; from a file, the layer would have been sent again");
    if (!sent) run_.events.note(fmt::format("layer {} is sent again from the file", text::printable(layer.name())));
  }
  layer.discard();
  layer.wait();
  if (sent) uploaded_bytes_ += layer.size();
  Blob blob{.digest = layer.digest(), .size = layer.size(), .open = {}};
  if (reread) blob.open = [&reread, size = layer.size()] { return reread(size); };
  State state = State::uploaded;
  if (!sent) state = place(blob);
  else
    for (std::size_t i = 1; i < destinations_.size(); ++i) static_cast<void>(place_at(i, blob));
  record(layer, state);
}

Pusher::State Pusher::place(const Blob& blob) {
  std::promise<State> promise;
  std::shared_future<State> other;
  {
    const std::lock_guard lock(mutex_);
    const auto [entry, fresh] = placing_.try_emplace(blob.digest);
    if (fresh) entry->second = promise.get_future().share();
    else other = entry->second;
  }
  if (other.valid()) {
    static_cast<void>(other.get());
    return State::present;
  }
  try {
    const auto state = place_everywhere(blob);
    promise.set_value(state);
    return state;
  } catch (...) {
    promise.set_exception(std::current_exception());
    throw;
  }
}

Pusher::State Pusher::place_everywhere(const Blob& blob) {
  State state = State::present;
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    const auto here = place_at(i, blob);
    if (here == State::uploaded || state == State::present) state = here;
  }
  return state;
}

Pusher::State Pusher::place_at(std::size_t index, const Blob& blob) {
  const auto to = std::next(destinations_.begin(), static_cast<std::ptrdiff_t>(index));
  if (to->registry->has_blob(to->repository, blob.digest, blob.size)) return State::present;
  if (options_.dry_run) {
    uploaded_bytes_ += blob.size;
    return State::uploaded;
  }
  // A repository of the same registry that came before has the blob by now.
  for (auto before = destinations_.begin(); before != to; ++before)
    if (before->registry == to->registry && to->registry->mount(to->repository, blob.digest, before->repository))
      return State::mounted;
  if (!blob.open)
    throw Error(failure::bad_input,
                fmt::format("a layer of {} that comes through a pipe goes into one repository only",
                            text::show_size(blob.size)),
                "save the image into a file, or raise --memory to four times the layer's size");
  to->registry->upload(to->repository, blob);
  uploaded_bytes_ += blob.size;
  return State::uploaded;
}

void Pusher::record(const PackedLayer& layer, State state) {
  const Descriptor descriptor{
      .media_type = std::string(media::docker_layer), .digest = layer.digest(), .size = layer.size()};
  {
    const std::lock_guard lock(mutex_);
    placed_.insert_or_assign(layer.name(), Placed{descriptor, layer.diff_id(), state});
  }
  tell(descriptor, state, layer.name());
}

void Pusher::tell(const Descriptor& descriptor, State state, std::string_view name) {
  const auto verb = options_.dry_run && state == State::uploaded ? std::string_view("would be sent") : name_of(state);
  run_.events.emit(
      {.kind = "layer",
       .level = io::Level::note,
       .subject = std::string(descriptor.digest.brief()),
       .text = fmt::format("layer {}  {:>9}  {}", descriptor.digest.brief(), text::show_size(descriptor.size), verb),
       .fields = {{"digest", descriptor.digest.text()},
                  {"entry", text::printable(name)},
                  {"size", static_cast<std::int64_t>(descriptor.size)},
                  {"state", std::string(name_of(state))}}});
}

}  // namespace slipway::oci
