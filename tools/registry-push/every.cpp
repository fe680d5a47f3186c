// SPDX-License-Identifier: Apache-2.0
#include "every.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "oci/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace slipway::registry_push {

namespace {

constexpr std::string_view name_field = "{name}";
constexpr std::string_view tag_field = "{tag}";

struct Saved {
  std::string name;  ///< empty where a layout says the tag alone
  std::string tag;
};

Saved saved_as(const std::string& text) {
  // org.opencontainers.image.ref.name of most tools is a tag.
  if (text.find_first_of(":/") == std::string::npos && oci::is_tag(text)) return {.name = {}, .tag = text};
  const auto reference = oci::Reference::parse(text, failure::bad_input);
  auto name = reference.repository;
  if (!reference.named_registry && name.starts_with("library/")) name.erase(0, 8);
  return {.name = name, .tag = reference.tag.value_or("")};
}

std::string filled(std::string reference, std::string_view field, const std::string& value, const std::string& image) {
  for (auto at = reference.find(field); at != std::string::npos; at = reference.find(field, at + value.size())) {
    if (value.empty())
      throw Error(failure::bad_input,
                  fmt::format("the image {} was saved without what {} stands for", text::printable(image), field),
                  "push it by itself, with --image");
    reference.replace(at, field.size(), value);
  }
  return reference;
}

}  // namespace

std::vector<Going> every_image(const std::vector<std::string>& references, const std::vector<oci::ListedImage>& images) {
  for (const auto& reference : references)
    if (reference.find(name_field) == std::string::npos && reference.find(tag_field) == std::string::npos)
      throw Error(failure::bad_usage, fmt::format("with --all, '{}' would be one place for all images", reference),
                  "write {name} and {tag} where an image's own are due: HOST/{name}:{tag}");
  std::vector<Going> out;
  std::map<std::string, std::string> taken;  // which image has a reference
  for (const auto& image : images) {
    if (image.names.empty())
      throw Error(failure::bad_input, fmt::format("the image {} was saved without a name", text::printable(image.selector)),
                  "push it by itself, with --image");
    Going going{.image = image.selector, .references = {}};
    for (const auto& reference : references) {
      for (const auto& name : image.names) {
        const auto saved = saved_as(name);
        auto to = filled(filled(reference, name_field, saved.name, name), tag_field, saved.tag, name);
        const auto [other, fresh] = taken.try_emplace(to, image.selector);
        if (!fresh && other->second != image.selector)
          throw Error(failure::bad_usage, fmt::format("two images of the archive would be {}", text::printable(to)),
                      "write {name} and {tag} where an image's own are due: HOST/{name}:{tag}");
        if (fresh) going.references.push_back(std::move(to));
      }
    }
    out.push_back(std::move(going));
  }
  return out;
}

}  // namespace slipway::registry_push
