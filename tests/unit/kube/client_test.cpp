// SPDX-License-Identifier: Apache-2.0
// The client against a small server: throttling, refused credentials, plugins that several clusters share, logs that
// are followed, the server's version.
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "kube/client.hpp"
#include "kube/credentials.hpp"
#include "kube/follow_logs.hpp"
#include "kube/headers.hpp"
#include "kube/watch.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <atomic>

using namespace slipway;
using namespace slipway::kube;
using namespace std::chrono_literals;
using nlohmann::json;
using testing::RecordedRun;

namespace {

Access access_to(const test::HttpServer& server) {
  Access access;
  access.context = "here";
  access.user = "ann";
  access.server = "http://127.0.0.1:" + std::to_string(server.port());
  return access;
}

std::string id_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(error.failure().id);
  }
  return "nothing was thrown";
}

test::Answer status_answer(int code, std::vector<std::pair<std::string, std::string>> headers = {}) {
  test::Answer answer;
  answer.status = code;
  answer.headers = std::move(headers);
  answer.body = json{{"kind", "Status"}, {"message", "no"}, {"code", code}}.dump();
  return answer;
}

test::Answer list_answer(const json& items = json::array()) {
  test::Answer answer;
  answer.body = json{{"kind", "PodList"}, {"metadata", {{"resourceVersion", "5"}}}, {"items", items}}.dump();
  return answer;
}

/// A credential plugin that counts its runs and answers with the number as token.
struct Plugin {
  fs::TempDir dir{"slipway-test"};
  ExecPlugin exec;

  Plugin() {
    const auto file = dir.path() / "plugin";
    fs::write_file(file, "#!/bin/sh\necho run >>" + (dir.path() / "runs").native() +
                             "\nn=$(wc -l <" + (dir.path() / "runs").native() +
                             ")\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
                             "\"status\":{\"token\":\"t%d\"}}' \"$n\"\n");
    ::chmod(file.c_str(), 0755);
    exec.api_version = "client.authentication.k8s.io/v1";
    exec.command = file.native();
    exec.interactive = ExecPlugin::Interactive::never;
  }
  [[nodiscard]] std::size_t runs() const {
    const auto file = dir.path() / "runs";
    return std::filesystem::exists(file) ? text::split(fs::read_file(file), '\n').size() - 1 : 0;
  }
};

Pod running_pod(const std::string& name) {
  return read_pod({{"metadata", {{"name", name}, {"uid", name}}},
                   {"spec", {{"containers", {{{"name", "main"}}}}}},
                   {"status",
                    {{"phase", "Running"},
                     {"containerStatuses",
                      {{{"name", "main"},
                        {"restartCount", 0},
                        {"state", {{"running", {{"startedAt", "2026-11-24T10:00:00Z"}}}}}}}}}}});
}

}  // namespace

TEST_CASE("a server that throttles is obeyed, as often as ten times") {
  std::atomic<int> left{3};
  const test::HttpServer server([&](const test::Seen&) {
    return left-- > 0 ? status_answer(429, {{"Retry-After", "0"}}) : list_answer();
  });
  Client client(access_to(server), "t/1");
  const RecordedRun run;
  CHECK(client.list("/api/v1/pods", run.run).empty());
  CHECK(server.seen().size() == 4);
  left = 1000;
  CHECK(id_of([&] { (void)client.list("/api/v1/pods", run.run); }) == "busy");
}

TEST_CASE("a watch obeys it, too, and is not lost meanwhile") {
  std::atomic<int> left{2};
  const test::HttpServer server([&](const test::Seen& seen) {
    if (left-- > 0) return status_answer(429, {{"Retry-After", "0"}});
    if (seen.target.find("watch=1") == std::string::npos) return list_answer({{{"metadata", {{"name", "a"}}}}});
    test::Answer stream;
    stream.hang = true;
    return stream;
  });
  Client client(access_to(server), "t/1");
  const RecordedRun run;
  int set = 0;
  Watch watch(client, {.path = "/api/v1/pods"}, [&](Watch::Change change, json&) {
    if (change == Watch::Change::set) ++set;
  });
  for (int i = 0; i < 100 && !watch.synced(); ++i) {
    const auto wait = watch.step(run.run);
    CHECK(watch.out_of_contact() == 0ms);
    client.wait(std::min<std::chrono::milliseconds>(wait, 200ms), run.run);
  }
  CHECK(set == 1);

  left = 1000;
  Watch refused(client, {.path = "/api/v1/pods"}, [](Watch::Change, json&) {});
  CHECK(id_of([&] {
          for (int i = 0; i < 200; ++i) {
            const auto wait = refused.step(run.run);
            client.wait(std::min<std::chrono::milliseconds>(wait, 150ms), run.run);
          }
        }) == "busy");
}

TEST_CASE("how long a server wants to be left alone") {
  http::Response response;
  const auto now = *text::parse_rfc3339("2026-11-24T10:15:00Z");
  CHECK_FALSE(retry_after(response, now));
  response.headers = {{"retry-after", "7"}};
  CHECK(retry_after(response, now) == 7s);
  response.headers = {{"retry-after", "Tue, 24 Nov 2026 10:15:30 GMT"}};
  CHECK(retry_after(response, now) == 30s);
  response.headers = {{"retry-after", "Tue, 24 Nov 2026 09:00:00 GMT"}};  // over already
  CHECK(retry_after(response, now) == 0s);
  response.headers = {{"retry-after", "86400"}};
  CHECK(retry_after(response, now) == 300s);
  response.headers = {{"retry-after", "soon"}};
  CHECK_FALSE(retry_after(response, now));
}

