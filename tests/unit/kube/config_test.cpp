// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "core/fs.hpp"
#include "io/events.hpp"
#include "kube/config.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <random>

using namespace slipway;
using namespace slipway::kube;

namespace {

constexpr const char* two_contexts = R"(apiVersion: v1
kind: Config
current-context: blue
clusters:
- name: blue
  cluster: {server: "https://blue:6443/", certificate-authority: ca.pem}
- name: green
  cluster: {server: "https://green:6443", certificate-authority-data: Z3JlZW4tY2E=, tls-server-name: api.green}
contexts:
- name: blue
  context: {cluster: blue, user: ann, namespace: web}
- name: green
  context: {cluster: green, user: bob}
users:
- name: ann
  user: {token: ann-token}
- name: bob
  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
)";

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string failure_of(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) {
      *message = error.message();
      for (const auto& finding : error.findings())
        *message += fmt::format("\n{}:{}:{}: {}", finding.file, finding.line, finding.column, finding.message);
    }
    return std::string(error.failure().id);
  }
  return "nothing was thrown";
}

Config with(const std::string& user, const std::string& cluster = "server: https://x") {
  Config config;
  config.add(fmt::format("current-context: c\nclusters:\n- name: k\n  cluster: {{{}}}\ncontexts:\n- name: c\n  "
                         "context: {{cluster: k, user: u}}\n"
                         "users:\n- name: u\n  user: {{{}}}\n",
                         cluster, user),
             "kubeconfig", "/nowhere");
  return config;
}

}  // namespace

TEST_CASE("an access is put together from context, cluster and user") {
  const fs::TempDir dir("kubeconfig");
  fs::write_file(dir.path() / "config", two_contexts);
  fs::write_file(dir.path() / "ca.pem", "blue-ca");
  const auto config = Config::load(dir.path() / "config", environment({}));
  CHECK(config.contexts() == std::vector<std::string>{"blue", "green"});

  const auto blue = config.access();
  CHECK(blue.context == "blue");
  CHECK(blue.server == "https://blue:6443");
  CHECK(blue.name_space == "web");
  CHECK(blue.ca_pem == "blue-ca");  // relative to the file, not to us
  CHECK(blue.token == "ann-token");

  const auto green = config.access("green");
  CHECK(green.name_space == "default");
  CHECK(green.ca_pem == "green-ca");
  CHECK(green.tls_server_name == "api.green");
  CHECK(green.cert_pem == "cert");
  CHECK(green.key_pem == "key");
}

TEST_CASE("files of KUBECONFIG: the first wins per name, missing and empty entries are skipped") {
  const fs::TempDir dir("kubeconfig");
  fs::write_file(dir.path() / "a", "contexts:\n- name: x\n  context: {cluster: k, namespace: from-a}\n");
  fs::write_file(dir.path() / "b", "current-context: x\nclusters:\n- name: k\n  cluster: {server: https://b}\n"
                                   "contexts:\n- name: x\n  context: {cluster: k, namespace: from-b}\n");
  fs::write_file(dir.path() / "c", "current-context: y\nclusters:\n- name: k\n  cluster: {server: https://c}\n");
  const auto at = [&](const char* name) { return (dir.path() / name).string(); };
  const auto config =
      Config::load({}, environment({{"KUBECONFIG", at("a") + "::" + at("missing") + ':' + at("b") + ':' + at("c")}}));
  CHECK(config.current_context() == "x");
  CHECK(config.access().name_space == "from-a");
  CHECK(config.access().server == "https://b");
}

