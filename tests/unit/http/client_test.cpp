// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "http/client.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <atomic>
#include <csignal>
#include <thread>

using namespace slipway;
using namespace std::chrono_literals;
using http::Client;
using http::Request;
using http::Result;
using http::Transport;
using test::Answer;
using test::HttpServer;
using test::Seen;

namespace {

struct Fixture {
  io::Events events;
  StopSource source;
  io::Run run{events, source.token(), {}};
  Client client{"test/1"};

  Result ask(Request request) {
    std::optional<Result> result;
    client.start(std::move(request), [&](Result r) { result = std::move(r); });
    client.drive(run, 10s, [&] { return result.has_value(); });
    REQUIRE(result);
    return std::move(*result);
  }
};

Request get(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

}  // namespace

TEST_CASE("a request arrives as it was meant") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.status = 201, .headers = {{"X-One", "1"}}, .body = "made"}; });
  auto request = get(server.url("/a/../b?c=d"));
  request.method = "POST";
  request.content = "{}";
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
  const auto response = f.client.send(std::move(request), f.run);
  CHECK(response.status == 201);
  CHECK(response.header("x-one") == "1");
  CHECK(response.body == "made");
  CHECK(response.sent == 2);
  const auto seen = server.seen().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.target == "/a/../b?c=d");
  CHECK(seen.body == "{}");
  CHECK(seen.headers.at("content-type") == "application/json");
  CHECK(seen.headers.at("user-agent") == "test/1");
  CHECK(seen.headers.contains("x-empty"));
  CHECK_FALSE(seen.headers.contains("expect"));
}

TEST_CASE("methods with and without a body") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{}; });
  for (const auto* method : {"GET", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS"}) {
    auto request = get(server.url());
    request.method = method;
    CHECK(f.client.send(std::move(request), f.run).status == 200);
    CHECK(server.seen().back().method == method);
    CHECK_FALSE(server.seen().back().headers.contains("content-type"));
  }
}

TEST_CASE("a streamed body goes with its length or chunked, and starts again on a dead connection") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.close = true}; });
  const bool sized = GENERATE(true, false);
  const std::string content(300'000, 'x');
  for (int i = 0; i < 2; ++i) {
    std::size_t at = 0;
    auto request = get(server.url());
    request.method = "PUT";
    request.body = http::Body{[&](char* into, std::size_t size) {
                                size = std::min(size, content.size() - at);
                                content.copy(into, size, at);
                                at += size;
                                return size;
                              },
                              sized ? std::optional<std::uint64_t>(content.size()) : std::nullopt, [&] { at = 0; }};
    const auto response = f.client.send(std::move(request), f.run);
    CHECK(response.status == 200);
    CHECK(server.seen().back().body == content);
    CHECK(server.seen().back().headers.contains("content-length") == sized);
  }
}

TEST_CASE("many requests run at once on one thread") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.chunks = {"a", "b"}, .between = 100ms}; });
  int done = 0;
  for (int i = 0; i < 8; ++i)
    f.client.start(get(server.url()), [&](const Result& r) { done += r.response && r.response->body == "ab" ? 1 : 0; });
  const auto begun = std::chrono::steady_clock::now();
  f.client.drive(f.run, 10s);
  CHECK(done == 8);
  CHECK(f.client.active() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < 1s);  // one after the other: 1.6 s
}

TEST_CASE("on_data gets a good answer as it comes, and a bad one is kept") {
  Fixture f;
  HttpServer server([](const Seen& seen) {
    if (seen.target == "/bad") return Answer{.status = 500, .body = "why"};
    return Answer{.chunks = {"one\n", "two\n", "three\n"}, .between = 20ms};
  });
  std::vector<std::string> pieces;
  auto request = get(server.url());
  request.on_data = [&](std::string_view bytes) {
    pieces.emplace_back(bytes);
    return true;
  };
  CHECK(f.client.send(request, f.run).body.empty());
  CHECK(pieces == std::vector<std::string>{"one\n", "two\n", "three\n"});
  pieces.clear();
  request.url = server.url("/bad");
  CHECK(f.client.send(request, f.run).body == "why");
  CHECK(pieces.empty());
  request.url = server.url("/");
  request.on_data = [](std::string_view) { return false; };
  const auto result = f.ask(request);
  REQUIRE(result.transport);
  CHECK(result.transport->kind == Transport::Kind::aborted);
}

