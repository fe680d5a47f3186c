// SPDX-License-Identifier: Apache-2.0
#include "clusters.hpp"

#include "config/lookup.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "kube/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace slipway::rollout {

namespace {

constexpr std::string_view targets_name = "deploy-targets.yaml";

kube::Overrides overrides_of(const Options& options) {
  kube::Overrides over;
  over.name_space = options.name_space;
  over.server = options.server;
  over.cluster = options.cluster;
  over.user = options.user;
  over.certificate_authority = options.certificate_authority;
  over.client_certificate = options.client_certificate;
  over.client_key = options.client_key;
  over.tls_server_name = options.tls_server_name;
  over.insecure = options.insecure;
  if (!options.as && (!options.as_groups.empty() || options.as_uid))
    throw Error(failure::bad_usage, "--as-group and --as-uid mean nothing without --as");
  over.impersonate.groups = options.as_groups;
  over.impersonate.uid = options.as_uid.value_or("");
  if (options.token_file) {
    try {
      over.token = std::string(text::trim(fs::read_file(*options.token_file, 1U << 20U)));
    } catch (const Error& error) {
      throw Error(failure::bad_setup, fmt::format("--token-file: {}", error.message()));
    }
    if (over.token->empty())
      throw Error(failure::bad_setup, fmt::format("--token-file: {} is empty", *options.token_file));
  }
  if (options.as) over.impersonate.user = *options.as;
  return over;
}

/// Who acts is who is shown and written down: not the kubeconfig's user, where a token or --as stands over it.
kube::Access named(kube::Access access, const Options& options) {
  if (options.token_file) access.user = "the token in " + *options.token_file;
  if (options.as) access.user = *options.as;
  return access;
}

deploy::Targets read_targets(const Options& options, const cli::Context& context) {
  if (options.targets_file) {
    const bool piped = *options.targets_file == "-";
    return deploy::Targets::parse(piped ? context.in.read_all(context.run) : fs::read_file(*options.targets_file),
                                  piped ? "stdin" : *options.targets_file);
  }
  const auto registry =
      config::open(config::choose_source(options.registry, context.env, std::filesystem::current_path()),
                   {.mirrors = std::make_shared<const git::Mirrors>(git::MirrorPolicy{}, context.env, context.run)});
  const auto blob = registry.repository().read(registry.commit(), targets_name);
  if (!blob)
    throw Error(failure::not_found,
                fmt::format("the configuration registry has no {} at {}", targets_name, registry.commit().brief()),
                "--targets FILE names one");
  return deploy::Targets::parse(blob->content, fmt::format("{}@{}", targets_name, registry.commit().brief()));
}

/// Each file is read once: most clusters of a run are contexts of the same one.
class Kubeconfigs {
 public:
  using File = std::optional<std::filesystem::path>;
  explicit Kubeconfigs(kube::Environment env) : env_(std::move(env)) {}

  /// @throws Error as kube::Config::load
  const kube::Config& get(const File& file) {
    auto found = read_.find(file);
    if (found == read_.end()) found = read_.emplace(file, kube::Config::load(file, env_)).first;
    return found->second;
  }

