// SPDX-License-Identifier: Apache-2.0
#include "oci/layout.hpp"

#include <fmt/format.h>

namespace slipway::oci {

std::string blob_name(const Digest& digest) { return fmt::format("blobs/{}/{}", digest.algorithm(), digest.hex()); }

std::optional<Digest> digest_named(std::string_view entry) {
  constexpr std::string_view folder = "blobs/";
  if (!entry.starts_with(folder)) return std::nullopt;
  entry.remove_prefix(folder.size());
  const auto slash = entry.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return Digest::parse(fmt::format("{}:{}", entry.substr(0, slash), entry.substr(slash + 1)));
}

Error lacks(const Descriptor& blob) {
  const bool manifest =
      blob.media_type.find("manifest") != std::string::npos || blob.media_type.find("index") != std::string::npos;
  return {failure::bad_input, fmt::format("the layout lacks {} {}", manifest ? "manifest" : "blob", blob.digest.text()),
          manifest ? "if it has only some of the image's platforms, name them with --platform" : ""};
}

Error damaged(const Descriptor& blob) {
  return {failure::bad_input, fmt::format("blob {} of the layout is damaged: it has other bytes", blob.digest.text()),
          "save the image again; no tag was moved"};
}

FinishedImage finished_below(const std::string& index_json, const PushOptions& options, const ReadDocument& read) {
  const auto root = choose_image(index_json, options.image);
  const auto own = Digest::of(index_json);
  return gather(
      root, [&](const Descriptor& wanted) { return wanted.digest == own ? index_json : read(wanted); },
      options.platforms);
}

std::optional<FinishedImage> finished_in(const ArchiveContents& contents, ArchiveFile::As as,
                                         const PushOptions& options, const ReadDocument& read) {
  const auto* index = contents.text("index.json");
  const bool is_layout = index != nullptr && contents.text("oci-layout") != nullptr;
  const bool is_docker = contents.text("manifest.json") != nullptr;
  if (as == ArchiveFile::As::layout && !is_layout)
    throw Error(failure::bad_input, "the archive has no oci-layout and index.json: it is no OCI layout");
  if (as == ArchiveFile::As::docker || !is_layout) return std::nullopt;
  auto image = finished_below(*index, options, read);
  if (is_docker && as == ArchiveFile::As::any && image.has_plain_layers()) return std::nullopt;
  return image;
}

}  // namespace slipway::oci
