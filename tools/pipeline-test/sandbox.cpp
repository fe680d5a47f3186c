// SPDX-License-Identifier: Apache-2.0
#include "sandbox.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace slipway::pipeline_test {

namespace {

using nlohmann::json;

constexpr const char* run_mark = "slipway/run";
constexpr const char* expires_mark = "slipway/expires";
constexpr const char* owner_mark = "slipway/owner";
constexpr const char* image_mark = "slipway/image";
constexpr const char* scratch_mark = "slipway/scratch";
constexpr std::chrono::milliseconds look_every{100};
constexpr const char* managed_mark = "app.kubernetes.io/managed-by";

json object(const char* version, const char* kind, const std::string& name_space, json spec) {
  json made = json::object();
  made["apiVersion"] = version;
  made["kind"] = kind;
  made["metadata"] = json::object({{"name", "pipeline-test"}, {"namespace", name_space}});
  made["spec"] = std::move(spec);
  return made;
}

json egress_rule(const std::string& given) {
  const auto slash = given.find('/');
  const auto colon = slash == std::string::npos ? std::string::npos : given.find(':', slash);
  const auto cidr = given.substr(0, colon);
  if (slash == std::string::npos || slash == 0 || slash + 1 == cidr.size())
    throw Error(failure::bad_usage, fmt::format("--allow-egress '{}' is not CIDR[:PORT]", given), "10.0.0.0/8:5432");
  json rule = json::object();
  rule["to"] = json::array({json::object({{"ipBlock", json::object({{"cidr", cidr}})}})});
  if (colon == std::string::npos) return rule;
  int port = 0;
  const auto* end = given.data() + given.size();
  if (const auto read = std::from_chars(given.data() + colon + 1, end, port);
      read.ec != std::errc{} || read.ptr != end || port < 1 || port > 65535)
    throw Error(failure::bad_usage, fmt::format("--allow-egress '{}' has no port behind its colon", given));
  rule["ports"] = json::array({json::object({{"protocol", "TCP"}, {"port", port}})});
  return rule;
}

/// In: from anywhere, since what comes through a NodePort has a node's or a balancer's address by then.
/// Out: within the namespace, names, and what was allowed.
json network_policy(const SandboxSpec& spec) {
  json within = json::object();
  within["to"] = json::array({json::object({{"podSelector", json::object()}})});
  json names = json::object();
  names["ports"] = json::array(
      {json::object({{"protocol", "UDP"}, {"port", 53}}), json::object({{"protocol", "TCP"}, {"port", 53}})});
  json egress = json::array({std::move(within), std::move(names)});
  for (const auto& allowed : spec.allow_egress) egress.push_back(egress_rule(allowed));
  json policy = json::object();
  policy["podSelector"] = json::object();
  policy["policyTypes"] = json::array({"Ingress", "Egress"});
  policy["ingress"] = json::array({json::object()});
  policy["egress"] = std::move(egress);
  return object("networking.k8s.io/v1", "NetworkPolicy", spec.name, std::move(policy));
}

const kube::Resource& resource(const char* name) {
  const auto* found = kube::known_resource(name);
  if (found == nullptr) throw Error(failure::internal, fmt::format("kube does not know {}", name));
  return *found;
}

std::string text_of(const json& object, const char* map, const char* key) {
  const auto metadata = object.value("metadata", json::object());
  const auto found = metadata.find(map);
  if (found == metadata.end() || !found->is_object()) return {};
  return found->value(key, "");
}

/// The condition that says what holds a namespace in its end.
std::string blocked_by(const json& name_space) {
  for (const auto& condition : name_space.value("status", json::object()).value("conditions", json::array()))
    if (condition.value("status", "") == "True") return text::printable(condition.value("message", ""));
  return "its objects are still ending";
}

}  // namespace