TEST_CASE("credentials that are refused are renewed once, and the request repeated") {
  const test::HttpServer server([](const test::Seen& seen) {
    return seen.headers.at("authorization") == "Bearer t2" ? list_answer() : status_answer(401);
  });
  const Plugin plugin;
  auto access = access_to(server);
  access.exec = plugin.exec;
  Client client(std::move(access), "t/1");
  const RecordedRun run;
  CHECK(client.list("/api/v1/pods", run.run).empty());
  CHECK(plugin.runs() == 2);
}

TEST_CASE("an answer that runs out is asked for again, in the middle of a run") {
  const test::HttpServer server([](const test::Seen&) { return list_answer(); });
  const Plugin plugin;
  // Ten seconds before it runs out it counts as over.
  const auto until = text::rfc3339(std::chrono::system_clock::now() + 11s);
  fs::write_file(plugin.exec.command, "#!/bin/sh\necho run >>" + (plugin.dir.path() / "runs").native() +
                                          "\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
                                          "\"ExecCredential\",\"status\":{\"token\":\"t\",\"expirationTimestamp\":\"" +
                                          until + "\"}}'\n", 0755);
  auto access = access_to(server);
  access.exec = plugin.exec;
  Client client(std::move(access), "t/1");
  const RecordedRun run;
  (void)client.list("/api/v1/pods", run.run);
  (void)client.list("/api/v1/pods", run.run);
  CHECK(plugin.runs() == 1);
  client.wait(1200ms, run.run);
  (void)client.list("/api/v1/pods", run.run);
  CHECK(plugin.runs() == 2);
}

TEST_CASE("one plugin serves all clusters that ask it the same") {
  const test::HttpServer server([](const test::Seen&) { return list_answer(); });
  const Plugin plugin;
  auto access = access_to(server);
  access.exec = plugin.exec;
  access.plugins = std::make_shared<PluginMemory>();
  auto other = access;
  other.context = "there";
  const RecordedRun run;
  Client first(access, "t/1");
  Client second(other, "t/1");
  (void)first.list("/api/v1/pods", run.run);
  (void)second.list("/api/v1/pods", run.run);
  CHECK(plugin.runs() == 1);
  // Another argument is another question.
  other.exec->args = {"--cluster", "there"};
  Client third(other, "t/1");
  (void)third.list("/api/v1/pods", run.run);
  CHECK(plugin.runs() == 2);
}

TEST_CASE("a server that is too old is warned of, once") {
  CHECK_FALSE(too_old(json{{"major", "1"}, {"minor", "34"}}));
  CHECK_FALSE(too_old(json{{"major", "1"}, {"minor", "23+"}}));
  CHECK_FALSE(too_old(json{{"major", "2"}, {"minor", "0"}}));
  CHECK_FALSE(too_old(json::object()));
  CHECK(too_old(json{{"major", "1"}, {"minor", "22+"}})->find("Kubernetes 1.22, older than 1.23") != std::string::npos);

  const test::HttpServer server([](const test::Seen& seen) {
    test::Answer answer;
    answer.body = seen.target == "/version" ? R"({"major":"1","minor":"20"})" : "{}";
    return answer;
  });
  Client client(access_to(server), "t/1");
  const RecordedRun run;
  client.check_version(run.run);
  client.check_version(run.run);
  for (int i = 0; i < 50 && run.text().empty(); ++i) client.wait(20ms, run.run);
  CHECK(run.text() == "cluster 'here' runs Kubernetes 1.20, older than 1.23: what it does not tell yet may be missed\n");
  CHECK(server.seen().size() == 1);
}

TEST_CASE("logs of the new pods are told, in whole lines, at the rate that was asked for") {
  const test::HttpServer server([](const test::Seen&) {
    test::Answer log;
    for (int i = 0; i < 30; ++i) log.chunks.push_back("line " + std::to_string(i) + (i == 29 ? "" : " of\n th"));
    return log;
  });
  Client client(access_to(server), "t/1");
  const RecordedRun run;
  bool news = false;
  LogFollower follower(client, "web", 10, [&] { news = true; });
  const std::vector<Pod> pods{running_pod("new"), running_pod("old")};
  const auto told = [&] {
    return std::ranges::count_if(run.seen, [](const io::Event& event) { return event.kind == "output"; });
  };
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 100 && told() < 10; ++i) {
    (void)follower.step(pods, {"new"}, run.run);
    client.wait(10ms, run.run);
  }
  if (std::chrono::steady_clock::now() - begun < 900ms) CHECK(told() == 10);  // of 31 that have come
  CHECK(news);
  for (int i = 0; i < 500 && told() < 30; ++i) {
    (void)follower.step(pods, {"new"}, run.run);
    client.wait(10ms, run.run);
  }
  CHECK(std::chrono::steady_clock::now() - begun >= 1900ms);  // thirty lines take three seconds' allowance
  REQUIRE(told() == 30);
  std::vector<std::string> lines;
  for (const auto& event : run.seen)
    if (event.kind == "output") {
      CHECK(event.subject == "new/main");
      lines.push_back(event.text);
    }
  CHECK(lines[0] == "line 0 of");
  CHECK(lines[1] == " thline 1 of");
  CHECK(lines.back() == " thline 29");  // the log's end ends its line
  REQUIRE(server.seen().size() == 1);  // the old pod's log was not asked for
  CHECK(server.seen()[0].target.find("/pods/new/log?") != std::string::npos);
}
