// SPDX-License-Identifier: Apache-2.0
// All that is needed to talk to one cluster as one user, as data: what a kubeconfig, in-cluster
// files or options come down to. Nothing here connects; kube/client.hpp does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::kube {

/// A credential plugin of a kubeconfig user.
/// @source client.authentication.k8s.io v1 and v1beta1
struct ExecPlugin {
  enum class Interactive { never, if_available, always };
  std::string api_version;
  std::string command;  ///< absolute, or looked up on PATH; a relative path with a slash is made absolute
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  bool provide_cluster_info = false;
  Interactive interactive = Interactive::if_available;
  friend bool operator==(const ExecPlugin&, const ExecPlugin&) = default;
};

struct Impersonate {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::string>> extra;
  [[nodiscard]] bool any() const { return !user.empty() || !uid.empty() || !groups.empty() || !extra.empty(); }
};

/// What plugins have answered, shared by the clusters of one kubeconfig; see kube/credentials.cpp.
struct PluginMemory;

/// Secrets live here: an Access is never printed.
struct Access {
  std::string context;  ///< as the user named it; "in-cluster" inside a pod
  std::string cluster;
  std::string user;
  std::string server;  ///< https://host:port[/base], without a slash at the end
  std::string name_space = "default";

  std::optional<std::string> ca_pem;
  std::optional<std::string> tls_server_name;
  bool insecure = false;
  std::optional<std::string> proxy;

  // In the order in which they win.
  std::optional<std::string> token;
  std::optional<ExecPlugin> exec;
  std::optional<std::string> token_file;  ///< read again every 60 s and after a 401
  std::optional<std::pair<std::string, std::string>> basic;
  std::optional<std::string> cert_pem;
  std::optional<std::string> key_pem;
  Impersonate impersonate;
  std::shared_ptr<PluginMemory> plugins;
};

}  // namespace slipway::kube
