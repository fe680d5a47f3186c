// SPDX-License-Identifier: Apache-2.0
// Names of images: [host[:port]/]path[:tag][@digest]. Pure; follows the grammar of distribution's
// reference package and its limits, so that a registry never has to answer a bare 404 for a bad name.
#pragma once

#include "core/error.hpp"
#include "oci/digest.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

struct Reference {
  std::string registry;            ///< host[:port]; "docker.io" for Docker Hub under any of its names
  std::string repository;          ///< path below the registry, such as team/svc
  std::optional<std::string> tag;  ///< never made up: "latest" only when it was written
  std::optional<Digest> digest;
  bool named_registry = true;  ///< false when no host was written and Docker Hub was taken

  /// @param failure what a malformed one is: bad_usage for an argument, bad_input for a line of stdin
  /// @throws Error `failure`, with the right spelling as its hint where there is one
  [[nodiscard]] static Reference parse(std::string_view text, const Failure& failure = failure::bad_usage);

  [[nodiscard]] std::string name() const { return registry + "/" + repository; }  ///< host/path
  [[nodiscard]] std::string text() const;                                         ///< all that is known
  [[nodiscard]] std::string pinned(const Digest& to) const { return name() + "@" + to.text(); }
  /// What stands behind /manifests/ in a URL: the digest, else the tag.
  /// @throws Error bad_usage when there is neither
  [[nodiscard]] std::string version() const;
  /// Where requests go: registry-1.docker.io for Docker Hub, else the registry.
  [[nodiscard]] std::string api_host() const;

  friend bool operator==(const Reference&, const Reference&) = default;
};

/// [A-Za-z0-9_] and up to 127 of [A-Za-z0-9._-].
[[nodiscard]] bool is_tag(std::string_view text);

}  // namespace slipway::oci
