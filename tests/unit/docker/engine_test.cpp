// SPDX-License-Identifier: Apache-2.0
// The engine against a server that answers as dockerd 20.10 was seen to.
#include "core/fs.hpp"
#include "docker/engine.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using namespace std::chrono_literals;
using docker::Engine;
using nlohmann::json;
using test::Answer;
using test::HttpServer;
using test::Seen;

namespace {

struct Fixture {
  explicit Fixture(HttpServer::Handler handler)
      : server([this, handler = std::move(handler)](const Seen& seen) {
          if (seen.target == "/_ping")
            return Answer{.headers = {{"Api-Version", api}, {"Server", "Docker/20.10.24+dfsg1 (linux)"}}, .body = "OK"};
          return handler(seen);
        }) {}
  Engine engine() { return {docker::endpoint("tcp://127.0.0.1:" + std::to_string(server.port())), "test/1", run}; }

  std::string api = "1.41";
  io::Events events;
  io::Run run{events, {}, {}};
  HttpServer server;
};

std::string failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(error.failure().id) + ": " + error.message();
  }
  return "none";
}

http::Body empty_body() {
  return {[](char*, std::size_t) -> std::size_t { return 0; }, 0, {}};
}

}  // namespace

TEST_CASE("DOCKER_HOST in all its forms") {
  CHECK(docker::endpoint({}).unix_socket == "/var/run/docker.sock");
  CHECK(docker::endpoint("").unix_socket == "/var/run/docker.sock");
  CHECK(docker::endpoint("unix:///run/x.sock").unix_socket == "/run/x.sock");
  CHECK(docker::endpoint("tcp://127.0.0.1:2375").base == "http://127.0.0.1:2375");
  for (const auto* bad : {"unix://x", "ssh://me@host", "tcp://build.example.org:2375", "npipe:////./x", "tcp://"})
    CHECK(failure_of([&] { (void)docker::endpoint(bad); }).starts_with("bad-setup"));
}

TEST_CASE("no engine is said with its address") {
  io::Events events;
  const io::Run run{events, {}, {}};
  CHECK(failure_of([&] { Engine(docker::endpoint("unix:///nonexistent.sock"), "t", run); }) ==
        "no-engine: no container engine at unix:///nonexistent.sock: there is no such socket");
  CHECK(failure_of([&] { Engine(docker::endpoint("tcp://127.0.0.1:1"), "t", run); }).starts_with("no-engine"));
}

TEST_CASE("the API's version is the lesser of both") {
  Fixture f([](const Seen&) { return Answer{.status = 404, .body = R"({"message":"No such image: x"})"}; });
  CHECK(f.engine().version() == "20.10.24+dfsg1");
  f.api = "1.50";
  CHECK(f.engine().api() == "1.41");
  f.api = "1.40";
  auto engine = f.engine();
  CHECK(engine.api() == "1.40");
  CHECK_FALSE(engine.image("x", f.run));
  CHECK(f.server.seen().back().target == "/v1.40/images/x/json");
}

TEST_CASE("a build sends its context and its parameters, and yields the id") {
  Fixture f([](const Seen&) {
    return Answer{.chunks = {"{\"stream\":\"Step 1/1 : FROM x\\n\"}\r\n{\"aux\":{\"ID\":\"sha", "256:1\"}}\r\n"}};
  });
  auto engine = f.engine();
  bool sent = false;
  http::Body body{[&](char* into, std::size_t) -> std::size_t {
                    if (std::exchange(sent, true)) return 0;
                    return std::string("TAR").copy(into, 3);
                  },
                  std::nullopt,
                  {}};
  std::vector<std::string> lines;
  const auto id = engine.build(
      {.dockerfile = ".D",
       .tags = {"a:1", "b"},
       .args = {{"K", "v w"}},
       .labels = {{"l", "m"}},
       .target = "t",
       .network = "host",
       .pull = true,
       .no_cache = true},
      body, [&](std::string_view line) { lines.emplace_back(line); }, f.run);
  CHECK(id == "sha256:1");
  CHECK(lines == std::vector<std::string>{"Step 1/1 : FROM x"});
  const auto seen = f.server.seen().back();
  CHECK(seen.body == "TAR");
  CHECK(seen.target ==
        "/v1.41/build?dockerfile=.D&t=a%3A1&t=b&buildargs=%7B%22K%22%3A%22v%20w%22%7D&labels=%7B%22l%22%3A"
        "%22m%22%7D&target=t&networkmode=host&pull=1&nocache=1&rm=1&forcerm=1");
}

