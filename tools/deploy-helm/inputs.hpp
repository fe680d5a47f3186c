// SPDX-License-Identifier: Apache-2.0
// What a deploy is made of, all out of one commit of the configuration registry: the list of targets,
// the service's chart, and its values in an environment with the image written into them.
#pragma once

#include "config/lookup.hpp"
#include "core/fs.hpp"
#include "deploy/targets.hpp"
#include "helm/image.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

/// A chart taken out of the object database, in a directory that only we can enter and that goes with us.
struct Chart {
  fs::TempDir directory;
  std::filesystem::path path;
  std::string id;  ///< of its tree
};

class Inputs {
 public:
  /// @param targets_file instead of deploy-targets.yaml at the commit
  /// @throws Error not_found, bad_input with all findings
  Inputs(config::Registry registry, const std::optional<std::filesystem::path>& targets_file);

  [[nodiscard]] const deploy::Targets& targets() const { return targets_; }
  [[nodiscard]] const std::string& location() const { return registry_.repository().location(); }
  [[nodiscard]] const std::string& commit() const { return registry_.commit().hex(); }

  /// The targets by name or group, in stage order.
  /// @throws Error not_found: no such target, or the service does not go there; bad_usage: none named
  [[nodiscard]] std::vector<deploy::Target> select(const deploy::Service& service,
                                                   const std::vector<std::string>& names) const;

  /// @throws Error not_found, bad_input
  [[nodiscard]] Chart chart(const deploy::Service& service) const;

  /// The configuration with the image in it.
  /// @throws Error not_found, bad_input: also when nobody knows where the image goes
  [[nodiscard]] data::Value values(const deploy::Service& service, const deploy::Target& target,
                                   const std::string& release, const helm::Image& image, const Chart& chart);

 private:
  config::Registry registry_;
  deploy::Targets targets_;
};

/// Where the image goes by the targets file; nothing when it says nothing.
[[nodiscard]] std::optional<helm::ImageKeys> keys_of(const deploy::ImagePlace& place);

}  // namespace slipway::deploy_helm
