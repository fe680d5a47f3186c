// SPDX-License-Identifier: Apache-2.0
// What is attached to an image, after the image is there. A registry that knows of referrers lists them by itself; for
// others an index is kept under a tag, which several pushes may want to write at once: whoever wrote reads it back, and
// adds to it once more where another one was faster.
#include "core/text.hpp"
#include "oci/pusher.hpp"
#include "oci/referrers.hpp"

#include <fmt/format.h>

#include <random>

namespace slipway::oci {

namespace {

constexpr int most_tries = 8;

/// Who read the index before we wrote it, and writes it after, has done so by then; and not all come back at once.
std::chrono::milliseconds until_settled() { return std::chrono::milliseconds{150 + std::random_device{}() % 250}; }

}  // namespace

std::vector<Digest> Pusher::attach_all(const StoredManifest& subject) {
  std::vector<Digest> attached;
  if (options_.dry_run) return attached;
  for (const auto& attachment : options_.attachments) {
    auto bytes = render_referrer(
        attachment, {.media_type = subject.media_type, .digest = subject.digest, .size = subject.bytes.size()});
    const StoredManifest manifest{
        .digest = Digest::of(bytes), .media_type = std::string(media::oci_manifest), .bytes = std::move(bytes)};
    attached.push_back(manifest.digest);
    uploads_.add([this, &attachment, manifest, subject] {
      for (const auto& to : destinations_) attach(to, manifest, attachment, subject.digest);
    });
    uploads_.wait(run_);  // one after the other: they share the tag
    check();
  }
  return attached;
}

void Pusher::attach(const Destination& to, const StoredManifest& manifest, const Attachment& attachment,
                    const Digest& subject) {
  auto& registry = *to.registry;
  const bool listed = registry.put_manifest(to.repository, manifest.digest.text(), manifest, {});
  const Descriptor referrer{
      .media_type = manifest.media_type, .digest = manifest.digest, .size = manifest.bytes.size()};
  if (!listed) list(to, referrer, attachment.type, subject);
  run_.events.note(fmt::format("attached {}  {}  {}", manifest.digest.brief(), text::printable(attachment.type),
                               text::show_size(attachment.content.size())));
}

void Pusher::list(const Destination& to, const Descriptor& referrer, const std::string& type, const Digest& subject) {
  const auto tag = referrers_tag(subject);
  for (int tries = 0; tries <= most_tries; ++tries) {
    const auto now = to.registry->manifest(to.repository, tag);
    if (now && now->digest == subject)
      throw Error(failure::protocol,
                  fmt::format("{} takes the tag {} for the image itself: nothing can be listed under it",
                              to.registry->name(), tag));
    auto index = with_referrer(now ? std::optional(now->bytes) : std::nullopt, referrer, type);
    if (!index) return;  // it is in, as we have read just now
    const StoredManifest next{
        .digest = Digest::of(*index), .media_type = std::string(media::oci_index), .bytes = std::move(*index)};
    try {
      static_cast<void>(to.registry->put_manifest(
          to.repository, tag, next, {.only_new = !now, .only_from = now ? std::optional(now->digest) : std::nullopt}));
      courier_.pause(until_settled());
    } catch (const Error& error) {
      if (error.failure().id != failure::tag_exists.id) throw;  // another one was faster, and the registry knew
    }
  }
  throw Error(failure::busy,
              fmt::format("{} is stored, and {}/{}:{} does not keep it: others write it all the time",
                          referrer.digest.text(), to.registry->name(), to.repository, tag),
              "run the command again");
}

}  // namespace slipway::oci