TEST_CASE("what cannot be found is a matter of set-up") {
  std::string message;
  CHECK(failure_of([] { (void)Config::load("/nowhere/config", environment({})); }, &message) == "bad-setup");
  CHECK(message.find("/nowhere/config") != std::string::npos);
  CHECK(failure_of([] { (void)Config::load({}, environment({})); }) == "bad-setup");
  CHECK(failure_of([] { (void)Config::load({}, environment({{"KUBECONFIG", "/nowhere/config"}})); }) == "bad-setup");
  CHECK(failure_of([] { (void)Config::load({}, environment({{"HOME", "/nowhere"}})); }) == "bad-setup");

  Config config;
  config.add(two_contexts, "kubeconfig", "/nowhere");
  CHECK(failure_of([&] { (void)config.access("geen"); }, &message) == "bad-setup");
  CHECK(message == "the kubeconfig has no context 'geen'; did you mean 'green'?");
  CHECK(failure_of([&] { (void)config.access("blue"); }, &message) == "bad-setup");  // its ca.pem is not there
  CHECK(message.find("certificate-authority of cluster 'blue'") != std::string::npos);
}

TEST_CASE("malformed files say where") {
  Config config;
  std::string message;
  CHECK(failure_of([&] { config.add("clusters: [\n", "f", "/"); }, &message) == "bad-setup");
  CHECK(message.find("\nf:") != std::string::npos);
  CHECK(failure_of(
            [&] {
              config.add("clusters:\n  name: x\ncontexts:\n- context: {}\nusers:\n- name: u\n  user: {token: [1]}\n",
                         "f", "/");
            },
            &message) == "bad-setup");
  CHECK(message == "3 errors in the kubeconfig 'f'\nf:2:3: 'clusters' has to be a list, not a map\n"
                   "f:4:3: an entry of 'contexts' has no name\nf:7:17: 'token' has to be a string");
  CHECK(failure_of([&] { config.add("- 1\n", "f", "/"); }) == "bad-setup");
  CHECK(failure_of([&] { config.add("kind: Deployment\n", "f", "/"); }) == "bad-setup");
}

TEST_CASE("an error never shows a secret") {
  Config config;
  try {
    config.add("users:\n- name: u\n  user: {token: hunter2, client-key-data: [hunter2]}\n", "f", "/");
    FAIL("it is malformed");
  } catch (const Error& error) {
    for (const auto& finding : error.findings()) {
      CHECK(finding.source_line.empty());
      CHECK(finding.message.find("hunter2") == std::string::npos);
    }
  }
  std::string message;
  CHECK(failure_of([] { (void)with("client-key-data: hunter2%%, client-certificate-data: aGk=").access(); },
                   &message) == "bad-setup");
  CHECK(message.find("hunter2") == std::string::npos);
}

TEST_CASE("contradictions and removed forms are refused") {
  std::string message;
  CHECK(failure_of([] {
          (void)with("token: t", "server: https://x, insecure-skip-tls-verify: true, certificate-authority-data: Y2E=")
              .access();
        }) == "bad-setup");
  CHECK(failure_of([] { (void)with("client-certificate-data: Y2VydA==").access(); }, &message) == "bad-setup");
  CHECK(message == "user 'u' has a client certificate but no client key");
  CHECK(failure_of([] { (void)with("auth-provider: {name: gcp}").access(); }, &message) == "bad-setup");
  CHECK(failure_of([] { (void)with("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}").access(); },
                   &message) == "bad-setup");
  CHECK(message.find("v1alpha1") != std::string::npos);
  CHECK(failure_of([] { (void)with("exec: {apiVersion: client.authentication.k8s.io/v1, command: x}").access(); },
                   &message) == "bad-setup");
  CHECK(message.find("interactiveMode") != std::string::npos);
  CHECK(failure_of([] { (void)with("", "tls-server-name: y").access(); }, &message) == "bad-setup");
  CHECK(message.find("no server") != std::string::npos);
}

TEST_CASE("a plugin's command with a slash is relative to the file") {
  const auto config =
      with("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/login, args: [a, b], "
           "env: [{name: N, value: V}], provideClusterInfo: true, installHint: get it}");
  const auto access = config.access();
  REQUIRE(access.exec);
  CHECK(access.exec->command == "/nowhere/bin/login");
  CHECK(access.exec->args == std::vector<std::string>{"a", "b"});
  CHECK(access.exec->env == std::vector<std::pair<std::string, std::string>>{{"N", "V"}});
  CHECK(access.exec->provide_cluster_info);
}

