// SPDX-License-Identifier: Apache-2.0
#include "oci/finished.hpp"

#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace slipway::oci {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int deepest = 4;  ///< indexes within indexes
constexpr std::size_t most_manifests = 1000;
constexpr std::size_t shortest_digest = 7;

/// BuildKit's: which manifest of the same index an attestation is about.
constexpr std::string_view about_annotation = "vnd.docker.reference.digest";

template <typename Json>
std::string text_in(const Json& object, std::string_view key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->template get<std::string>() : std::string{};
}

template <typename Json>
std::string annotation(const Json& node, std::string_view key) {
  const auto found = node.find("annotations");
  return found != node.end() ? text_in(*found, key) : std::string{};
}

template <typename Json>
Descriptor descriptor_of(const Json& node) {
  const auto digest = Digest::parse(text_in(node, "digest"));
  const auto size = node.is_object() ? node.find("size") : node.end();
  if (!digest || size == node.end() || !size->is_number_unsigned())
    throw Error(failure::bad_input, "an index names a manifest without a valid digest and size");
  return {.media_type = text_in(node, "mediaType"), .digest = *digest, .size = size->template get<std::uint64_t>()};
}

template <typename Json>
std::optional<Platform> platform_of(const Json& node) {
  const auto found = node.find("platform");
  if (found == node.end() || !found->is_object()) return std::nullopt;
  return Platform{.os = text_in(*found, "os"),
                  .architecture = text_in(*found, "architecture"),
                  .variant = text_in(*found, "variant")};
}

