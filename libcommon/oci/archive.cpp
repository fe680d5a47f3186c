// SPDX-License-Identifier: Apache-2.0
#include "oci/archive.hpp"

#include "core/text.hpp"
#include "oci/decode.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace slipway::oci {

namespace {

constexpr std::size_t longest_text = 8U << 20U;
constexpr std::size_t most_text = 64U << 20U;
constexpr int most_links = 40;

/// docker up to 24: ID/layer.tar; podman: ID.tar; some builders: ID.tar.gz.
bool is_layer_name(std::string_view name) {
  return name.ends_with("/layer.tar") || name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
}
/// docker 25 and later and containerd keep everything under its digest; only its content tells what it is.
bool is_blob_name(std::string_view name) { return name.starts_with("blobs/"); }

/// ID/VERSION and repositories are of the first format, from before there were digests, and of no use.
bool is_known_text(std::string_view name) {
  return name.ends_with(".json") || name.ends_with("/json") || name == "oci-layout";
}

std::string normal(const std::string& name) {
  return std::filesystem::path(name).lexically_normal().relative_path().generic_string();
}

std::vector<std::string> strings(const nlohmann::json& node, const char* key) {
  std::vector<std::string> out;
  const auto found = node.find(key);
  if (found == node.end() || !found->is_array()) return out;
  for (const auto& item : *found)
    if (item.is_string()) out.push_back(normal(item.get<std::string>()));
  return out;
}

bool is_called(const ArchivedImage& image, std::string_view wanted) {
  const auto with_tag = [&](const std::string& tag) {
    return tag == wanted || tag == fmt::format("{}:latest", wanted) || fmt::format("docker.io/{}", tag) == wanted ||
           fmt::format("docker.io/library/{}", tag) == wanted;
  };
  if (std::ranges::any_of(image.tags, with_tag)) return true;
  if (wanted.starts_with("sha256:")) wanted.remove_prefix(7);
  return wanted.size() >= 7 && image.id().starts_with(wanted);
}

std::string list_of(const std::vector<ArchivedImage>& images) {
  std::vector<std::string> names;
  for (const auto& image : images)
    names.push_back(image.tags.empty() ? image.id().substr(0, 12) : image.tags.front());
  return text::printable(text::join(names, ", "));
}

std::vector<ArchivedImage> images_of(const std::string& manifest) {
  const auto document = nlohmann::json::parse(manifest, nullptr, false);
  if (!document.is_array() || document.empty())
    throw Error(failure::bad_input, "the archive's manifest.json is no list of images");
  std::vector<ArchivedImage> images;
  for (const auto& node : document) {
    const auto config = node.is_object() ? node.find("Config") : node.end();
    if (!node.is_object() || config == node.end() || !config->is_string())
      throw Error(failure::bad_input, "the archive's manifest.json names no configuration");
    ArchivedImage image{.config = normal(config->get<std::string>()), .tags = {}, .layers = strings(node, "Layers")};
    if (const auto tags = node.find("RepoTags"); tags != node.end() && tags->is_array())
      for (const auto& tag : *tags)
        if (tag.is_string()) image.tags.push_back(tag.get<std::string>());
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace

std::string ArchivedImage::id() const {
  auto id = std::filesystem::path(config).filename().string();
  if (id.ends_with(".json")) id.resize(id.size() - 5);
  return id;
}

void ArchiveContents::keep(const std::string& name, std::string content) {
  bytes_ += content.size();
  if (bytes_ > most_text) throw Error(failure::bad_input, "the archive holds more than 64 MiB of small entries");
  texts_[normal(name)] = std::move(content);
}

void ArchiveContents::link(const std::string& name, const std::string& target, bool symbolic) {
  // A hard link names an entry from the archive's root, a symbolic one from its own folder.
  const auto from = symbolic ? std::filesystem::path(name).parent_path() / target : std::filesystem::path(target);
  links_[normal(name)] = normal(from.generic_string());
}

std::string ArchiveContents::resolve(const std::string& name) const {
  auto at = normal(name);
  for (int steps = 0; steps < most_links; ++steps) {
    const auto found = links_.find(at);
    if (found == links_.end()) return at;
    at = found->second;
  }
  throw Error(failure::bad_input, fmt::format("the archive's links from {} lead nowhere", text::printable(name)));
}

const std::string* ArchiveContents::text(const std::string& name) const {
  const auto found = texts_.find(resolve(name));
  return found != texts_.end() ? &found->second : nullptr;
}

std::vector<ArchivedImage> ArchiveContents::images() const {
  const auto* manifest = text("manifest.json");
  if (manifest == nullptr) {
    throw Error(failure::bad_input,
                "the archive has neither manifest.json nor index.json: it is no image that was saved");
  }
  return images_of(*manifest);
}

ArchivedImage ArchiveContents::select(const std::optional<std::string>& wanted) const {
  const auto images = this->images();
  if (!wanted) {
    if (images.size() > 1)
      throw Error(failure::bad_input, fmt::format("the archive holds {} images: {}", images.size(), list_of(images)),
                  "name one with --image");
    return images.front();
  }
  const auto found = std::ranges::find_if(images, [&](const auto& image) { return is_called(image, *wanted); });
  if (found == images.end())
    throw Error(failure::not_found,
                fmt::format("the archive holds no image '{}'; it has {}", text::printable(*wanted), list_of(images)));
  return *found;
}

ArchiveReader::ArchiveReader(Layers layers)
    : layers_(std::move(layers)), tar_({.begin = [this](const TarEntry& entry) { begin(entry); },
                                        .data = [this](std::string_view bytes) { data(bytes); },
                                        .end = [this] { end(); }}) {}

const ArchiveContents& ArchiveReader::finish() const {
  tar_.finish();
  return contents_;
}

void ArchiveReader::begin(const TarEntry& entry) {
  entry_ = entry;
  text_.clear();
  role_ = Role::unwanted;
  if (entry.kind == TarEntry::Kind::symlink || entry.kind == TarEntry::Kind::hard_link)
    contents_.link(entry.name, entry.link, entry.kind == TarEntry::Kind::symlink);
  if (entry.kind != TarEntry::Kind::file) return;
  if (layers_.file) layers_.file(entry);
  if (is_blob_name(entry.name)) role_ = Role::undecided;
  else if (is_layer_name(entry.name)) role_ = layers_.begin(entry, {}) ? Role::layer : Role::unwanted;
  else if (is_known_text(entry.name)) role_ = Role::text;
  if (role_ == Role::text && entry.size > longest_text)
    throw Error(failure::bad_input, fmt::format("{} in the archive is larger than 8 MiB", text::printable(entry.name)));
}

void ArchiveReader::data(std::string_view bytes) {
  switch (role_) {
  case Role::unwanted: return;
  case Role::layer: layers_.data(bytes); return;
  case Role::text: text_ += bytes; return;
  case Role::undecided:
    text_ += bytes;
    if (text_.size() >= archive_signature) decide();
    return;
  }
}

/// What an entry without a telling name is: a document, if it begins as one and is not too large.
void ArchiveReader::decide() {
  const auto first = text_.find_first_not_of(" \t\r\n");
  if (entry_.size <= longest_text && first != std::string::npos && (text_[first] == '{' || text_[first] == '[')) {
    role_ = Role::text;
    return;
  }
  role_ = layers_.begin(entry_, text_) ? Role::layer : Role::unwanted;
  if (role_ == Role::layer) layers_.data(text_);
  text_.clear();
}

void ArchiveReader::end() {
  if (role_ == Role::undecided) decide();
  if (role_ == Role::layer) layers_.end();
  else if (role_ == Role::text) contents_.keep(entry_.name, std::exchange(text_, {}));
  role_ = Role::unwanted;
}

}  // namespace slipway::oci
