// SPDX-License-Identifier: Apache-2.0
// What a registry has parsed already, by the ids of the blobs, so that the same file is read once for
// all services, environments and commits. Inside this room only.
#pragma once

#include "config/helmfile.hpp"
#include "config/lookup.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace slipway::config {

struct Registry::Cache {
  std::map<std::tuple<std::string, std::string, int>, std::shared_ptr<const Document>> documents;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> state_environments;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, StateReading> states;
  std::map<std::string, Tree> trees;                                                ///< by environment
  std::map<std::string, std::optional<std::vector<std::string>>> all_environments;  ///< by the name of the tree
};

}  // namespace slipway::config
