// SPDX-License-Identifier: Apache-2.0
#include "kube/proxy.hpp"
#include "support/catch.hpp"

#include <map>

using namespace slipway::kube;

TEST_CASE("NO_PROXY by Go's rules") {
  struct Row {
    const char* list;
    const char* host;
    int port;
    bool spared;
  };
  const auto row = GENERATE(values<Row>({
      {"example.org", "example.org", 443, true},
      {"example.org", "api.example.org", 443, true},
      {"example.org", "notexample.org", 443, false},
      {".example.org", "example.org", 443, false},
      {".example.org", "api.example.org", 443, true},
      {"*.example.org", "api.example.org", 443, true},
      {"example.org:6443", "example.org", 6443, true},
      {"example.org:6443", "example.org", 443, false},
      {"10.0.0.0/8", "10.1.2.3", 443, true},
      {"10.0.0.0/8", "11.1.2.3", 443, false},
      {"10.0.0.0/33", "10.1.2.3", 443, false},
      {"fd00::/8", "fd12::1", 443, true},
      {"[::5]:443", "::5", 443, true},
      {"::5", "::5", 443, true},
      {"10.1.2.3", "10.1.2.3", 443, true},
      {"10.1.2.3:1", "10.1.2.3", 443, false},
      {" a , EXAMPLE.org ", "Example.ORG", 443, true},
      {"*", "anything", 1, true},
      {"", "anything", 1, false},
      {",,", "anything", 1, false},
      {"x:y", "x", 1, false},
  }));
  INFO(row.list << " " << row.host << ":" << row.port);
  CHECK(spared_by(row.list, row.host, row.port) == row.spared);
}

TEST_CASE("which proxy the environment means") {
  std::map<std::string, std::string> set;
  const auto env = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
  CHECK(proxy_for("https://api.example.org:6443", env).empty());
  set["https_proxy"] = "proxy:3128";
  CHECK(proxy_for("https://api.example.org:6443", env) == "http://proxy:3128");
  set["HTTPS_PROXY"] = "socks5h://other:1080";  // capitals win
  CHECK(proxy_for("https://api.example.org:6443", env) == "socks5h://other:1080");
  CHECK(proxy_for("https://127.0.0.1:6443", env).empty());
  CHECK(proxy_for("https://localhost:6443", env).empty());
  CHECK(proxy_for("http://api.example.org", env).empty());  // HTTP_PROXY is another one
  set["NO_PROXY"] = "10.0.0.0/8,example.org";
  CHECK(proxy_for("https://api.example.org:6443", env).empty());
}
