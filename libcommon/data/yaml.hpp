// SPDX-License-Identifier: Apache-2.0
// Reads YAML as helm and Blubber do (yaml.v2/v3 in Go, YAML 1.1 scalars), but says where every value
// stood and what in the file is a trap. yaml-cpp scans; resolution of plain scalars, duplicate keys,
// merge keys and limits are ours. JSON is YAML.
#pragma once

#include "core/error.hpp"
#include "data/value.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

/// What a key is that is no string: `on: x`, `1.10: x`.
enum class YamlKeys {
  as_helm,     ///< what helm and other Go programs make of it: "true", "1.1"
  as_written,  ///< its text, with W002 where the two differ: for names, such as those of variables
};

struct YamlLimits {
  int depth = 100;                ///< nesting
  std::size_t nodes = 1'000'000;  ///< after aliases are expanded: stops alias bombs
  std::size_t bytes = 8U << 20U;
  YamlKeys keys = YamlKeys::as_helm;
};

/// The text of a file, which all its documents share.
class SourceText {
 public:
  SourceText() = default;
  SourceText(std::shared_ptr<const std::string> text)
      : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  operator std::string_view() const { return text_ ? std::string_view(*text_) : std::string_view(); }  // NOLINT

 private:
  std::shared_ptr<const std::string> text_;
};

struct YamlDocument {
  Value root;  ///< null for an empty document
  std::vector<Diagnostic>
      warnings;       ///< duplicate keys, odd scalars, each kind up to a limit: see config-get(1), W001-W008
  SourceText source;  ///< the whole file, for carets
};

/// The first document of `text`.
/// @param file the name that places and errors show
/// @throws Error bad_input with the findings, line, column and the line itself
[[nodiscard]] YamlDocument parse_yaml(std::string_view text, std::string file, const YamlLimits& limits = {});

/// All documents of a stream (manifests). Linear in its size.
/// @throws Error bad_input
[[nodiscard]] std::vector<YamlDocument> parse_yaml_stream(std::string_view text, std::string file,
                                                          const YamlLimits& limits = {});

/// Line `line` (from 1) of `source`, without its end; empty when there is none.
[[nodiscard]] std::string source_line(std::string_view source, int line);

/// YAML that helm, yq, PyYAML and kubectl all read back as the same value: keys sorted bytewise,
/// strings quoted whenever a YAML 1.1 or 1.2 reader could take them for something else.
[[nodiscard]] std::string to_yaml(const Value& value);
/// Canonical JSON: keys sorted bytewise. `indent` < 0 gives one line without blanks.
[[nodiscard]] std::string to_json(const Value& value, int indent = -1);

}  // namespace slipway::data