/// What an image of a layout is called: docker and containerd write the whole name beside the tag.
std::vector<std::string> names_of(const json& node) {
  std::vector<std::string> names;
  for (const auto* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"})
    if (auto name = annotation(node, key); !name.empty()) names.push_back(std::move(name));
  return names;
}

bool is_called(const json& node, std::string_view wanted) {
  for (const auto& name : names_of(node)) {
    if (name == wanted || fmt::format("docker.io/{}", wanted) == name ||
        fmt::format("docker.io/library/{}", wanted) == name)
      return true;
  }
  if (wanted.starts_with("sha256:")) wanted.remove_prefix(7);
  return wanted.size() >= shortest_digest && descriptor_of(node).digest.hex().starts_with(wanted);
}

std::string list_of(const std::vector<const json*>& nodes) {
  std::vector<std::string> shown;
  for (const auto* node : nodes) {
    const auto names = names_of(*node);
    shown.push_back(names.empty() ? std::string(descriptor_of(*node).digest.brief()) : names.front());
  }
  return text::printable(text::join(shown, ", "));
}

bool is_index(std::string_view media_type) {
  return media_type == media::oci_index || media_type == media::docker_list;
}
bool is_manifest(std::string_view media_type) {
  return media_type == media::oci_manifest || media_type == media::docker_manifest;
}

/// Layers that their owner does not want copied: registries know them by their address alone.
bool stays_elsewhere(const json& layer) {
  const auto type = text_in(layer, "mediaType");
  return type.find(".foreign.") != std::string::npos || type.find(".nondistributable.") != std::string::npos;
}

const json& images_listed(const json& index) {
  const auto list = index.is_object() ? index.find("manifests") : index.end();
  if (list == index.end() || !list->is_array() || list->empty())
    throw Error(failure::bad_input, "the layout's index.json names no image");
  return *list;
}

class Gathering {
 public:
  Gathering(const ReadDocument& read, FinishedImage& image) : read_(read), image_(image) {}

  std::string document(const Descriptor& is) const {
    auto bytes = read_(is);
    const auto what = fmt::format("manifest {}", is.digest.brief());
    if (bytes.size() != is.size)
      throw Error(failure::bad_input,
                  fmt::format("{} has {} bytes, and {} where it is named", what, bytes.size(), is.size));
    if (Digest::of(bytes, is.digest.algorithm()) != is.digest)
      throw Error(failure::bad_input, fmt::format("{} is damaged: its digest is another", what));
    return bytes;
  }

  void take(const Descriptor& is, int depth) {
    if (!seen_.insert(is.digest).second) return;
    take(is, document(is), depth);
  }

  void take(const Descriptor& is, std::string bytes, int depth) {
    if (depth > deepest || image_.manifests.size() > most_manifests)
      throw Error(failure::bad_input, "the image's indexes are nested without end");
    const auto parsed = json::parse(bytes, nullptr, false);
    FinishedManifest manifest{.is = is, .bytes = {}, .blobs = {}, .children = {}};
    if (const auto said = text_in(parsed, "mediaType"); !said.empty()) manifest.is.media_type = said;
    if (is_index(manifest.is.media_type)) {
      manifest.children = children_of(parsed);
      for (const auto& child : manifest.children) take(child, depth + 1);
    } else if (is_manifest(manifest.is.media_type)) {
      manifest.blobs = blobs_of(parsed, bytes, manifest.is.media_type);
    } else {
      throw Error(
          failure::bad_input,
          fmt::format("manifest {} is of a kind that is not pushed: {}", is.digest.brief(),
                      manifest.is.media_type.empty() ? "no media type" : text::printable(manifest.is.media_type)));
    }
    manifest.bytes = std::move(bytes);
    image_.manifests.push_back(std::move(manifest));
  }

 private:
  static std::vector<Descriptor> children_of(const json& document) {
    const auto list = document.is_object() ? document.find("manifests") : document.end();
    if (list == document.end() || !list->is_array())
      throw Error(failure::bad_input, "an index has no list of manifests");
    std::vector<Descriptor> children;
    for (const auto& node : *list) children.push_back(descriptor_of(node));
    return children;
  }

  static std::vector<Descriptor> blobs_of(const json& document, std::string_view bytes, std::string_view media_type) {
    const auto manifest = parse_manifest(bytes, media_type, failure::bad_input);
    if (!manifest) throw Error(failure::bad_input, "a manifest has no configuration or no layers");
    std::vector<Descriptor> blobs{manifest->config};
    const auto& layers = document.at("layers");
    for (std::size_t i = 0; i < manifest->layers.size(); ++i)
      if (!stays_elsewhere(layers.at(i))) blobs.push_back(manifest->layers[i]);
    return blobs;
  }

  const ReadDocument& read_;
  FinishedImage& image_;
  std::set<Digest> seen_;
};

/// Places in `list` of the manifests that are wanted, and of the attestations about them.
std::vector<std::size_t> chosen_in(const ordered_json& list, const std::vector<Platform>& platforms) {
  std::set<std::size_t> chosen;
  std::set<std::string> digests;
  std::vector<std::string> offered;
  for (const auto& node : list)
    if (const auto is = platform_of(node); is && is->os != "unknown") offered.push_back(is->text());
  for (const auto& wanted : platforms) {
    bool found = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto is = platform_of(list[i]);
      if (!is || !wanted.takes(*is)) continue;
      found = true;
      chosen.insert(i);
      digests.insert(descriptor_of(list[i]).digest.text());
    }
    if (!found)
      throw Error(failure::not_found, fmt::format("the image is not for {}; it is for {}", wanted.text(),
                                                  offered.empty() ? "no platform that it names"
                                                                  : text::printable(text::join(offered, ", "))));
  }
  if (digests.size() > 1)
    for (std::size_t i = 0; i < list.size(); ++i)
      if (digests.contains(annotation(list[i], about_annotation))) chosen.insert(i);
  return {chosen.begin(), chosen.end()};
}

/// The configuration says what a single image is for.
void check_platform(const FinishedManifest& image, const ReadDocument& read, const std::vector<Platform>& platforms) {
  const auto document = json::parse(read(image.blobs.front()), nullptr, false);
  const Platform is{.os = text_in(document, "os"),
                    .architecture = text_in(document, "architecture"),
                    .variant = text_in(document, "variant")};
  for (const auto& wanted : platforms)
    if (!wanted.takes(is))
      throw Error(failure::not_found,
                  fmt::format("the image is not for {}; it is for {}", wanted.text(), text::printable(is.text())));
}

}  // namespace

Platform Platform::parse(std::string_view text) {
  const auto parts = text::split(text, '/');
  const auto good = [](const std::string& part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
  };
  if (parts.size() < 2 || parts.size() > 3 || !std::ranges::all_of(parts, good))
    throw Error(failure::bad_usage, fmt::format("'{}' is no platform", text::printable(text)),
                "write OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64");
  return {.os = parts[0], .architecture = parts[1], .variant = parts.size() == 3 ? parts[2] : std::string{}};
}