std::vector<json> sandbox_objects(const SandboxSpec& spec) {
  json name_space = json::object({{"apiVersion", "v1"}, {"kind", "Namespace"}});
  auto& metadata = name_space["metadata"];
  metadata["name"] = spec.name;
  metadata["labels"] = json::object({{managed_mark, managed_by},
                                     {run_mark, spec.mine.run},
                                     {expires_mark, std::to_string(spec.mine.expires)},
                                     {"pod-security.kubernetes.io/enforce", spec.pod_security}});
  metadata["annotations"] = json::object({{owner_mark, spec.mine.owner}, {image_mark, spec.image}});
  if (!spec.scratch.empty()) metadata["annotations"][scratch_mark] = spec.scratch;

  json quota = json::object();
  quota["hard"] = json::object(
      {{"requests.cpu", spec.quota_cpu}, {"requests.memory", spec.quota_memory}, {"pods", spec.quota_pods}});

  // A quota alone refuses pods that request nothing. Limits are left to the chart: a default one below a
  // chart's own request would be refused, too.
  json container = json::object({{"type", "Container"}});
  container["defaultRequest"] = json::object({{"cpu", "20m"}, {"memory", "64Mi"}});
  json range = json::object();
  range["limits"] = json::array({std::move(container)});

  std::vector<json> objects;
  objects.push_back(std::move(name_space));
  objects.push_back(object("v1", "ResourceQuota", spec.name, std::move(quota)));
  objects.push_back(object("v1", "LimitRange", spec.name, std::move(range)));
  objects.push_back(network_policy(spec));
  return objects;
}

void create_sandbox(kube::Client& client, const SandboxSpec& spec, const io::Run& run) {
  for (const auto& one : sandbox_objects(spec)) {
    const auto kind = one["kind"].get<std::string>();
    const auto& kind_of = resource(kind.c_str());
    with_context(fmt::format("create {} for namespace {}", kind, spec.name),
                 [&] { client.create(kube::path_of(kind_of, kind_of.namespaced ? spec.name : ""), one, run); });
  }
}

std::string remove_sandbox(kube::Client& client, const std::string& name, std::chrono::milliseconds wait,
                           const io::Run& run) {
  const auto path = kube::path_of(resource("namespaces"), "", name);
  const auto deadline = Deadline::in(wait);
  try {
    client.remove(path, json::object({{"propagationPolicy", "Background"}}), run);
    // Nobody new comes in any more. The namespace's controller looks after five seconds, and again after half
    // of the grace of the pods that it then finds: so these are to be gone by then.
    client.remove(kube::path_of(resource("pods"), name), json::object({{"gracePeriodSeconds", 1}}), run);
  } catch (const Error& error) {
    if (error.failure().id != failure::not_found.id) throw;
  }
  while (wait.count() > 0) {
    const auto object = client.find(path, run);
    if (!object) return {};
    if (deadline.passed()) return blocked_by(*object);
    client.wait(look_every, run);
  }
  return {};
}

std::vector<SandboxRow> list_sandboxes(kube::Client& client, const std::string& run_id, const io::Run& run) {
  auto selector = fmt::format("{}={}", managed_mark, managed_by);
  if (!run_id.empty()) selector += fmt::format(",{}={}", run_mark, run_id);
  std::vector<SandboxRow> rows;
  for (const auto& item :
       client.list(kube::with_query(kube::path_of(resource("namespaces"), ""), {{"labelSelector", selector}}), run)) {
    SandboxRow row;
    row.name = item.value("metadata", json::object()).value("name", "");
    row.mine.run = text_of(item, "labels", run_mark);
    row.mine.owner = text_of(item, "annotations", owner_mark);
    const auto expires = text_of(item, "labels", expires_mark);
    std::from_chars(expires.data(), expires.data() + expires.size(), row.mine.expires);
    row.scratch = text_of(item, "annotations", scratch_mark);
    row.terminating = item["metadata"].contains("deletionTimestamp");
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace slipway::pipeline_test
