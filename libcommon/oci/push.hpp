// SPDX-License-Identifier: Apache-2.0
// Copies one image from an engine or an archive into registries, so that what is answered is what the
// registry holds: blobs first, the manifest after all of them, tags last, each confirmed by asking.
// The parts it is made of (archive, compression, registry session) have headers of their own.
// OCI distribution-spec v1.1, "Push"; docs in registry-push(1).
#pragma once

#include "docker/engine.hpp"
#include "io/events.hpp"
#include "oci/access.hpp"
#include "oci/compress.hpp"
#include "oci/digest.hpp"
#include "oci/finished.hpp"
#include "oci/reference.hpp"
#include "oci/referrers.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace slipway::oci {

/// An image that an engine holds, by name or id.
struct EngineImage {
  docker::Endpoint where;
  std::string name;
};
/// A `docker save` archive or an OCI layout in a tar (plain, gzip or zstd), in a regular file.
struct ArchiveFile {
  /// Many archives are both. `any`: the layout if it is a finished image, since it has the real manifests; the other
  /// one where its layers are still to be compressed.
  enum class As { any, docker, layout };
  std::filesystem::path path;
  As as = As::any;
};
/// A folder with an OCI layout, or one that skopeo calls dir: (version, manifest.json, blobs by their digits).
struct LayoutFolder {
  std::filesystem::path path;
};
/// The same as a stream that can be read once.
struct ArchiveStream {
  int fd = -1;
  std::string seen;  ///< bytes that were read already, to look at what it is
};
/// An image of a registry: what it is made of is mounted where that is the same one, else streamed through.
struct RegistryImage {
  Reference reference;  ///< with a tag or a digest
};
using Source = std::variant<EngineImage, ArchiveFile, LayoutFolder, RegistryImage, ArchiveStream>;

struct PushOptions {
  std::optional<std::string>
      image;                        ///< which one of an archive that holds several: a name, or a digest or a part of it
  std::vector<Platform> platforms;  ///< which manifests of an index; all when empty
  int jobs = 6;                     ///< uploads at once
  int threads = 0;                  ///< compression; 0 for one per processor. The result never depends on it
  std::uint64_t memory = 64U << 20U;  ///< bytes for layers on their way
  /// Layers of an archive that the registry has are not read to see whether they are what its configuration says.
  bool trust_archive = false;
  bool reuse = true;                    ///< take layers that the registry's own earlier image already has
  std::optional<Reference> reuse_from;  ///< which image that is; the destination's tags by default
  bool if_absent = false;               ///< do not move a tag that exists
  std::optional<Digest> expect;         ///< move a tag only from this digest
  bool dry_run = false;                 ///< ask, read, compress, but write nothing
  /// How layers are packed: all of them. By default gzip, and those that come packed stay as they are.
  std::optional<Profile> compression;
  std::vector<Attachment> attachments = {};  ///< pushed beside the image, after its tags
  bool force_blobs = false;                  ///< send every blob, whatever the registry says it has
  /// What is asked after the tags are written: nothing, what they stand for, or that and every blob below.
  enum class Verify { none, head, full };
  Verify verify = Verify::head;
};

struct PushedLayer {
  enum class State { present, reused, mounted, uploaded };
  Digest digest;
  std::uint64_t size = 0;  ///< bytes, compressed
  State state = State::uploaded;
};
[[nodiscard]] std::string_view name_of(PushedLayer::State state);

struct Pushed {
  Digest digest;  ///< of the manifest, as each registry confirmed it
  std::string media_type;
  std::uint64_t size = 0;              ///< of the manifest
  std::optional<Digest> config;        ///< none of an index
  std::vector<Digest> manifests;       ///< those that an index names
  std::vector<PushedLayer> layers;     ///< of all of them
  std::vector<Reference> references;   ///< in the order given, each with this digest
  std::vector<Digest> referrers = {};  ///< what was attached, in the order given
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t reused_bytes = 0;
};

/// What can be said about references before anything is read or asked: there is one, each names its
/// registry, and has a tag or a digest. push() looks, too.
/// @throws Error bad_usage
void check_targets(const std::vector<Reference>& to);

/// Pushes the one image of `source` to all of `to`, compressing it once. Nothing is visible under a
/// tag before everything below it is confirmed. A source that breaks off moves no tag.
/// @param to at least one; each with a tag, or a digest that the result must have
/// @throws Error bad_input for an archive that is damaged, cut short or holds several images;
/// not_found, no_engine, unreachable, denied, protocol; conflict when a tag was not to be moved; busy
/// when a registry kept failing
[[nodiscard]] Pushed push(const Source& source, const std::vector<Reference>& to, const PushOptions& options,
                          const Access& access, const io::Run& run);

/// The digest that a tag stands for (of the index, where it is one); nothing when there is no such tag.
/// @param reference with a tag, or with a digest that is then only asked for
/// @throws Error unreachable, denied, protocol, busy
[[nodiscard]] std::optional<Digest> resolve_digest(const Reference& reference, const Access& access,
                                                   const io::Run& run);

/// Deletes the manifest that `reference` stands for, and with it all tags that point to it.
/// @return false when there is none
/// @throws Error bad_setup when the registry does not allow deletion; the others as above
bool delete_manifest(const Reference& reference, const Access& access, const io::Run& run);

}  // namespace slipway::oci
