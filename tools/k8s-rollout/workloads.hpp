// SPDX-License-Identifier: Apache-2.0
// Which workloads a run is about: arguments, a selector, manifests, or what stdin says.
#pragma once

#include "clusters.hpp"
#include "kube/client.hpp"
#include "kube/track.hpp"
#include "options.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::rollout {

/// One wish of the command line; without a name all of that kind.
struct Wish {
  kube::Kind kind = kube::Kind::deployment;
  std::string name;
  std::optional<std::string> name_space;
  std::optional<std::string> context;  ///< stdin may name one; only there does it apply
  std::string custom;  ///< of Kind::custom: kind, plural or plural.group as written, "Kind.group/version" of a manifest
  friend bool operator==(const Wish&, const Wish&) = default;
};

/// TYPE/NAME..., TYPE NAME..., TYPE. A type that is not built in is left to the cluster to know.
/// @throws Error bad_usage for what is malformed, or looks like a misspelt built-in type
[[nodiscard]] std::vector<Wish> parse_arguments(const std::vector<std::string>& arguments);

/// Lines `TYPE/NAME [NAMESPACE [CONTEXT]]`, JSON objects, or manifests in YAML or JSON.
/// @throws Error empty_input; bad_input for what is none of these
[[nodiscard]] std::vector<Wish> parse_stream(std::string_view text, const std::string& name);

/// The wishes of the options, of files, or of stdin when they say "-".
[[nodiscard]] std::vector<Wish> read_wishes(const Options& options, const cli::Context& context);

/// What the wishes come down to in one cluster, each once; nothing when all of them name other contexts.
/// @throws Error not_found when a type is unknown, or a type or selector matches nothing (unless --ignore-not-found)
[[nodiscard]] std::vector<kube::Target> resolve(const std::vector<Wish>& wishes, const Options& options,
                                                const Cluster& cluster, kube::Client& client, const io::Run& run);

}  // namespace slipway::rollout