std::string Platform::text() const {
  return variant.empty() ? fmt::format("{}/{}", os, architecture) : fmt::format("{}/{}/{}", os, architecture, variant);
}

bool Platform::takes(const Platform& offered) const {
  return os == offered.os && architecture == offered.architecture && (variant.empty() || variant == offered.variant);
}

bool FinishedImage::has_plain_layers() const {
  return std::ranges::any_of(manifests, [](const auto& manifest) {
    return std::ranges::any_of(manifest.blobs, [](const auto& blob) {
      return blob.media_type == media::oci_layer_tar || blob.media_type == media::docker_layer_tar;
    });
  });
}

std::vector<ListedImage> images_named_in(std::string_view index_json) {
  const auto document = json::parse(index_json, nullptr, false);
  std::vector<ListedImage> out;
  for (const auto& node : images_listed(document)) {
    auto names = names_of(node);
    if (names.size() > 1) names.resize(1);  // the second one is the tag of the first
    const auto selector = std::string(descriptor_of(node).digest.hex());
    const auto found = std::ranges::find(out, selector, &ListedImage::selector);
    auto& image = found != out.end() ? *found : out.emplace_back(ListedImage{.selector = selector, .names = {}});
    image.names.insert(image.names.end(), names.begin(), names.end());
  }
  return out;
}

Descriptor choose_image(std::string_view index_json, const std::optional<std::string>& wanted) {
  const auto document = json::parse(index_json, nullptr, false);
  const auto* list = &images_listed(document);
  std::vector<const json*> nodes;  // docker names an image once for each of its tags
  for (const auto& node : *list) {
    const auto digest = descriptor_of(node).digest;
    if (std::ranges::none_of(nodes, [&](const auto* other) { return descriptor_of(*other).digest == digest; }))
      nodes.push_back(&node);
  }
  if (wanted) {
    for (const auto& node : *list)
      if (is_called(node, *wanted)) return descriptor_of(node);
    throw Error(failure::not_found,
                fmt::format("the layout holds no image '{}'; it has {}", text::printable(*wanted), list_of(nodes)));
  }
  if (nodes.size() == 1) return descriptor_of(*nodes.front());
  const bool by_platform = std::ranges::all_of(
      nodes, [](const auto* node) { return platform_of(*node).has_value() && names_of(*node).empty(); });
  if (by_platform)
    return {.media_type = std::string(media::oci_index), .digest = Digest::of(index_json), .size = index_json.size()};
  throw Error(failure::bad_input, fmt::format("the layout holds {} images: {}", nodes.size(), list_of(nodes)),
              "name one with --image");
}

FinishedImage gather(const Descriptor& root, const ReadDocument& read, const std::vector<Platform>& platforms) {
  FinishedImage image;
  Gathering gathering(read, image);
  if (platforms.empty()) {
    gathering.take(root, 0);
    return image;
  }
  auto bytes = gathering.document(root);
  auto document = ordered_json::parse(bytes, nullptr, false);
  if (const auto list = document.is_object() ? document.find("manifests") : document.end();
      list == document.end() || !list->is_array()) {
    gathering.take(root, std::move(bytes), 0);
    check_platform(image.root(), read, platforms);
    return image;
  }
  const auto chosen = chosen_in(document.at("manifests"), platforms);
  if (chosen.size() == document.at("manifests").size()) {
    gathering.take(root, std::move(bytes), 0);
    return image;
  }
  image.part_of = root.digest;
  if (chosen.size() == 1) {
    gathering.take(descriptor_of(document.at("manifests")[chosen.front()]), 0);
    return image;
  }
  auto kept = ordered_json::array();
  for (const auto i : chosen) kept.push_back(document.at("manifests")[i]);
  document["manifests"] = std::move(kept);
  auto smaller = document.dump();
  const Descriptor is{.media_type = root.media_type, .digest = Digest::of(smaller), .size = smaller.size()};
  gathering.take(is, std::move(smaller), 0);
  return image;
}

}  // namespace slipway::oci
