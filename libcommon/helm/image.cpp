// SPDX-License-Identifier: Apache-2.0
#include "helm/image.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace slipway::helm {

namespace {

using data::Kind;
using data::Value;

bool is_text(const Value* value) { return value != nullptr && (value->is_scalar()); }

/// A tag that every runtime takes, for a chart that insists on one.
std::string short_digest(const std::string& digest) {
  const auto colon = digest.find(':');
  return digest.substr(colon == std::string::npos ? 0 : colon + 1, 12);
}

void write(Value& values, const std::string& path, const std::string& text) {
  Value* at = &values;
  const auto parts = text::split(path, '.');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (at->is(Kind::null)) *at = Value::mapping();
    auto* next = at->find(parts[i]);
    at = next != nullptr ? next : &at->set(parts[i], Value::mapping());
    if (at->is(Kind::null)) *at = Value::mapping();
    if (!at->is(Kind::mapping))
      throw Error(failure::bad_input, fmt::format("the image cannot go to '{}': '{}' is {} in the values", path,
                                                  parts[i], data::name_of(at->kind())));
  }
  if (at->is(Kind::null)) *at = Value::mapping();
  at->set(parts.back(), Value::of(text));
}

std::optional<ImageKeys> main_app_keys(const Value& values) {
  if (at_path(values, "main_app.image") == nullptr || at_path(values, "main_app.version") == nullptr)
    return std::nullopt;
  ImageKeys keys{.repository = "main_app.image", .tag = "main_app.version"};
  if (at_path(values, "docker.registry") != nullptr) keys.registry = "docker.registry";
  return keys;
}

std::optional<ImageKeys> image_map_keys(const Value& values) {
  const auto* image = values.find("image");
  if (image == nullptr) return std::nullopt;
  if (image->is(Kind::string)) return ImageKeys{.reference = "image"};
  if (!image->is(Kind::mapping)) return std::nullopt;
  ImageKeys keys;
  // "name" is what older charts call the repository.
  for (const char* key : {"repository", "name"})
    if (!keys.repository && is_text(image->find(key))) keys.repository = std::string("image.") + key;
  if (!keys.repository) return std::nullopt;
  if (is_text(image->find("registry"))) keys.registry = "image.registry";
  if (is_text(image->find("digest"))) keys.digest = "image.digest";
  if (is_text(image->find("tag"))) keys.tag = "image.tag";
  if (!keys.tag && !keys.digest) keys.tag = "image.tag";
  return keys;
}

}  // namespace

std::string Image::text() const { return name() + (tag.empty() ? "" : ":" + tag) + '@' + digest; }

std::vector<std::string> ImageKeys::paths() const {
  std::vector<std::string> all;
  for (const auto* key : {&reference, &registry, &repository, &tag, &digest})
    if (*key) all.push_back(**key);
  return all;
}

const Value* at_path(const Value& values, std::string_view path) {
  const Value* at = &values;
  for (const auto& part : text::split(path, '.')) {
    at = at->find(part);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::optional<ImageKeys> find_image_keys(const Value& values) {
  if (auto keys = main_app_keys(values)) return keys;
  return image_map_keys(values);
}

void put_image(Value& values, const ImageKeys& keys, const Image& image) {
  if (keys.reference) write(values, *keys.reference, image.text());
  if (keys.registry) write(values, *keys.registry, image.registry);
  if (keys.repository) write(values, *keys.repository, keys.registry ? image.repository : image.name());
  if (keys.digest) {
    write(values, *keys.digest, image.digest);
    // A tag left over from the configuration would stand beside the digest and name another image.
    if (keys.tag) write(values, *keys.tag, image.tag);
  } else if (keys.tag) {
    write(values, *keys.tag, (image.tag.empty() ? short_digest(image.digest) : image.tag) + '@' + image.digest);
  }
}

}  // namespace slipway::helm