 private:
  kube::Environment env_;
  std::map<File, kube::Config> read_;
};

std::vector<Cluster> by_target(const Options& options, const cli::Context& context) {
  const auto all = read_targets(options, context);
  std::vector<std::string> names;
  for (const auto& each : options.targets)
    for (auto& name : text::split(each, ',')) names.push_back(std::move(name));
  const auto home = context.env("HOME").value_or("");
  Kubeconfigs kubeconfigs(context.env);
  std::vector<Cluster> clusters;
  for (const auto& target : all.select(names)) {
    auto over = overrides_of(options);
    over.context = target.context;
    std::optional<std::filesystem::path> file;
    if (options.kubeconfig) file = *options.kubeconfig;
    else if (target.kubeconfig) file = deploy::expand(*target.kubeconfig, target, options.service.value_or(""), home);
    Cluster cluster;
    cluster.name = target.name;
    cluster.option = "-t " + target.name;
    if (options.targets_file) cluster.option += " --targets " + *options.targets_file;
    else if (options.registry) cluster.option += " --registry " + *options.registry;
    cluster.access = named(kubeconfigs.get(file).access(over), options);
    cluster.target = target;
    cluster.all = all;
    cluster.fixed_namespace = options.name_space;
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

}  // namespace

std::string service_of(const std::string& workload, const deploy::Targets& targets) {
  std::string found;
  for (const auto& service : targets.services)
    if ((workload == service.name || workload.starts_with(service.name + '-')) && service.name.size() > found.size())
      found = service.name;
  return found.empty() ? workload : found;
}

std::string Cluster::namespace_of(const std::string& workload, const std::optional<std::string>& service) const {
  if (fixed_namespace) return *fixed_namespace;
  if (!target) return access.name_space;
  const auto owner = service ? *service : workload.empty() ? "" : service_of(workload, *all);
  const auto* known = all->find_service(owner);
  const auto& pattern = known && known->name_space ? *known->name_space : target->name_space;
  if (owner.empty() && pattern.find("{service}") != std::string::npos)
    throw Error(failure::bad_usage,
                fmt::format("target '{}' has the namespace '{}': which service?", target->name, pattern),
                "--service NAME, or -n NAMESPACE");
  return deploy::expand(pattern, *target, owner, "");
}

namespace {

/// --clusters eqiad=FILE#CTX,codfw=FILE
std::vector<Cluster> by_file(const Options& options, const cli::Context& context) {
  Kubeconfigs kubeconfigs(context.env);
  std::vector<Cluster> clusters;
  for (const auto& each : text::split(options.clusters, ',')) {
    const auto equals = each.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == each.size())
      throw Error(failure::bad_usage, fmt::format("--clusters: '{}' is not NAME=KUBECONFIG[#CONTEXT]", each));
    const auto file = each.substr(equals + 1);
    const auto hash = file.rfind('#');
    auto over = overrides_of(options);
    if (hash != std::string::npos) over.context = file.substr(hash + 1);
    Cluster cluster;
    cluster.name = each.substr(0, equals);
    cluster.option = fmt::format("--clusters {}", each);
    cluster.access = named(kubeconfigs.get(file.substr(0, hash)).access(over), options);
    cluster.fixed_namespace = options.name_space;
    if (std::ranges::find(clusters, cluster.name, &Cluster::name) != clusters.end())
      throw Error(failure::bad_usage, fmt::format("--clusters names '{}' twice", cluster.name));
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

}  // namespace

std::vector<Cluster> choose_clusters(const Options& options, const cli::Context& context) {
  if (!options.clusters.empty() && (!options.targets.empty() || !options.contexts.empty() || options.kubeconfig))
    throw Error(failure::bad_usage, "--clusters says which clusters: -t, --contexts and --kubeconfig have to go");
  if (!options.clusters.empty()) return by_file(options, context);
  if (!options.targets.empty() && !options.contexts.empty())
    throw Error(failure::bad_usage, "-t and --contexts both say which clusters: one of them has to go");
  if (options.targets.empty() && (options.targets_file || options.service))
    throw Error(failure::bad_usage,
                fmt::format("{} means nothing without -t TARGET", options.targets_file ? "--targets" : "--service"));
  if (!options.targets.empty()) return by_target(options, context);

  const auto file = options.kubeconfig ? std::optional<std::filesystem::path>(*options.kubeconfig) : std::nullopt;
  kube::Config config;
  // A server and a token are all that is needed where there is no kubeconfig.
  if (!options.server || options.kubeconfig || !options.token_file) config = kube::Config::load(file, context.env);
  std::vector<std::string> names;
  if (options.contexts.empty()) names.emplace_back();
  else names = text::split(options.contexts, ',');
  std::vector<Cluster> clusters;
  for (const auto& each : names) {
    const std::string name(text::trim(each));
    if (name.empty() && !options.contexts.empty())
      throw Error(failure::bad_usage, fmt::format("--contexts '{}' has an empty name in it", options.contexts));
    auto over = overrides_of(options);
    if (!name.empty()) over.context = name;
    Cluster cluster;
    cluster.access = named(config.access(over), options);
    cluster.name = cluster.access.context.empty() ? cluster.access.server : cluster.access.context;
    if (!cluster.access.context.empty() && cluster.access.context != "in-cluster")
      cluster.option = "--context " + cluster.name;
    if (options.kubeconfig) cluster.option += " --kubeconfig " + *options.kubeconfig;
    cluster.fixed_namespace = options.name_space;
    for (const auto& other : clusters)
      if (other.name == cluster.name)
        throw Error(failure::bad_usage, fmt::format("--contexts names '{}' twice", cluster.name));
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

}  // namespace slipway::rollout