TEST_CASE("a broken Dockerfile is the input's fault, a failed step the build's") {
  Answer answer;
  Fixture f([&](const Seen&) { return answer; });
  auto engine = f.engine();
  const auto build = [&] {
    return failure_of([&] { (void)engine.build({.dockerfile = "D"}, empty_body(), [](std::string_view) {}, f.run); });
  };
  answer = {.status = 400, .body = R"({"message":"dockerfile parse error line 1: unknown instruction: FOO"})"};
  CHECK(build().starts_with("bad-input"));
  answer = {.body = R"({"stream":"Step 2/2 : RUN false\n"}
{"error":"x","errorDetail":{"code":1}})"};
  CHECK(build() == "build-failed: build step 2/2 failed with exit status 1");
  answer = {.body = "{\"stream\":\"x\"}"};
  CHECK(build().starts_with("protocol"));
  answer = {.status = 500, .body = "{\"message\":\"disk on fire\"}"};
  CHECK(build() == "engine-failed: cannot build: disk on fire");
}

TEST_CASE("an image is read") {
  Fixture f([](const Seen&) {
    return Answer{.body = R"({"Id":"sha256:1","RepoTags":["a:1"],"RepoDigests":null,"Size":12,"Os":"linux",
      "Config":{"Labels":{"k":"v"},"User":"900","ExposedPorts":{"8080/tcp":{}}}})"};
  });
  const auto image = f.engine().image("localhost/a b:1", f.run);
  REQUIRE(image);
  CHECK(image->id == "sha256:1");
  CHECK(image->tags == std::vector<std::string>{"a:1"});
  CHECK(image->labels.at("k") == "v");
  CHECK(image->exposed_ports == std::vector<int>{8080});
  CHECK(f.server.seen().back().target == "/v1.41/images/localhost/a%20b:1/json");
}

TEST_CASE("a name is split at its tag, not at its port") {
  Fixture f([](const Seen&) { return Answer{.status = 201}; });
  auto engine = f.engine();
  engine.tag("sha256:1", "localhost:5000/a", f.run);
  CHECK(f.server.seen().back().target == "/v1.41/images/sha256:1/tag?repo=localhost%3A5000%2Fa&tag=latest");
  engine.tag("sha256:1", "localhost:5000/a:2", f.run);
  CHECK(f.server.seen().back().target == "/v1.41/images/sha256:1/tag?repo=localhost%3A5000%2Fa&tag=2");
}

TEST_CASE("a saved image streams into the sink, which may end it") {
  Answer answer{.chunks = {"one", "two", "three"}, .between = 20ms};
  Fixture f([&](const Seen&) { return answer; });
  auto engine = f.engine();
  std::string got;
  engine.save({"a:1", "b"}, [&](std::string_view bytes) { return got += bytes, true; }, f.run);
  CHECK(got == "onetwothree");
  CHECK(f.server.seen().back().target == "/v1.41/images/get?names=a%3A1&names=b");
  got.clear();
  engine.save({"a"}, [&](std::string_view bytes) { return got += bytes, false; }, f.run);
  CHECK(got == "one");
  answer = {.body = "half of it", .cut = 4};
  CHECK(failure_of([&] { engine.save({"a"}, [](std::string_view) { return true; }, f.run); }).starts_with("protocol"));
  answer = {.status = 404, .body = R"({"message":"reference does not exist"})"};
  CHECK(failure_of([&] { engine.save({"a"}, [](std::string_view) { return true; }, f.run); }).starts_with("not-found"));
}

