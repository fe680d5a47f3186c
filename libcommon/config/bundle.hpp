// SPDX-License-Identifier: Apache-2.0
// The configuration of one service in one environment with where it came from: what config-get
// answers, what it hands to deploy-helm through a pipe, and what deploy-helm reads by itself.
#pragma once

#include "config/layout.hpp"
#include "core/error.hpp"
#include "data/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::config {

struct Layer {
  Origin origin = Origin::file;
  std::string path;       ///< as the layout names it, from the registry's root; the manifest for an inline map
  std::string real_path;  ///< where links lead; equals `path` when there are none
  bool present = false;
  bool secret = false;  ///< encrypted in the registry, or said to be secret by the layout: masked for people
  std::string id;       ///< blob id, "sha256:..." of an external file; empty when absent or inline
  data::Value values;   ///< what this layer alone says; marks name `real_path`
};

struct Bundle {
  std::string registry;  ///< absolute path, or the URL without credentials
  std::string commit;    ///< 40 digits; "+dirty" behind them when files of a work tree were read
  std::string service;
  std::string environment;
  std::string release;
  std::string kind;                  ///< of the environment, where the layout says; else empty
  std::string directory;             ///< the service's directory, from the registry's root
  std::string name_space;            ///< where the layout or state file says
  std::string chart;                 ///< its directory in the registry, where the layout or state file says
  std::vector<Layer> layers;         ///< in order, later wins; absent ones, too
  data::Value values;                ///< merged; always a map
  std::string values_sha256;         ///< over the canonical JSON of `values`
  std::vector<Diagnostic> warnings;  ///< of all files that were read
  std::vector<std::string> notes;    ///< what is worth knowing and no reason to stop
};

/// SHA-256 over the canonical JSON (keys sorted, no blanks), in hexadecimal.
[[nodiscard]] std::string values_digest(const data::Value& values);

/// The two comment lines that stand on top of the YAML output.
[[nodiscard]] std::string comment_lines(const Bundle& bundle);
/// The JSON envelope, one line: `-o bundle`.
[[nodiscard]] std::string to_envelope(const Bundle& bundle);
/// What config-get printed, as `-o bundle` or as YAML with its comment lines. The digest is checked.
/// From YAML the layers are missing.
/// @param name what errors call it, such as "stdin"
/// @throws Error empty_input, bad_input
[[nodiscard]] Bundle parse_bundle(std::string_view text, const std::string& name);

}  // namespace slipway::config
