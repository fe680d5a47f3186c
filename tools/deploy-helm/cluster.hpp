// SPDX-License-Identifier: Apache-2.0
// One target as it is reached: its API for reading, its place for helm, and proof of which cluster it is.
#pragma once

#include "deploy/targets.hpp"
#include "helm/program.hpp"
#include "history.hpp"
#include "kube/client.hpp"

#include <functional>
#include <optional>
#include <string>

namespace slipway::deploy_helm {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Cluster {
  deploy::Target target;
  helm::Place place;  ///< with the service's namespace
  kube::Client client;
  std::string uid;                     ///< of the kube-system namespace
  Storage storage = Storage::secrets;  ///< of helm's records
};

/// Connects and asks who is there.
/// @throws Error bad_setup: kubeconfig or context; unreachable, denied
[[nodiscard]] Cluster connect(const deploy::Target& target, const deploy::Service& service, const Environment& env,
                              const io::Run& run);

}  // namespace slipway::deploy_helm