TEST_CASE("a container is made with its limits, followed and removed") {
  Fixture f([](const Seen& seen) {
    if (seen.target.find("/create") != std::string::npos)
      return Answer{.status = 201, .body = R"({"Id":"c1","Warnings":[]})"};
    if (seen.target.find("/start") != std::string::npos) return Answer{.status = 204};
    if (seen.target.find("/wait") != std::string::npos) return Answer{.body = R"({"StatusCode":3})", .delay = 50ms};
    if (seen.target.find("/logs") != std::string::npos)
      return Answer{.chunks = {std::string("\1\0\0\0\0\0\0\3hi\n", 11), std::string("\2\0\0\0\0\0\0\2e\n", 10)}};
    return Answer{.status = 204};
  });
  auto engine = f.engine();
  const auto id = engine.create({.image = "i",
                                 .name = "n",
                                 .arguments = {"a"},
                                 .entrypoint = std::vector<std::string>{},
                                 .env = {{"K", "v"}},
                                 .memory = 1024,
                                 .cpus = 1.5,
                                 .pids = 7,
                                 .drop_capabilities = true,
                                 .init = true},
                                f.run);
  CHECK(id == "c1");
  const auto sent = json::parse(f.server.seen().back().body);
  CHECK(sent["Image"] == "i");
  CHECK(sent["Cmd"] == json{"a"});
  CHECK(sent["Entrypoint"] == json::array());
  CHECK(sent["Env"] == json{"K=v"});
  CHECK(sent["HostConfig"]["Memory"] == 1024);
  CHECK(sent["HostConfig"]["MemorySwap"] == 1024);
  CHECK(sent["HostConfig"]["NanoCpus"] == 1'500'000'000);
  CHECK(sent["HostConfig"]["PidsLimit"] == 7);
  CHECK(sent["HostConfig"]["CapDrop"] == json{"ALL"});
  CHECK(sent["HostConfig"]["SecurityOpt"] == json{"no-new-privileges"});
  CHECK(sent["HostConfig"]["Init"] == true);
  engine.start(id, f.run);
  std::string out;
  std::string err;
  CHECK(engine.follow(
            id, [&](docker::Stream s, std::string_view b) { (s == docker::Stream::out ? out : err) += b; }, 1s,
            f.run) == 3);
  CHECK(out == "hi\n");
  CHECK(err == "e\n");
  engine.remove(id, f.run);
  CHECK(f.server.seen().back().method == "DELETE");
}

TEST_CASE("a container that outlasts the run is asked to end, then made to, and heard to the last") {
  std::vector<std::string> signals;
  Fixture f([&](const Seen& seen) {
    if (seen.target.find("/wait") != std::string::npos) return Answer{.body = R"({"StatusCode":137})", .delay = 400ms};
    if (seen.target.find("/logs") != std::string::npos)
      return Answer{.chunks = {std::string("\1\0\0\0\0\0\0\3hi\n", 11), std::string("\1\0\0\0\0\0\0\4bye\n", 12)},
                    .between = 250ms};
    if (const auto at = seen.target.find("signal="); at != std::string::npos)
      signals.push_back(seen.target.substr(at + 7));
    return Answer{.status = 204};
  });
  auto engine = f.engine();
  std::string out;
  const io::Run run{f.events, {}, Deadline::in(100ms)};
  CHECK(failure_of([&] {
          (void)engine.follow("c1", [&](docker::Stream, std::string_view b) { out += b; }, 50ms, run);
        }).starts_with("timed-out"));
  CHECK(signals == std::vector<std::string>{"SIGTERM", "SIGKILL"});
  CHECK(out == "hi\nbye\n");
}
