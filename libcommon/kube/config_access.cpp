// SPDX-License-Identifier: Apache-2.0
// From the entries of a kubeconfig to one Access: which field wins, which combinations are refused.
#include "core/base64.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "kube/config.hpp"
#include "kube/proxy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

namespace {

using data::Kind;
using data::Value;

std::optional<std::string> word(const Value& map, std::string_view key) {
  const auto* value = map.find(key);
  if (!value || value->is(Kind::null) || !value->is_scalar() || value->text().empty()) return std::nullopt;
  return value->text();
}

bool yes(const Value& map, std::string_view key) {
  const auto* value = map.find(key);
  return value && value->is(Kind::boolean) && value->as_bool();
}

std::string decode(const std::string& encoded, const std::string& what) {
  auto bytes = base64::decode(encoded);
  if (!bytes) throw Error(failure::bad_setup, fmt::format("{} is no base64", what));
  return std::move(*bytes);
}

std::string read_named(const std::filesystem::path& file, const std::string& what) {
  try {
    return fs::read_file(file, 4U << 20U);
  } catch (const Error& error) {
    throw Error(failure::bad_setup, fmt::format("{} cannot be read: {}", what, error.message()));
  }
}

/// `KEY-data` wins over the file that `KEY` names.
std::optional<std::string> blob(const Value& map, const std::filesystem::path& directory, const std::string& key,
                                const std::string& owner) {
  if (const auto inlined = word(map, key + "-data")) return decode(*inlined, fmt::format("{}-data of {}", key, owner));
  if (const auto file = word(map, key)) return read_named(directory / *file, fmt::format("the {} of {}", key, owner));
  return std::nullopt;
}

ExecPlugin read_exec(const Value& map, const std::filesystem::path& directory, const std::string& user) {
  ExecPlugin plugin;
  plugin.api_version = word(map, "apiVersion").value_or("");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1")
    throw Error(
        failure::bad_setup,
        fmt::format("the exec plugin of user '{}' speaks '{}'; only client.authentication.k8s.io/v1 and v1beta1 "
                    "are known",
                    user, plugin.api_version),
        "update the plugin and the kubeconfig that names it");
  plugin.command = word(map, "command").value_or("");
  if (plugin.command.empty())
    throw Error(failure::bad_setup, fmt::format("the exec plugin of user '{}' names no command", user));
  if (plugin.command.find('/') != std::string::npos) plugin.command = (directory / plugin.command).lexically_normal();
  if (const auto* args = map.find("args"); args && args->is(Kind::sequence))
    for (const auto& arg : args->items()) plugin.args.push_back(arg.text());
  if (const auto* env = map.find("env"); env && env->is(Kind::sequence))
    for (const auto& item : env->items())
      plugin.env.emplace_back(word(item, "name").value_or(""), word(item, "value").value_or(""));
  plugin.install_hint = word(map, "installHint").value_or("");
  plugin.provide_cluster_info = yes(map, "provideClusterInfo");
  const auto mode = word(map, "interactiveMode");
  if (mode == "Never") plugin.interactive = ExecPlugin::Interactive::never;
  else if (mode == "Always") plugin.interactive = ExecPlugin::Interactive::always;
  else if (mode && mode != "IfAvailable")
    throw Error(failure::bad_setup,
                fmt::format("the exec plugin of user '{}' has the unknown interactiveMode '{}'", user, *mode));
  else if (!mode && plugin.api_version.ends_with("/v1"))
    throw Error(
        failure::bad_setup,
        fmt::format("the exec plugin of user '{}' has no interactiveMode, which {} demands", user, plugin.api_version),
        "add 'interactiveMode: IfAvailable' to its exec block");
  return plugin;
}

void read_cluster(Access& access, const Value& map, const std::filesystem::path& directory) {
  const auto owner = fmt::format("cluster '{}'", access.cluster);
  access.server = word(map, "server").value_or("");
  access.ca_pem = blob(map, directory, "certificate-authority", owner);
  access.tls_server_name = word(map, "tls-server-name");
  access.insecure = yes(map, "insecure-skip-tls-verify");
  access.proxy = word(map, "proxy-url");
}

void read_user(Access& access, const Value& map, const std::filesystem::path& directory) {
  const auto owner = fmt::format("user '{}'", access.user);
  access.token = word(map, "token");
  if (const auto file = word(map, "tokenFile")) access.token_file = (directory / *file).string();
  if (const auto name = word(map, "username")) access.basic = {*name, word(map, "password").value_or("")};
  access.cert_pem = blob(map, directory, "client-certificate", owner);
  access.key_pem = blob(map, directory, "client-key", owner);
  if (access.cert_pem.has_value() != access.key_pem.has_value())
    throw Error(failure::bad_setup,
                fmt::format("{} has a client {} but no client {}", owner, access.cert_pem ? "certificate" : "key",
                            access.cert_pem ? "key" : "certificate"));
  if (const auto* exec = map.find("exec"); exec && exec->is(Kind::mapping)) {
    if (map.find("auth-provider"))
      throw Error(failure::bad_setup, fmt::format("{} has both exec and auth-provider: one of them has to go", owner));
    access.exec = read_exec(*exec, directory, access.user);
  }
  if (const auto* provider = map.find("auth-provider"); provider && provider->is(Kind::mapping)) {
    const auto name = word(*provider, "name").value_or("");
    const auto* config = provider->find("config");
    const auto id_token = name == "oidc" && config ? word(*config, "id-token") : std::nullopt;
    if (id_token) access.token = access.token ? access.token : id_token;
    else
      throw Error(failure::bad_setup,
                  fmt::format("{} uses the auth-provider '{}', which Kubernetes has removed", owner, name),
                  name == "gcp"     ? "use the exec plugin gke-gcloud-auth-plugin"
                  : name == "azure" ? "use the exec plugin kubelogin"
                                    : "use an exec plugin of your provider");
  }
  access.impersonate.user = word(map, "as").value_or("");
  access.impersonate.uid = word(map, "as-uid").value_or("");
  if (const auto* groups = map.find("as-groups"); groups && groups->is(Kind::sequence))
    for (const auto& group : groups->items()) access.impersonate.groups.push_back(group.text());
  if (const auto* extra = map.find("as-user-extra"); extra && extra->is(Kind::mapping))
    for (const auto& member : extra->members())
      for (const auto& value : member.value.items()) access.impersonate.extra.emplace_back(member.key, value.text());
}

void apply(Access& access, const Overrides& over) {
  if (over.name_space) access.name_space = *over.name_space;
  if (over.server) access.server = *over.server;
  if (over.certificate_authority) access.ca_pem = read_named(*over.certificate_authority, "--certificate-authority");
  if (over.insecure) {
    access.insecure = true;
    if (!over.certificate_authority) access.ca_pem.reset();  // the option is the later word
  }
  if (over.tls_server_name) access.tls_server_name = over.tls_server_name;
  if (over.client_certificate) access.cert_pem = read_named(*over.client_certificate, "--client-certificate");
  if (over.client_key) access.key_pem = read_named(*over.client_key, "--client-key");
  if (over.token) {
    access.token = over.token;
    access.exec.reset();
    access.token_file.reset();
    access.basic.reset();
    if (!over.client_certificate) {  // a server takes a certificate before it looks at a token
      access.cert_pem.reset();
      access.key_pem.reset();
    }
  }
  if (over.impersonate.any()) access.impersonate = over.impersonate;
}

}  // namespace

