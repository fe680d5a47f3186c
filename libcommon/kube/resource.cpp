// SPDX-License-Identifier: Apache-2.0
// How kinds are addressed: the table of built-in ones, and paths.
#include "core/text.hpp"
#include "http/client.hpp"
#include "kube/client.hpp"

#include <algorithm>
#include <vector>

namespace slipway::kube {

namespace {

struct Row {
  Resource resource;
  std::vector<std::string> short_names;
};

const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      {{"", "v1", "Pod", "pods"}, {"po"}},
      {{"", "v1", "Service", "services"}, {"svc"}},
      {{"", "v1", "ConfigMap", "configmaps"}, {"cm"}},
      {{"", "v1", "Secret", "secrets"}, {}},
      {{"", "v1", "ServiceAccount", "serviceaccounts"}, {"sa"}},
      {{"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"}, {"pvc"}},
      {{"", "v1", "Endpoints", "endpoints"}, {"ep"}},
      {{"", "v1", "Event", "events"}, {"ev"}},
      {{"", "v1", "LimitRange", "limitranges"}, {"limits"}},
      {{"", "v1", "ResourceQuota", "resourcequotas"}, {"quota"}},
      {{"", "v1", "ReplicationController", "replicationcontrollers"}, {"rc"}},
      {{"", "v1", "Namespace", "namespaces", false}, {"ns"}},
      {{"", "v1", "Node", "nodes", false}, {"no"}},
      {{"", "v1", "PersistentVolume", "persistentvolumes", false}, {"pv"}},
      {{"apps", "v1", "Deployment", "deployments"}, {"deploy"}},
      {{"apps", "v1", "ReplicaSet", "replicasets"}, {"rs"}},
      {{"apps", "v1", "StatefulSet", "statefulsets"}, {"sts"}},
      {{"apps", "v1", "DaemonSet", "daemonsets"}, {"ds"}},
      {{"apps", "v1", "ControllerRevision", "controllerrevisions"}, {}},
      {{"batch", "v1", "Job", "jobs"}, {}},
      {{"batch", "v1", "CronJob", "cronjobs"}, {"cj"}},
      {{"autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"}, {"hpa"}},
      {{"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"}, {"pdb"}},
      {{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"}, {"netpol"}},
      {{"networking.k8s.io", "v1", "Ingress", "ingresses"}, {"ing"}},
      {{"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"}, {}},
      {{"coordination.k8s.io", "v1", "Lease", "leases"}, {}},
      {{"rbac.authorization.k8s.io", "v1", "Role", "roles"}, {}},
      {{"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"}, {}},
      {{"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false}, {}},
      {{"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false}, {}},
      {{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false}, {"crd"}},
      {{"storage.k8s.io", "v1", "StorageClass", "storageclasses", false}, {"sc"}},
      {{"scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false}, {"pc"}},
      {{"authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false}, {}},
  };
  return rows;
}

}  // namespace

const Resource* known_resource(std::string_view name) {
  auto wanted = text::lower(name);
  std::string group;
  if (const auto dot = wanted.find('.'); dot != std::string::npos) {
    group = wanted.substr(dot + 1);
    wanted.resize(dot);
  }
  for (const auto& row : table()) {
    const auto& resource = row.resource;
    if (!group.empty() && group != resource.group) continue;
    if (wanted == resource.plural || wanted == text::lower(resource.kind) ||
        std::ranges::find(row.short_names, wanted) != row.short_names.end())
      return &resource;
  }
  return nullptr;
}

const Resource* known_resource(std::string_view api_version, std::string_view kind) {
  for (const auto& row : table())
    if (row.resource.kind == kind && row.resource.api_version() == api_version) return &row.resource;
  return nullptr;
}

std::string path_of(const Resource& resource, std::string_view name_space, std::string_view name,
                    std::string_view subresource) {
  std::string path =
      resource.group.empty() ? "/api/" + resource.version : "/apis/" + resource.group + '/' + resource.version;
  if (resource.namespaced && !name_space.empty()) path += "/namespaces/" + http::percent_encode(name_space);
  path += '/' + resource.plural;
  if (!name.empty()) path += '/' + http::percent_encode(name);
  if (!subresource.empty()) path += '/' + std::string(subresource);
  return path;
}

std::string with_query(std::string path, const Query& query) {
  char separator = path.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : query) {
    path += separator + http::percent_encode(name) + '=' + http::percent_encode(value);
    separator = '&';
  }
  return path;
}

}  // namespace slipway::kube
