// SPDX-License-Identifier: Apache-2.0
// The middle of a push: layers into the registries. What is known before is in learn.cpp; the end, from the
// configuration to the confirmed tags, in publish.cpp.
#include "oci/pusher.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

constexpr std::chrono::seconds farewell_patience{2};

}  // namespace

std::string_view layer_type(Packing packing) {
  if (packing == Packing::plain) return media::docker_layer_tar;
  return packing == Packing::zstd ? media::oci_layer_zstd : media::docker_layer;
}

Pusher::Pusher(const std::vector<Reference>& to, const PushOptions& options, const Access& access, const io::Run& run)
    : options_(options), access_(access), run_(run),
      courier_(access.agent, {.events = run.events, .stop = {}, .deadline = {}}),
      memory_(LayerMemory::file_in(access.env).value_or(std::filesystem::path{})),
      profile_(options.compression.value_or(best_profile())),
      packer_(options.threads, options.memory,
              {.ready =
                   [this](std::shared_ptr<PackedLayer> layer) {
                     uploads_.add([this, layer = std::move(layer)] { take_ready(layer); });
                   },
               .more = [this] { courier_.wake(); },
               .failed = [this](std::exception_ptr why) { fail(std::move(why)); }},
              {.profile = profile_, .all = options.compression.has_value()}),
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

bool Pusher::pushes_to(const std::string& registry) const {
  return std::ranges::any_of(destinations_, [&](const auto& to) { return to.registry->name() == registry; });
}

void Pusher::fail(std::exception_ptr why) noexcept {
  if (giving_up_) return;
  courier_.refuse(why, farewell_patience);
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

// Layers.

std::shared_ptr<PackedLayer> Pusher::begin(const std::string& name, Reread reread, Packed how) {
  if (reread) {
    const std::lock_guard lock(mutex_);
    rereads_[name] = std::move(reread);
  }
  return packer_.begin(name, std::move(how));
}

std::optional<std::pair<Descriptor, PushedLayer::State>> Pusher::outcome(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = placed_.find(name);
  if (found == placed_.end()) return std::nullopt;
  return std::pair{found->second.descriptor, found->second.state};
}

void Pusher::settle() {
  packer_.wait(run_);  // first, because its end is what uploads begin with
  uploads_.wait(run_);
  check();
}

void Pusher::note_known(const std::string& name, const Digest& diff_id) {
  const auto known = [&] {
    const std::lock_guard lock(mutex_);
    auto found = known_.at(diff_id);
    placed_.insert_or_assign(name, Placed{found.descriptor, diff_id, found.state});
    return found;
  }();
  tell(known.descriptor, known.state, name);
}

void Pusher::take_ready(const std::shared_ptr<PackedLayer>& layer) {
  if (layer->overflowed()) deliver_growing(*layer);
  else deliver(*layer);
}

void Pusher::deliver(PackedLayer& layer) {
  layer.wait();  // it is complete, but perhaps not what was promised
  if (!layer.how().as_is && knows_or_recalls(layer.diff_id())) return note_known(layer.name(), layer.diff_id());
  record(layer, place({.digest = layer.digest(), .size = layer.size(), .open = [&layer] { return layer.open(); }}));
}

void Pusher::deliver_growing(PackedLayer& layer) {
  if (const auto& how = layer.how(); how.promised && !options_.force_blobs) {
    const bool everywhere = std::ranges::all_of(destinations_, [&](const Destination& to) {
      return to.registry->has_blob(to.repository, *how.promised, how.size);
    });
    if (everywhere) {
      layer.discard();
      layer.wait();
      return record(layer, State::present);
    }
  }
  Reread reread;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = rereads_.find(layer.name()); found != rereads_.end()) reread = found->second;
  }
  bool sent = false;
  if (!options_.dry_run) {
    const auto& first = destinations_.front();
    sent = first.registry->upload(first.repository,
                                  {.name = text::printable(layer.name()),
                                   .read = [&](char* into, std::size_t size) { return layer.read(into, size); },
                                   .finish =
                                       [&] {
                                         layer.wait();
                                         return std::pair{layer.digest(), layer.size()};
                                       },
                                   .again = static_cast<bool>(reread)});
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
  if (!options_.force_blobs && to->registry->has_blob(to->repository, blob.digest, blob.size)) return State::present;
  if (options_.dry_run) {
    uploaded_bytes_ += blob.size;
    return State::uploaded;
  }
  // A repository of the same registry that came before has the blob by now.
  for (auto before = destinations_.begin(); before != to; ++before)
    if (before->registry == to->registry && !options_.force_blobs &&
        to->registry->mount(to->repository, blob.digest, before->repository))
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
      .media_type = std::string(layer_type(layer.packing())), .digest = layer.digest(), .size = layer.size()};
  {
    const std::lock_guard lock(mutex_);
    placed_.insert_or_assign(layer.name(), Placed{descriptor, layer.diff_id(), state});
    if (const auto reread = rereads_.find(layer.name()); reread != rereads_.end())
      again_[descriptor.digest] = [again = reread->second, size = descriptor.size] { return again(size); };
  }
  // Both ends of the pair were hashed here. One that came packed has another blob than our packing makes.
  if (!layer.as_it_came()) remember(layer.diff_id(), name_of(profile_), descriptor);
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
