// SPDX-License-Identifier: Apache-2.0
#include "route.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::pipeline_test;
using namespace std::chrono_literals;
using nlohmann::json;

TEST_CASE("the NodePort that a browser would take comes first") {
  const auto services = json::parse(R"([
    {"metadata":{"name":"b"},"spec":{"ports":[{"name":"metrics","port":9102,"nodePort":30003},
                                              {"name":"dns","port":53,"protocol":"UDP","nodePort":30004}]}},
    {"metadata":{"name":"a"},"spec":{"ports":[{"port":80,"nodePort":30002}]}},
    {"metadata":{"name":"c"},"spec":{"ports":[{"name":"https","port":8443,"nodePort":30001},
                                              {"name":"http","port":8080,"nodePort":30000}]}},
    {"metadata":{"name":"inner"},"spec":{"ports":[{"name":"http","port":80}]}}])");
  const auto ports = node_ports(services.get<std::vector<json>>());
  std::vector<int> order;
  for (const auto& port : ports) order.push_back(port.node_port);
  CHECK(order == std::vector<int>{30000, 30001, 30002, 30003});
  CHECK(ports[1].tls);
  CHECK_FALSE(ports[0].tls);
  CHECK(node_ports({}).empty());
}

TEST_CASE("the first address that answers is taken, and silence has an end") {
  io::Events events;
  const io::Run run{events, {}, Deadline::in(20s)};
  http::Client client("test/1");
  std::string why;
  test::HttpServer server([](const test::Seen&) { return test::Answer{.status = 404}; });
  const NodePort port{"s", "http", 80, server.port(), false};
  CHECK(first_open(client, {"127.0.0.3", "127.0.0.1"}, port, 2s, why, run) == server.url(""));
  int asked = 0;
  test::HttpServer late([&](const test::Seen&) { return test::Answer{.status = ++asked < 3 ? 503 : 200}; });
  CHECK(first_open(client, {"127.0.0.1"}, {"s", "http", 80, late.port(), false}, 5s, why, run));
  CHECK_FALSE(first_open(client, {"127.0.0.1"}, {"s", "http", 80, 1, false}, 300ms, why, run));
  CHECK_FALSE(why.empty());
  CHECK(client.active() == 0);
}