TEST_CASE("redirects are followed only on request") {
  Fixture f;
  HttpServer server([](const Seen& seen) {
    if (seen.target == "/from") return Answer{.status = 307, .headers = {{"Location", "/to"}}, .body = "moved"};
    return Answer{.body = "here"};
  });
  auto request = get(server.url("/from"));
  CHECK(f.client.send(request, f.run).status == 307);
  request.follow_redirects = true;
  const auto response = f.client.send(request, f.run);
  CHECK(response.status == 200);
  CHECK(response.body == "here");
  CHECK(response.url == server.url("/to"));
}

TEST_CASE("why there is no answer") {
  Fixture f;
  HttpServer server([](const Seen& seen) {
    if (seen.target == "/hang") return Answer{.hang = true};
    if (seen.target == "/cut") return Answer{.body = "0123456789", .cut = 4};
    return Answer{.body = std::string(2000, 'x')};
  });
  using Kind = Transport::Kind;
  const auto kind = [&](Request request) {
    const auto result = f.ask(std::move(request));
    REQUIRE(result.transport);
    CHECK_FALSE(result.transport->message.empty());
    return result.transport->kind;
  };
  CHECK(kind(get("http://127.0.0.1:1/")) == Kind::connect);
  CHECK(kind(get("http://name.invalid/")) == Kind::resolve);
  CHECK(kind(get(server.url("/cut"))) == Kind::broken);
  auto request = get(server.url("/hang"));
  request.total_timeout = 100ms;
  CHECK(kind(request) == Kind::timeout);
  request = get(server.url("/hang"));
  request.stall_timeout = 50ms;
  request.connect_timeout = 50ms;
  CHECK(kind(request) == Kind::stalled);
  request = get(server.url("/"));
  request.max_body = 1000;
  CHECK(kind(request) == Kind::too_large);
  request = get("http://ignored/");
  request.unix_socket = "/nonexistent.sock";
  CHECK(kind(request) == Kind::connect);
  // TLS spoken to a plain server
  CHECK(kind(get("https://127.0.0.1:" + std::to_string(server.port()) + "/")) == Kind::tls);
}

TEST_CASE("send turns a missing answer into an Error that names the address and hides the query") {
  Fixture f;
  try {
    (void)f.client.send(get("http://u:secret@127.0.0.1:1/x?token=secret"), f.run);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.failure().id == failure::unreachable.id);
    CHECK(error.message().find("http://127.0.0.1:1") != std::string::npos);
    CHECK(error.message().find("secret") == std::string::npos);
    CHECK(error.at() == std::vector<std::string>{"GET http://127.0.0.1:1/x"});
  }
  CHECK_THROWS_AS(f.client.start(get("ftp://h/"), {}), Error);
  auto request = get("http://h/");
  request.headers = {{"X", "a\r\nY: b"}};
  CHECK_THROWS_AS(f.client.start(request, {}), Error);
}

TEST_CASE("a key with a passphrase is refused before anything is asked") {
  Fixture f;
  for (const auto* key : {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                          "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
                          "-----END RSA PRIVATE KEY-----\n"}) {
    auto request = get("https://127.0.0.1:1/");
    request.tls.cert_pem = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    request.tls.key_pem = key;
    try {
      static_cast<void>(f.client.send(std::move(request), f.run));
      FAIL("it was taken");
    } catch (const Error& error) {
      CHECK(error.failure().id == failure::bad_setup.id);
      CHECK(error.message().find("passphrase") != std::string::npos);
    }
  }
}

TEST_CASE("a stop ends the wait at once") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.hang = true}; });
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    f.source.request(SIGTERM);
  });
  const auto begun = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(f.client.send(get(server.url()), f.run), Error);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
  CHECK(f.client.active() == 0);
  later.join();
}

TEST_CASE("the run's deadline ends the wait") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.hang = true}; });
  const io::Run run{f.events, f.source.token(), Deadline::in(100ms)};
  try {
    (void)f.client.send(get(server.url()), run);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.failure().id == failure::timed_out.id);
  }
}

TEST_CASE("wake makes another thread's drive take a step") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.hang = true}; });
  f.client.start(get(server.url()), {});
  std::atomic<bool> flag = false;
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    flag = true;
    f.client.wake();
  });
  const auto begun = std::chrono::steady_clock::now();
  f.client.drive(f.run, 5s, [&] { return flag.load(); });
  CHECK(std::chrono::steady_clock::now() - begun < 900ms);
  later.join();
}

