// SPDX-License-Identifier: Apache-2.0
#include "oci/listing.hpp"

#include "core/fs.hpp"
#include "oci/archive.hpp"
#include "oci/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace slipway::oci {

namespace {

constexpr std::size_t read_step = 256U << 10U;

std::vector<ListedImage> listed(const ArchiveContents& contents, ArchiveFile::As as) {
  std::vector<ListedImage> out;
  // Where an archive is both, docker's names find the image either way.
  if (as != ArchiveFile::As::layout && contents.text("manifest.json") != nullptr) {
    for (auto& image : contents.images())
      out.push_back({.selector = image.tags.empty() ? image.id() : image.tags.front(), .names = image.tags});
    return out;
  }
  const auto* index = contents.text("index.json");
  if (index == nullptr) throw Error(failure::bad_input, "the archive has neither manifest.json nor index.json");
  return images_named_in(*index);
}

std::vector<ListedImage> images_of(const EngineImage&) {
  throw Error(failure::bad_usage, "an engine is asked for one image", "save the images into one archive");
}
std::vector<ListedImage> images_of(const RegistryImage&) {
  throw Error(failure::bad_usage, "a registry is asked for one image");
}
std::vector<ListedImage> images_of(const ArchiveStream&) {
  throw Error(failure::bad_usage, "where each image goes is told by an archive's end, so a pipe cannot be asked for all",
              "save it into a file and name that with --from");
}
std::vector<ListedImage> images_of(const LayoutFolder& source) {
  return images_named_in(fs::read_file(source.path / "index.json", longest_manifest));
}

std::vector<ListedImage> images_of(const ArchiveFile& source) {
  const auto& path = source.path.native();
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open())
    throw Error(errno == ENOENT ? failure::not_found : failure::read_failed,
                fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  const InPlace archive(file.get(), 0, path);
  ArchiveReader reader({.begin = [](const TarEntry&, std::string_view) { return false; },
                        .data = [](std::string_view) {},
                        .end = [] {}});
  std::string first(packing_signature, '\0');
  first.resize(archive.read(0, first.data(), first.size()));
  if (packing_of(first) == Packing::plain) {
    look_through(archive, reader);
    return listed(reader.finish(), source.as);
  }
  Decoder decoder(packing_of(first), [&](std::string_view bytes) { reader.feed(bytes); });
  std::vector<char> buffer(read_step);
  for (std::uint64_t at = 0;;) {
    const auto got = archive.read(at, buffer.data(), buffer.size());
    if (got == 0) break;
    decoder.feed({buffer.data(), got});
    at += got;
  }
  decoder.finish();
  return listed(reader.finish(), source.as);
}

}  // namespace

std::vector<ListedImage> images_in(const Source& source) {
  return std::visit([](const auto& from) { return images_of(from); }, source);
}

}  // namespace slipway::oci
