// SPDX-License-Identifier: Apache-2.0
// The end of a push: the configuration beside the layers, the manifest over them, the tags last, and
// then the question whether the registry holds what is about to be answered.
#include "core/text.hpp"
#include "oci/pusher.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

/// docker's own media types know no zstd, and the types of one manifest have to agree.
void use_oci_types(Manifest& manifest) {
  manifest.media_type = media::oci_manifest;
  manifest.config.media_type = media::oci_config;
  for (auto& layer : manifest.layers) {
    if (layer.media_type == media::docker_layer) layer.media_type = media::oci_layer;
    if (layer.media_type == media::docker_layer_tar) layer.media_type = media::oci_layer_tar;
  }
}

}  // namespace

Pushed Pusher::finish(const ArchivedImage& image, const ArchiveContents& contents,
                      const std::vector<Platform>& platforms) {
  const auto* text = contents.text(image.config);
  if (text == nullptr)
    throw Error(failure::bad_input, fmt::format("the archive lacks the configuration {} that its manifest.json names",
                                                text::printable(image.config)));
  const auto config = parse_config(*text, "the archive's " + text::printable(image.config), failure::bad_input);
  const Platform is{.os = config.os, .architecture = config.architecture, .variant = config.variant};
  for (const auto& wanted : platforms)
    if (!wanted.takes(is))
      throw Error(failure::not_found,
                  fmt::format("the image is not for {}; it is for {}", wanted.text(), text::printable(is.text())));
  if (config.diff_ids.size() != image.layers.size())
    throw Error(failure::bad_input, fmt::format("the image has {} layers in manifest.json and {} in its configuration",
                                                image.layers.size(), config.diff_ids.size()));
  const Descriptor described{
      .media_type = std::string(media::docker_config), .digest = Digest::of(*text), .size = text->size()};
  // Beside the last layers, whose own end is awaited anyway.
  Blob config_blob{.digest = described.digest, .size = described.size, .open = body_of(*text)};
  {
    const std::lock_guard lock(mutex_);
    again_[described.digest] = config_blob.open;
  }
  uploads_.add([this, described, blob = std::move(config_blob)] {
    // Small, but one mount is less than an upload's two requests.
    if (const auto places = places_of_config(described.digest);
        places.empty() || !options_.reuse || !bring(described.digest, described.size, places))
      place(blob);
    remember_config(described);
  });
  settle();
  const auto layers = placed_layers(image, contents, config);
  const auto manifest = manifest_of(described, layers);
  put_tags(manifest);
  return answer(manifest, described.digest, layers);
}

std::vector<Pusher::Placed> Pusher::placed_layers(const ArchivedImage& image, const ArchiveContents& contents,
                                                  const ImageConfig& config) {
  std::vector<Placed> layers;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    const auto found = placed_.find(contents.resolve(image.layers[i]));
    if (found == placed_.end())
      throw Error(failure::bad_input, fmt::format("the archive lacks {}, layer {} of {}",
                                                  text::printable(image.layers[i]), i + 1, image.layers.size()));
    if (found->second.diff_id != config.diff_ids[i])
      throw Error(failure::bad_input,
                  fmt::format("layer {} of {} is damaged: it is {}, the image's configuration says {}", i + 1,
                              image.layers.size(), found->second.diff_id.text(), config.diff_ids[i].text()),
                  "save the image again; no tag was moved");
    layers.push_back(found->second);
  }
  return layers;
}

StoredManifest Pusher::manifest_of(const Descriptor& config, const std::vector<Placed>& layers) {
  Manifest manifest{.media_type = std::string(media::docker_manifest), .config = config, .layers = {}};
  for (const auto& layer : layers) manifest.layers.push_back(layer.descriptor);
  if (std::ranges::any_of(layers,
                          [](const auto& layer) { return layer.descriptor.media_type == media::oci_layer_zstd; }))
    use_oci_types(manifest);
  // The same image keeps the digest it has in the registry, also when another tool has written its manifest.
  if (earlier_ && earlier_->manifest.config.digest == config.digest &&
      std::ranges::equal(earlier_->manifest.layers, manifest.layers, {}, &Descriptor::digest, &Descriptor::digest))
    return earlier_->stored;
  auto bytes = render_manifest(manifest);
  if (bytes.size() > longest_manifest)
    throw Error(failure::bad_input, fmt::format("the image's manifest would have {}; registries take 4 MiB",
                                                text::show_size(bytes.size())));
  const auto digest = Digest::of(bytes);
  return {.digest = digest, .media_type = manifest.media_type, .bytes = std::move(bytes)};
}

void Pusher::check_wanted(const Digest& digest) const {
  for (const auto& target : targets_)
    if (const auto& wanted = target.reference.digest; wanted && *wanted != digest)
      throw Error(failure::bad_input, fmt::format("the image is {}, and {} was asked for; no tag was moved",
                                                  digest.text(), wanted->text()));
}

void Pusher::put_tags(const StoredManifest& manifest) {
  check_wanted(manifest.digest);
  if (options_.dry_run) return;
  // What will be attached is there before anything can be seen under a tag.
  for (const auto& attachment : options_.attachments)
    for (const auto& content : {std::string(empty_config), attachment.content})
      uploads_.add([this, content] {
        place({.digest = Digest::of(content), .size = content.size(), .open = body_of(content)});
      });
  uploads_.wait(run_);
  check();
  for (const auto& target : targets_) uploads_.add([this, &target, manifest] { put_tag(target, manifest); });
  uploads_.wait(run_);
  check();
  attached_ = attach_all(manifest);
  for (auto& registry : registries_) registry.drop_spares();
}

