// SPDX-License-Identifier: Apache-2.0
#include "config/bundle.hpp"

#include "core/text.hpp"
#include "data/yaml.hpp"
#include "hash/sha2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

constexpr std::string_view comment = "# config-get: ";

std::string quoted(std::string_view text) { return data::to_json(Value::of(std::string(text))); }

/// Blanks would end a word of the comment lines.
std::string as_word(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || c == '%') out += fmt::format("%{:02X}", byte);
    else out += c;
  }
  return out;
}

[[noreturn]] void fail(const std::string& name, std::string_view what) {
  throw Error(failure::bad_input, fmt::format("{} holds no configuration that can be used: {}", name, what),
              "config-get SERVICE -e ENVIRONMENT -o bundle");
}

/// The inverse of as_word(): nothing else is taken, so that no two lines mean the same registry.
std::string from_word(std::string_view word, std::string_view key, const std::string& name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      out += word[i];
      continue;
    }
    const auto high = i + 2 < word.size() ? digits.find(word[i + 1]) : std::string_view::npos;
    const auto low = i + 2 < word.size() ? digits.find(word[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos)
      fail(name,
           fmt::format("'{}' in '{}' is no byte in hexadecimal, as %20", text::printable(word.substr(i, 3)), key));
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (as_word(out) != word) fail(name, fmt::format("'{}' is not written as config-get writes it", key));
  return out;
}

/// The members that both forms carry, by the names that they have on the wire.
constexpr std::array<std::pair<std::string_view, std::string Bundle::*>, 6> named{{
    {"registry", &Bundle::registry},
    {"commit", &Bundle::commit},
    {"service", &Bundle::service},
    {"environment", &Bundle::environment},
    {"release", &Bundle::release},
    {"values-sha256", &Bundle::values_sha256},
}};

void check(const Bundle& bundle, const std::string& name) {
  for (const auto& [key, member] : named)
    if ((bundle.*member).empty()) fail(name, fmt::format("'{}' is missing", key));
  if (!bundle.values.is(Kind::mapping)) fail(name, "the values are no map");
  if (values_digest(bundle.values) != bundle.values_sha256)
    fail(name, "the values were changed after config-get printed them (values-sha256 differs)");
}

std::string text_of(const Value& document, std::string_view key) {
  const auto* value = document.find(key);
  return value != nullptr && value->is(Kind::string) ? value->text() : std::string();
}

Origin origin_of(std::string_view word, const std::string& name) {
  for (const auto origin : {Origin::file, Origin::inline_map, Origin::external, Origin::set, Origin::chart})
    if (name_of(origin) == word) return origin;
  fail(name, fmt::format("'{}' is no origin of a layer", text::printable(word)));
}

Layer layer_of(const Value& document, const std::string& name) {
  Layer layer;
  layer.origin = origin_of(text_of(document, "origin"), name);
  layer.path = text_of(document, "path");
  if (layer.path.empty()) fail(name, "a layer has no path");
  layer.real_path = text_of(document, "real-path");
  if (layer.real_path.empty()) layer.real_path = layer.path;
  layer.id = text_of(document, "id");
  const auto* present = document.find("present");
  if (present == nullptr || !present->is(Kind::boolean))
    fail(name, fmt::format("the layer {} does not say whether it is present", text::printable(layer.path)));
  layer.present = present->as_bool();
  return layer;
}

Bundle from_envelope(Value document, const std::string& name) {
  if (text_of(document, "schema") != "config-get/v1" || text_of(document, "kind") != "bundle")
    fail(name, "it is not what `config-get -o bundle` prints");
  Bundle bundle;
  bundle.registry = text_of(document, "registry");
  bundle.commit = text_of(document, "commit");
  bundle.service = text_of(document, "service");
  bundle.environment = text_of(document, "environment");
  bundle.release = text_of(document, "release");
  bundle.kind = text_of(document, "environment-kind");
  bundle.directory = text_of(document, "directory");
  bundle.values_sha256 = text_of(document, "values-sha256");
  const auto* layers = document.find("layers");
  if (layers == nullptr || !layers->is(Kind::sequence)) fail(name, "'layers' is no list");
  for (const auto& one : layers->items()) bundle.layers.push_back(layer_of(one, name));
  if (auto* values = document.find("values")) bundle.values = std::move(*values);
  check(bundle, name);
  return bundle;
}

Bundle from_yaml(std::string_view text, const std::string& name) {
  Bundle bundle;
  for (const auto& line : text::split(text, '\n')) {
    if (!line.starts_with('#')) break;
    if (!line.starts_with(comment)) continue;
    // A file that went through Windows has a carriage return at the end of its lines.
    for (const auto& word : text::split(text::trim(std::string_view(line).substr(comment.size())), ' ')) {
      const auto equals = word.find('=');
      const auto key = std::string_view(word).substr(0, equals);
      const auto* place = std::ranges::find(named, key, [](const auto& one) { return one.first; });
      if (equals == std::string::npos || place == named.end())
        fail(name, fmt::format("'{}' is nothing that a '# config-get:' line says", text::printable(word)));
      auto value = from_word(std::string_view(word).substr(equals + 1), key, name);
      auto& member = bundle.*place->second;
      if (!member.empty() && member != value) fail(name, fmt::format("'{}' is said twice, differently", key));
      member = std::move(value);
    }
  }
  if (bundle.commit.empty()) fail(name, "the two '# config-get:' lines are missing");
  bundle.values = data::parse_yaml(text, name).root;
  check(bundle, name);
  return bundle;
}

}  // namespace

std::string values_digest(const Value& values) { return hash::sha256_hex(data::to_json(values)); }

std::string comment_lines(const Bundle& bundle) {
  return fmt::format("{0}registry={1} commit={2}\n{0}service={3} environment={4} release={5} values-sha256={6}\n",
                     comment, as_word(bundle.registry), bundle.commit, as_word(bundle.service),
                     as_word(bundle.environment), as_word(bundle.release), bundle.values_sha256);
}

std::string to_envelope(const Bundle& bundle) {
  // Put together by hand: the members keep their order, and the digits of numbers stay as they were written.
  std::string layers;
  for (const auto& layer : bundle.layers) {
    if (!layers.empty()) layers += ',';
    layers += fmt::format(R"({{"path":{},"origin":"{}","present":{})", quoted(layer.path), name_of(layer.origin),
                          layer.present);
    if (layer.real_path != layer.path) layers += fmt::format(R"(,"real-path":{})", quoted(layer.real_path));
    if (!layer.id.empty()) layers += fmt::format(R"(,"id":"{}")", layer.id);
    layers += '}';
  }
  const auto kind = bundle.kind.empty() ? std::string() : fmt::format(R"("environment-kind":{},)", quoted(bundle.kind));
  return fmt::format(
      R"({{"schema":"config-get/v1","kind":"bundle","registry":{},"commit":"{}","service":{},"environment":{},{})"
      R"("release":{},"directory":{},"layers":[{}],"values-sha256":"{}","values":{}}})",
      quoted(bundle.registry), bundle.commit, quoted(bundle.service), quoted(bundle.environment), kind,
      quoted(bundle.release), quoted(bundle.directory), layers, bundle.values_sha256, data::to_json(bundle.values));
}

Bundle parse_bundle(std::string_view text, const std::string& name) {
  const auto content = text::trim(text);
  if (content.empty())
    throw Error(failure::empty_input, fmt::format("{} is empty: the step before it printed no configuration", name));
  if (content.starts_with('{')) return from_envelope(data::parse_yaml(text, name).root, name);
  return from_yaml(text, name);
}

}  // namespace slipway::config
