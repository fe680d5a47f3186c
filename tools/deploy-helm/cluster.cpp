// SPDX-License-Identifier: Apache-2.0
#include "cluster.hpp"

#include "core/error.hpp"
#include "hash/sha2.hpp"
#include "kube/config.hpp"
#include "plan.hpp"

#include <fmt/format.h>

namespace slipway::deploy_helm {

namespace {

/// A swapped kubeconfig shows here: names of contexts and addresses can repeat, this cannot.
std::string identity_of(kube::Client& client, const io::Run& run) {
  try {
    const auto object = client.get("/api/v1/namespaces/kube-system", run);
    return object.value("/metadata/uid"_json_pointer, "");
  } catch (const Error& error) {
    if (error.failure().id != failure::denied.id) throw;
    // A deployer who may only enter his own namespace: the authority that signs the API's certificate tells
    // clusters apart just as well.
    const auto& access = client.access();
    return "ca:" + hash::sha256_hex(access.ca_pem.value_or(access.server)).substr(0, 32);
  }
}

}  // namespace

Cluster connect(const deploy::Target& target, const deploy::Service& service, const Environment& env,
                const io::Run& run) {
  return with_context(fmt::format("target {}", target.name), [&] {
    const auto home = env("HOME").value_or("");
    const auto name_space = deploy::expand(service.name_space.value_or(target.name_space), target, service.name, home);
    std::optional<std::filesystem::path> file;
    if (target.kubeconfig) file = deploy::expand(*target.kubeconfig, target, service.name, home);
    auto access = kube::Config::load(file, env).access(target.context);
    access.name_space = name_space;
    Cluster cluster{.target = target,
                    .place = {.kubeconfig = file.value_or(std::filesystem::path()),
                              .context = target.context,
                              .name_space = name_space},
                    .client = kube::Client(std::move(access), "deploy-helm"),
                    .uid = {},
                    .storage = parse_storage(env("HELM_DRIVER").value_or(""))};
    cluster.uid = identity_of(cluster.client, run);
    return cluster;
  });
}

}  // namespace slipway::deploy_helm