TEST_CASE("callbacks may start, cancel and throw") {
  Fixture f;
  HttpServer server([](const Seen& seen) { return Answer{.body = seen.target}; });
  std::string second;
  f.client.start(get(server.url("/1")), [&](const Result&) {
    f.client.start(get(server.url("/2")), [&](Result r) { second = r.response->body; });
  });
  f.client.drive(f.run, 5s);
  CHECK(second == "/2");

  auto request = get(server.url("/3"));
  Client::Id id = 0;
  bool called = false;
  request.on_data = [&](std::string_view) {
    f.client.cancel(id);
    f.client.start(get(server.url("/4")), [&](Result r) { second = r.response->body; });
    return true;
  };
  id = f.client.start(request, [&](const Result&) { called = true; });
  f.client.drive(f.run, 5s);
  CHECK_FALSE(called);
  CHECK(second == "/4");

  request.on_data = [](std::string_view) -> bool { throw Error(failure::bad_input, "mine"); };
  CHECK_THROWS_WITH(f.client.send(request, f.run), "mine");
  CHECK(f.client.active() == 0);
}

TEST_CASE("a unix socket serves as well") {
  Fixture f;
  const fs::TempDir dir("http-test");
  const auto path = (dir.path() / "s").string();
  HttpServer server([](const Seen&) { return Answer{.body = "unix"}; }, path);
  auto request = get("http://engine/_ping");
  request.unix_socket = path;
  CHECK(f.client.send(request, f.run).body == "unix");
  CHECK(server.seen().at(0).headers.at("host") == "engine");
}

TEST_CASE("a body that has nothing to send yet holds up nobody") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{}; });
  std::atomic<int> ready = 0;
  int asked = 0;
  Request request;
  request.method = "PATCH";
  request.url = server.url("/slow");
  int sent = 0;
  request.body = http::Body{.read = [&](char* into, std::size_t) -> std::size_t {
                              ++asked;
                              if (sent == 2) return 0;
                              if (sent == ready) return http::Body::later;
                              into[0] = static_cast<char>('a' + sent++);
                              return 1;
                            },
                            .size = {},
                            .rewind = {}};
  std::optional<Result> slow;
  f.client.start(std::move(request), [&](Result r) { slow = std::move(r); });
  CHECK(f.ask(get(server.url("/quick"))).response);
  CHECK_FALSE(slow);
  std::thread feeder([&] {
    for (int i = 0; i < 2; ++i) {
      std::this_thread::sleep_for(50ms);
      ++ready;
      f.client.wake();
    }
  });
  f.client.drive(f.run, 10s, [&] { return slow.has_value(); });
  feeder.join();
  REQUIRE(slow);
  CHECK(slow->response);
  CHECK(server.seen().back().body == "ab");
  CHECK(asked < 50);
}

TEST_CASE("what a request's own code throws can be handed over, and the others go on") {
  Fixture f;
  HttpServer server([](const Seen&) { return Answer{.body = "a body"}; });
  std::optional<Result> thrown;
  std::optional<Result> good;
  auto request = get(server.url("/a"));
  request.on_data = [](std::string_view) -> bool { throw Error(failure::bad_input, "mine"); };
  request.keep_thrown = true;
  f.client.start(std::move(request), [&](Result r) { thrown = std::move(r); });
  f.client.start(get(server.url("/b")), [&](Result r) { good = std::move(r); });
  f.client.drive(f.run, 10s);
  REQUIRE(thrown);
  REQUIRE(thrown->transport);
  CHECK(thrown->transport->kind == Transport::Kind::aborted);
  CHECK_FALSE(thrown->transport->transient());
  CHECK_THROWS_WITH(std::rethrow_exception(thrown->transport->thrown), "mine");
  CHECK(good->response->body == "a body");
}

TEST_CASE("an owner without a place for more stops the sender, and nobody else") {
  Fixture f;
  const std::string body(3U << 20U, 'x');
  HttpServer server([&](const Seen& seen) { return Answer{.body = seen.target == "/long" ? body : "short"}; });
  std::atomic<bool> full = false;
  std::string got;
  int status = 0;
  auto request = get(server.url("/long"));
  request.full = [&] { return full.load(); };
  request.on_answer = [&](int s) {
    CHECK(got.empty());
    status = s;
  };
  request.on_data = [&](std::string_view bytes) {
    CHECK_FALSE(full);
    got += bytes;
    full = true;
    return true;
  };
  bool done = false;
  f.client.start(std::move(request), [&](const Result&) { done = true; });
  f.client.drive(f.run, 10s, [&] { return full.load(); });
  const auto first = got.size();
  CHECK(f.client.send(get(server.url("/short")), f.run).body == "short");
  f.client.drive(f.run, 100ms);
  CHECK(got.size() == first);
  CHECK_FALSE(done);
  while (!done) {
    full = false;
    f.client.drive(f.run, 50ms, [&] { return full || done; });
  }
  CHECK(got == body);
  CHECK(status == 200);
}
