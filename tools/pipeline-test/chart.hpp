// SPDX-License-Identifier: Apache-2.0
// A chart on disk, as far as a test has to know it: its name, its own values, and the values that it
// is installed with. Rendering is helm's.
#pragma once

#include "data/value.hpp"
#include "helm/image.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct Chart {
  std::filesystem::path path;  ///< a directory or a .tgz
  std::string name;
  std::string version;
  data::Value defaults;  ///< values.yaml; null when it has none
};

/// @throws Error not_found, bad_input
[[nodiscard]] Chart read_chart(const std::filesystem::path& path);

/// Values files over each other, then `--set PATH=VALUE` with VALUE read as YAML.
/// @throws Error not_found, bad_input, bad_usage
[[nodiscard]] data::Value read_values(const std::vector<std::string>& files, const std::vector<std::string>& set);

/// The values with the image in them.
/// @param key `--image-key`: the one key that takes NAME@DIGEST; found by the chart's shape without it
/// @throws Error bad_input when no key is found
[[nodiscard]] data::Value with_image(data::Value values, const Chart& chart, const std::optional<std::string>& key,
                                     const helm::Image& image);

/// What a Kubernetes name may hold: lower case, digits and dashes, at most `longest`.
[[nodiscard]] std::string dns_label(std::string_view text, std::size_t longest);

}  // namespace slipway::pipeline_test