TEST_CASE("options win over the file") {
  Overrides overrides;
  overrides.token = "given";
  overrides.name_space = "n";
  overrides.server = "http://127.0.0.1:8001/";
  overrides.insecure = true;
  const auto access =
      with("username: u, password: p", "server: https://x, certificate-authority-data: Y2E=").access(overrides);
  CHECK(access.token == "given");
  CHECK_FALSE(access.basic);
  CHECK_FALSE(with("client-certificate-data: Yw==, client-key-data: aw==").access(overrides).cert_pem);
  CHECK(access.server == "http://127.0.0.1:8001");
  CHECK(access.name_space == "n");
  CHECK(access.insecure);
  CHECK_FALSE(access.ca_pem);
}

TEST_CASE("JSON is a kubeconfig, too") {
  Config config;
  config.add(R"({"current-context":"c","clusters":[{"name":"k","cluster":{"server":"https://x"}}],
               "contexts":[{"name":"c","context":{"cluster":"k"}}]})",
             "f", "/");
  CHECK(config.access().server == "https://x");
}

TEST_CASE("whatever is in the file, it is read or refused as a bad setup, and its secrets stay in it") {
  // Each has a secret in it that no message may repeat.
  const std::vector<std::string> seeds{
      two_contexts,
      R"({"current-context":"c","clusters":[{"name":"k","cluster":{"server":"https://x","insecure-skip-tls-verify":true}}],
         "contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"users":[{"name":"u","user":{"token":"ann-token"}}]})",
      "users:\n- name: u\n  user:\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: [ann-token], "
      "env: [{name: N, value: ann-token}]}\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\ncurrent-context: c\n"
      "clusters:\n- name: k\n  cluster: {server: 'https://x', proxy-url: 'http://y:1'}\n",
      "users: [{name: u, user: {username: u, password: ann-token}}]\ncontexts: [{name: c, context: {cluster: k, user: "
      "u}}]\nclusters: [{name: k, cluster: {server: 'https://x'}}]\ncurrent-context: c\n"};
  const std::vector<std::string> pieces{":", "- ", "\n", "  ", "{", "}", "[", "]", "\"", "'", "&a ", "*a", "<<: ", "null",
                                        "\t", "#", "|\n", "!!binary ", "\xff", "0", "true", "name", "user", "---\n", "%"};
  std::minstd_rand random(20261124);
  const auto pick = [&](std::size_t size) { return static_cast<std::size_t>(random()) % size; };
  int read = 0;
  int refused = 0;
  for (int round = 0; round < 6000; ++round) {
    auto text = seeds[pick(seeds.size())];
    for (auto changes = 1 + pick(4); changes > 0 && !text.empty(); --changes) {
      const auto at = pick(text.size());
      switch (pick(4)) {
      case 0: text.erase(at, 1 + pick(12)); break;
      case 1: text.insert(at, pieces[pick(pieces.size())]); break;
      case 2: text[at] = static_cast<char>(pick(256)); break;
      default: text.insert(at, text.substr(pick(text.size()), pick(30))); break;
      }
    }
    try {
      Config config;
      config.add(text, "f", "/nowhere");
      for (const auto& context : config.contexts()) (void)config.access(context);
      (void)config.access();
      ++read;
    } catch (const Error& error) {
      ++refused;
      const auto shown = io::render_error("k8s-rollout", error, io::ErrorFormat::text) +
                         io::render_error("k8s-rollout", error, io::ErrorFormat::json);
      INFO(text << "\n" << shown);
      CHECK(error.failure().id == "bad-setup");
      // A secret that a change has cut in two is a word like any other; whole it is one.
      CHECK(shown.find("ann-token") == std::string::npos);
    }
  }
  CHECK(read > 100);  // or the changes would break everything at the first step
  CHECK(refused > 100);
}
