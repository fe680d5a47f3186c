// SPDX-License-Identifier: Apache-2.0
#include "route.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace slipway::pipeline_test {

namespace {

using nlohmann::json;

/// Nodes may only be read with rights in the whole cluster; a test can do without.
std::vector<json> list_if_allowed(kube::Client& client, const std::string& path, const io::Run& run) {
  try {
    return client.list(path, run);
  } catch (const Error& error) {
    if (error.failure().id != failure::denied.id) throw;
    return {};
  }
}

int rank(const NodePort& port) {
  if (port.port_name == "http") return 0;
  if (port.port_name == "https") return 1;
  return port.port_name.starts_with("http") ? 2 : 3;
}

}  // namespace

std::vector<NodePort> node_ports(const std::vector<json>& services) {
  std::vector<NodePort> found;
  for (const auto& service : services) {
    const auto spec = service.value("spec", json::object());
    const auto name = service.value("metadata", json::object()).value("name", "");
    for (const auto& port : spec.value("ports", json::array())) {
      if (port.value("protocol", "TCP") != "TCP" || port.value("nodePort", 0) == 0) continue;
      NodePort one{name, port.value("name", ""), port.value("port", 0), port["nodePort"].get<int>(), false};
      one.tls = one.port_name == "https" || one.port == 443 || one.port == 8443;
      found.push_back(std::move(one));
    }
  }
  std::ranges::stable_sort(found, [](const NodePort& a, const NodePort& b) {
    return std::pair(rank(a), a.service) < std::pair(rank(b), b.service);
  });
  return found;
}

std::vector<std::string> node_addresses(kube::Client& client, const std::string& name_space, const io::Run& run) {
  std::vector<std::string> found;
  const auto add = [&](const std::string& address) {
    if (!address.empty() && std::ranges::find(found, address) == found.end()) found.push_back(address);
  };
  for (const auto& pod : list_if_allowed(client, kube::path_of(*kube::known_resource("pods"), name_space), run))
    add(pod.value("status", json::object()).value("hostIP", ""));
  for (const auto* type : {"InternalIP", "ExternalIP"})
    for (const auto& node : list_if_allowed(client, kube::path_of(*kube::known_resource("nodes"), ""), run))
      for (const auto& address : node.value("status", json::object()).value("addresses", json::array()))
        if (address.value("type", "") == type) add(address.value("address", ""));
  if (const auto server = http::Url::parse(client.access().server)) add(server->host);
  return found;
}

std::optional<std::string> first_open(http::Client& client, const std::vector<std::string>& addresses,
                                      const NodePort& port, std::chrono::milliseconds patience, std::string& why,
                                      const io::Run& run) {
  const auto deadline = Deadline::in(patience);
  // Nodes learn of a new Service within a moment: short pauses at first.
  constexpr std::chrono::milliseconds longest_pause{200};
  std::chrono::milliseconds length{10};
  do {
    std::optional<std::string> open;
    std::vector<http::Client::Id> asked;
    for (const auto& address : addresses) {
      const http::Url url{port.tls ? "https" : "http", address, port.node_port, "/", ""};
      http::Request request;
      request.url = url.text();
      request.tls.verify = false;  // whether anybody answers; the checks look at the rest
      request.connect_timeout = std::chrono::seconds{2};
      request.total_timeout = std::chrono::seconds{5};
      asked.push_back(client.start(request, [&open, &why, url](const http::Result& result) {
        if (result.transport) why = result.transport->message;
        else if (!open && result.response->status != 502 && result.response->status != 503) open = url.origin();
      }));
    }
    client.drive(run, std::chrono::seconds{6}, [&] { return open.has_value(); });
    for (const auto id : asked) client.cancel(id);
    if (open) return open;
    // All have failed: at once, so that a pause is due.
    const auto pause = Deadline::in(length);
    while (!pause.passed()) {
      run.check();
      client.drive(run, std::chrono::milliseconds{0});
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    length = std::min(2 * length, longest_pause);
  } while (!deadline.passed());
  return std::nullopt;
}

}  // namespace slipway::pipeline_test
