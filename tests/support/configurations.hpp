// SPDX-License-Identifier: Apache-2.0
// Configurations that hold every key that takes text, as the schema lists them, and what must be true of any
// configuration at all: for tests and fuzzers that put text of their own in.
#pragma once

#include "blubber/blubber.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::testing {

/// {"copies", "[]", "from"}: a key of the schema. "*" is any name, and "~" the name itself, which is then the text.
using KeyPath = std::vector<std::string>;

[[nodiscard]] std::string shown(const KeyPath& path);

/// Every key that takes text.
[[nodiscard]] std::set<KeyPath> text_keys();

/// Valid configurations of which at least one holds each key, if it is known here. The variant to build is "a".
[[nodiscard]] std::vector<nlohmann::json> configurations();

/// A key in a configuration.
struct Place {
  nlohmann::json document;
  nlohmann::json::json_pointer at;
  bool is_name = false;

  /// What stands there.
  [[nodiscard]] std::string text() const;
  /// The configuration with another text there, and the variant to ask for.
  [[nodiscard]] std::pair<std::string, std::string> with(const std::string& text) const;
};

[[nodiscard]] std::vector<Place> places_of(const KeyPath& path);

[[nodiscard]] std::string as_yaml(const nlohmann::json& document);

struct Outcome {
  std::optional<blubber::Dockerfile> dockerfile;  ///< nothing when the configuration was refused
  std::string wrong;                              ///< what must not be; empty when all is well
};

/// A configuration is either refused in words, with a place and without a control character, or every builder reads
/// in the Dockerfile what was planned.
[[nodiscard]] Outcome generate(std::string_view yaml, const std::string& variant, blubber::Target target);

}  // namespace slipway::testing