Access Config::access(const std::optional<std::string>& context) const {
  Overrides overrides;
  overrides.context = context;
  return access(overrides);
}

Access Config::access(const Overrides& overrides) const {
  Access access;
  if (in_cluster_ && !overrides.context) {
    access = *in_cluster_;
  } else {
    const auto name = overrides.context ? *overrides.context : current_;
    if (name.empty() && !(overrides.server || overrides.cluster))
      throw Error(failure::bad_setup, "the kubeconfig sets no current-context", "choose one with --context NAME")
          .add_place(sources());
    access.context = name;
    if (!name.empty()) {
      const auto& entry = find(contexts_, name, "context");
      access.cluster = word(entry.value, "cluster").value_or("");
      access.user = word(entry.value, "user").value_or("");
      if (const auto name_space = word(entry.value, "namespace")) access.name_space = *name_space;
    }
    if (overrides.cluster) access.cluster = *overrides.cluster;
    if (overrides.user) access.user = *overrides.user;
    if (!access.cluster.empty() || !overrides.server) {
      const auto& cluster = find(clusters_, access.cluster, "cluster");
      read_cluster(access, cluster.value, cluster.directory);
    }
    if (!access.user.empty()) {
      const auto& user = find(users_, access.user, "user");
      read_user(access, user.value, user.directory);
    }
  }
  apply(access, overrides);
  if (access.server.empty())
    throw Error(failure::bad_setup, fmt::format("cluster '{}' has no server", access.cluster)).add_place(sources());
  if (access.server.find("://") == std::string::npos) access.server = "https://" + access.server;
  while (access.server.ends_with('/')) access.server.pop_back();
  if (!access.proxy && env_) access.proxy = proxy_for(access.server, env_);
  if (access.exec) access.plugins = plugins_;
  if (access.insecure && access.ca_pem)
    throw Error(
        failure::bad_setup,
        fmt::format("cluster '{}' has both a certificate authority and insecure-skip-tls-verify", access.cluster),
        "remove one of the two: with the second nothing is verified");
  return access;
}

}  // namespace slipway::kube
