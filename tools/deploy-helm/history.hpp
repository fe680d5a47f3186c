// SPDX-License-Identifier: Apache-2.0
// What helm keeps of a release's revisions, read where it keeps them: one Secret (or ConfigMap) for each.
// One request answers what `helm history` and three kinds of `helm get` would be started for, and helm's
// start is most of its time. Writing stays helm's.
// @source helm pkg/storage/driver (secrets.go, cfgmaps.go, util.go), the same in helm 3 and 4
#pragma once

#include "helm/command.hpp"
#include "helm/manifest.hpp"
#include "kube/client.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::deploy_helm {

struct Revision {
  int number = 0;
  std::string updated;  ///< RFC 3339
  std::string status;   ///< deployed, superseded, failed, pending-upgrade, ...
  std::string chart;    ///< NAME-VERSION
  std::string description;
  std::string manifest;  ///< without hooks; holds Secrets in plain: never show it
  std::vector<helm::Hook> hooks;
  std::string values;  ///< what was given over the chart's defaults, as JSON; may hold secrets

  /// An operation has begun and not ended: alive, or killed in the middle.
  [[nodiscard]] bool pending() const { return status.starts_with("pending-"); }
};

/// Where helm keeps them, by HELM_DRIVER.
enum class Storage { secrets, config_maps };

/// @throws Error bad_setup: a driver whose records cannot be read through the API (sql, memory)
[[nodiscard]] Storage parse_storage(std::string_view driver);

/// One record: base64 of JSON, mostly gzipped.
/// @param text what stands under data.release, for a Secret without the API's own base64
/// @param name of the object, for the error
/// @throws Error protocol when it is none
[[nodiscard]] Revision decode_record(std::string_view text, std::string_view name);

/// What the revision put into the cluster, without hooks.
/// @throws Error bad_input as helm::parse_manifest
[[nodiscard]] std::vector<helm::Object> objects_of(const Revision& revision);

/// Oldest first; empty when there is no such release.
/// @throws Error protocol: a record that cannot be read; unreachable, denied
[[nodiscard]] std::vector<Revision> read_history(kube::Client& client, const std::string& name_space,
                                                 const std::string& release, Storage storage, const io::Run& run);

}  // namespace slipway::deploy_helm
