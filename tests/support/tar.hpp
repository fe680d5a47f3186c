// SPDX-License-Identifier: Apache-2.0
// Tar archives for tests, built byte by byte, so that odd ones can be built as well; and images in the
// form of `docker save` out of them.
#pragma once

#include "oci/digest.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::test {

/// @param size what the header says; by default what `content` has
inline std::string tar_header(std::string name, std::string_view size_field, char type, const std::string& link = {},
                              const std::string& prefix = {}) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size_field);
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(157, link);
  put(257, "ustar");
  put(263, "00");
  put(345, prefix);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return block;
}

inline std::string octal_size(std::size_t size) { return fmt::format("{:011o}", size); }

inline std::string padded(std::string_view content) {
  return std::string(content) + std::string((512 - content.size() % 512) % 512, '\0');
}

inline std::string tar_file(const std::string& name, std::string_view content, char type = '0') {
  return tar_header(name, octal_size(content.size()), type) + padded(content);
}

inline std::string tar_link(const std::string& name, const std::string& target, char type) {
  return tar_header(name, octal_size(0), type, target);
}

inline std::string pax_record(std::string_view key, std::string_view value) {
  const auto rest = fmt::format(" {}={}\n", key, value);
  auto length = rest.size() + 1;
  while (fmt::format("{}{}", length, rest).size() != length) ++length;
  return fmt::format("{}{}", length, rest);
}

inline std::string tar_end() { return std::string(1024, '\0'); }

/// A layer: a tar with one file.
inline std::string layer_tar(const std::string& name, std::string_view content) {
  return tar_file(name, content) + tar_end();
}

struct SavedImage {
  std::string tag = "svc:1";
  std::vector<std::string> layers;  ///< uncompressed tars
  std::string note = "test";        ///< makes configurations differ

  [[nodiscard]] std::string config() const {
    nlohmann::ordered_json config{{"architecture", "amd64"}, {"os", "linux"}, {"note", note}};
    config["rootfs"] = {{"type", "layers"}, {"diff_ids", nlohmann::ordered_json::array()}};
    for (const auto& layer : layers) config["rootfs"]["diff_ids"].push_back(oci::Digest::of(layer).text());
    return config.dump();
  }
  [[nodiscard]] std::string config_name() const { return std::string(oci::Digest::of(config()).hex()) + ".json"; }
  static std::string layer_name(std::size_t index) { return fmt::format("{:064x}/layer.tar", index + 1); }

  [[nodiscard]] nlohmann::ordered_json manifest_entry() const {
    nlohmann::ordered_json names = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < layers.size(); ++i) names.push_back(layer_name(i));
    return {{"Config", config_name()}, {"RepoTags", {tag}}, {"Layers", names}};
  }
  /// Layers first and manifest.json last, as docker does.
  [[nodiscard]] std::string archive() const {
    std::string out;
    for (std::size_t i = 0; i < layers.size(); ++i) out += tar_file(layer_name(i), layers[i]);
    out += tar_file(config_name(), config());
    return out + tar_file("manifest.json", nlohmann::ordered_json::array({manifest_entry()}).dump()) + tar_end();
  }
};

}  // namespace slipway::test
