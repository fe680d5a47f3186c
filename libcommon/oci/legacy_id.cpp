// SPDX-License-Identifier: Apache-2.0
#include "oci/legacy_id.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>

namespace slipway::oci {

namespace {

/// The members of a JSON object as they are written: parsing and printing again could change a byte, and
/// the id is a hash of these bytes. Docker writes them without blanks.
std::optional<std::map<std::string, std::string, std::less<>>> raw_members(std::string_view json) {
  if (!json.starts_with('{') || !json.ends_with('}')) return std::nullopt;
  std::map<std::string, std::string, std::less<>> out;
  std::size_t begin = 1;
  std::size_t colon = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      else if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') ++depth;
    if (c == ':' && depth == 1 && colon == 0) colon = i;
    const bool last = (c == '}' || c == ']') && --depth == 0;
    if ((c == ',' && depth == 1) || last) {
      const auto key = json.substr(begin, colon == 0 ? 0 : colon - begin);
      if (key.size() < 2 || !key.starts_with('"')) return std::nullopt;
      out.emplace(key.substr(1, key.size() - 2), json.substr(colon + 1, i - colon - 1));
      begin = i + 1;
      colon = 0;
    }
    if (last) return i + 1 == json.size() ? std::optional(std::move(out)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Digest> chain_ids(std::span<const Digest> diff_ids) {
  std::vector<Digest> out;
  for (const auto& diff_id : diff_ids)
    out.push_back(out.empty() ? diff_id : Digest::of(fmt::format("{} {}", out.back().text(), diff_id.text())));
  return out;
}

bool is_legacy_id(std::string_view folder, std::string_view json, const Digest& chain_id) {
  auto members = raw_members(json);
  if (!members) return false;
  members->erase("id");
  if (const auto parent = members->find("parent"); parent != members->end() && parent->second.size() > 2)
    parent->second =
        fmt::format("\"sha256:{}\"", std::string_view(parent->second).substr(1, parent->second.size() - 2));
  (*members)["layer_id"] = fmt::format("\"{}\"", chain_id.text());
  const auto id_of = [&] {
    std::string text;
    for (const auto& [key, value] : *members) text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", key, value);
    return Digest::of(text + "}");
  };
  if (id_of().hex() == folder) return true;
  // For all but the top layer, docker adds the member "os" after it has made the id.
  return members->erase("os") == 1 && id_of().hex() == folder;
}

}  // namespace slipway::oci
