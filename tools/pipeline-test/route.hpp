// SPDX-License-Identifier: Apache-2.0
// The way from outside of the cluster to the service under test: a node's address and the NodePort of
// its Service.
#pragma once

#include "http/client.hpp"
#include "kube/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct NodePort {
  std::string service;
  std::string port_name;
  int port = 0;  ///< of the Service
  int node_port = 0;
  bool tls = false;  ///< by its name or number
};

/// Ports of NodePort and LoadBalancer Services that a browser could talk to, best first: those named
/// http or https, then TCP ports in the order of the Services' names. Pure.
/// @param services Service objects as the API holds them
[[nodiscard]] std::vector<NodePort> node_ports(const std::vector<nlohmann::json>& services);

/// Addresses under which nodes may be reached, each once: where the pods run, what the nodes say, the
/// host of the API server.
[[nodiscard]] std::vector<std::string> node_addresses(kube::Client& client, const std::string& name_space,
                                                      const io::Run& run);

/// The first address that answers on that port, whatever it answers; kube-proxy takes a moment.
/// @return http://ADDRESS:PORT, or nothing after `patience`, with the last trouble in `why`
[[nodiscard]] std::optional<std::string> first_open(http::Client& client, const std::vector<std::string>& addresses,
                                                    const NodePort& port, std::chrono::milliseconds patience,
                                                    std::string& why, const io::Run& run);

}  // namespace slipway::pipeline_test
