// SPDX-License-Identifier: Apache-2.0
#include "warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway::deploy_helm {

namespace {

struct Immutable {
  std::string_view kind;
  std::string_view path;  ///< a change of this field or below it
};

/// @source Kubernetes API validation of apps/v1, batch/v1, core/v1
constexpr std::array immutable{
    Immutable{"Deployment", "spec.selector"},
    Immutable{"DaemonSet", "spec.selector"},
    Immutable{"StatefulSet", "spec.selector"},
    Immutable{"StatefulSet", "spec.volumeClaimTemplates"},
    Immutable{"StatefulSet", "spec.serviceName"},
    Immutable{"StatefulSet", "spec.podManagementPolicy"},
    Immutable{"Job", "spec.template"},
    Immutable{"Job", "spec.selector"},
    Immutable{"Service", "spec.clusterIP"},
    Immutable{"PersistentVolumeClaim", "spec.storageClassName"},
    Immutable{"PersistentVolumeClaim", "spec.accessModes"},
    Immutable{"RoleBinding", "roleRef"},
    Immutable{"ClusterRoleBinding", "roleRef"},
};

bool below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '.' || path[root.size()] == '[');
}

struct Loss {
  std::string_view kind;
  std::string_view what;
};

constexpr std::array losses{
    Loss{"CustomResourceDefinition", "and with it every object of its kind"},
    Loss{"Namespace", "and with it everything in it"},
    Loss{"PersistentVolumeClaim", "and with it perhaps its data"},
    Loss{"StatefulSet", "and with it its pods"},
    Loss{"Deployment", "and with it its pods"},
    Loss{"DaemonSet", "and with it its pods"},
    Loss{"Service", "and with it its address"},
    Loss{"Ingress", "and with it the way in from outside"},
};

/// What a registry can serve anew under the same text.
bool pinned(std::string_view image) { return image.find("@sha256:") != std::string_view::npos; }

}  // namespace

std::vector<std::string> warnings_about(const std::vector<helm::Object>& next,
                                        const std::vector<ObjectChange>& changes) {
  std::vector<std::string> out;
  for (const auto& change : changes)
    for (const auto& rule : immutable)
      if (change.key.kind == rule.kind &&
          std::ranges::any_of(change.fields, [&](const auto& field) { return below(field.path, rule.path); }))
        out.push_back(
            fmt::format("{}: {} cannot be changed, the API will refuse it: the object has to be removed first",
                        change.key.text(), rule.path));
  for (const auto& loss : losses)
    for (const auto& change : changes)
      if (change.action == Action::remove && change.key.kind == loss.kind)
        out.push_back(fmt::format("{} is removed, {}", change.key.text(), loss.what));
  std::vector<std::string> told;
  for (const auto& object : next)
    for (const auto& image : helm::images_of(object.body)) {
      if (pinned(image) || std::ranges::find(told, image) != told.end()) continue;
      told.push_back(image);
      out.push_back(
          fmt::format("{}: image {} has no digest: what runs can change without a deploy", object.key.text(), image));
    }
  return out;
}

}  // namespace slipway::deploy_helm