/// Asked again of the registry, for what this push is about to say of it.
void Pusher::verify(const Target& target, const StoredManifest& manifest) const {
  const auto& [registry, repository] = *target.destination;
  const auto lacks = [&](const std::string& what) {
    return Error(failure::protocol,
                 fmt::format("{} was stored, and {}/{} now has no {}", target.reference.text(), registry->name(),
                             repository, what),
                 "run the command again, with --force-blobs");
  };
  const auto found = registry->manifest(repository, target.reference.tag.value_or(manifest.digest.text()));
  if (!found || found->bytes != manifest.bytes) throw lacks("such manifest");
  std::vector<Descriptor> blobs;
  if (finished_) {
    for (const auto& child : finished_->manifests) {
      if (!registry->manifest_digest(repository, child.is.digest.text())) throw lacks(child.is.digest.text());
      blobs.insert(blobs.end(), child.blobs.begin(), child.blobs.end());
    }
  } else if (const auto read = parse_manifest(manifest.bytes, manifest.media_type, failure::protocol)) {
    blobs = read->layers;
    blobs.push_back(read->config);
  }
  for (const auto& blob : blobs)
    if (!registry->has_blob(repository, blob.digest, blob.size)) throw lacks(blob.digest.text());
}

void Pusher::put_tag(const Target& target, const StoredManifest& manifest) {
  write_tag(target, manifest);
  if (options_.verify == PushOptions::Verify::full) verify(target, manifest);
}

void Pusher::write_tag(const Target& target, const StoredManifest& manifest) {
  const auto& [registry, repository] = *target.destination;
  const auto version = target.reference.tag.value_or(manifest.digest.text());
  if (target.stands) return;
  const bool guarded = target.reference.tag && (options_.if_absent || options_.expect);
  if (earlier_ && earlier_->at == target.destination && earlier_->version == version &&
      earlier_->stored.digest == manifest.digest)
    return;  // read a moment ago
  if (guarded) {
    const auto now = registry->manifest_digest(repository, version);
    if (now == manifest.digest) return;
    const auto shown = now ? now->text() : std::string("absent");
    if (options_.if_absent ? now.has_value() : now != options_.expect)
      throw Error(failure::tag_exists, fmt::format("{}:{} is {} and was not moved to {}", target.reference.name(),
                                                   version, shown, manifest.digest.text()));
  }
  Registry::Condition condition;
  if (guarded) condition = {.only_new = options_.if_absent, .only_from = options_.expect};
  registry->put_manifest(repository, version, manifest, condition,
                         [&](bool late) { return all_there(*target.destination, manifest, late); });
  if (options_.verify == PushOptions::Verify::none) return;
  const auto confirmed = registry->manifest_digest(repository, version);
  if (confirmed != manifest.digest)
    throw Error(failure::protocol,
                fmt::format("{} was written as {}, and the registry now says {}", target.reference.text(),
                            manifest.digest.text(), confirmed ? confirmed->text() : "that there is none"),
                "does someone else push to the same tag?");
}

/// Whether the registry sees what it has confirmed. What it has not seen for long its storage has lost: it is
/// sent once more, where it can be read once more.
bool Pusher::all_there(const Destination& to, const StoredManifest& stored, bool late) {
  const auto manifest = parse_manifest(stored.bytes, stored.media_type, failure::protocol);
  if (!manifest) return true;
  auto needed = manifest->layers;
  needed.push_back(manifest->config);
  for (const auto& descriptor : needed) {
    if (to.registry->has_blob(to.repository, descriptor.digest, descriptor.size)) continue;
    if (!late) return false;
    std::function<http::Body()> open;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = again_.find(descriptor.digest); found != again_.end()) open = found->second;
    }
    if (!open)
      throw Error(failure::busy,
                  fmt::format("{} has lost {} after it was stored, and it cannot be read again from here",
                              to.registry->name(), descriptor.digest.text()),
                  "run the command again, with --no-reuse");
    run_.events.warn(fmt::format("{} has lost {} after it was stored: it is sent again", to.registry->name(),
                                 descriptor.digest.brief()));
    to.registry->upload(to.repository, {.digest = descriptor.digest, .size = descriptor.size, .open = open});
    uploaded_bytes_ += descriptor.size;
  }
  return true;
}

Pushed Pusher::answer(const StoredManifest& manifest, std::optional<Digest> config, const std::vector<Placed>& layers) {
  Pushed pushed{.digest = manifest.digest,
                .media_type = manifest.media_type,
                .size = manifest.bytes.size(),
                .config = std::move(config),
                .manifests = {},
                .layers = {},
                .references = {},
                .referrers = attached_,
                .uploaded_bytes = uploaded_bytes_,
                .reused_bytes = 0};
  for (const auto& layer : layers) {
    pushed.layers.push_back({layer.descriptor.digest, layer.descriptor.size, layer.state});
    if (layer.state != State::uploaded) pushed.reused_bytes += layer.descriptor.size;
  }
  for (const auto& target : targets_) {
    auto reference = target.reference;
    reference.digest = manifest.digest;
    pushed.references.push_back(std::move(reference));
  }
  return pushed;
}

}  // namespace slipway::oci
