// SPDX-License-Identifier: Apache-2.0
// Promotion from registry to registry.
#include "oci/push.hpp"
#include "support/layout.hpp"
#include "support/push_run.hpp"

#include <csignal>

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

RegistryImage at(const FakeRegistry& registry, const std::string& rest) {
  return {Reference::parse(registry.host() + rest)};
}

/// Larger than what waits in memory of one blob.
const Layout& large_image() {
  static const Layout layout = [] {
    Layout made;
    made.holds(made.image({gzip(layer_tar("a", "one")), noise(13U << 20U)}));
    return made;
  }();
  return layout;
}

std::string root_of(const Layout& layout) { return layout.images[0]["digest"]; }

void put(FakeRegistry& registry, const Layout& layout) {
  Push p;
  static_cast<void>(p.file(layout.tar(), {registry.host() + "/svc:1"}));
}

}  // namespace

TEST_CASE("an image goes from one registry to another, letter for letter, and the first is not needed any more") {
  for (const auto& layout : {two_platforms(), large_image()}) {
    FakeRegistry production;
    Push p;
    {
      FakeRegistry staging;
      put(staging, layout);
      const auto before = staging.seen().size();
      const auto pushed = p.go(at(staging, "/svc@" + root_of(layout)), {production.host() + "/prod/svc:1"});
      CHECK(pushed.digest.text() == root_of(layout));
      for (std::size_t i = before; i < staging.seen().size(); ++i) CHECK(staging.seen()[i].method == "GET");
    }
    CHECK(Digest::of(production.manifests["prod/svc"]["1"]).text() == root_of(layout));
    for (const auto& [digest, bytes] : layout.blobs)
      CHECK((production.blobs["prod/svc"].contains(digest.text()) ? production.blobs["prod/svc"]
                                                                  : production.manifests["prod/svc"])
                .at(digest.text()) == bytes);
    CHECK(production.wrong.empty());
    CHECK(production.sessions.empty());
  }
}

TEST_CASE("within one registry nothing is read but documents") {
  const auto layout = two_platforms();
  FakeRegistry registry;
  put(registry, layout);
  Push p;
  const auto gets = registry.count("GET", "/blobs/");
  const auto pushed = p.go(at(registry, "/svc:1"), {registry.host() + "/prod/svc:1"});
  CHECK(registry.count("GET", "/blobs/") == gets);
  CHECK(registry.count("POST", "mount=") == 5);
  CHECK(pushed.layers.at(0).state == PushedLayer::State::mounted);
  CHECK(registry.manifests["prod/svc"]["1"] == registry.manifests["svc"]["1"]);
  // Another tag of the same repository is one PUT.
  const auto puts = registry.count("PUT");
  static_cast<void>(p.go(at(registry, "/svc:1"), {registry.host() + "/svc:stable"}));
  CHECK(registry.count("PUT") == puts + 1);
  CHECK(registry.wrong.empty());
}

TEST_CASE("where a mount is refused, the blob goes through") {
  const auto layout = two_platforms();
  FakeRegistry registry(first(100, "POST", "mount=", {.status = 405}));
  put(registry, layout);
  Push p;
  static_cast<void>(p.go(at(registry, "/svc:1"), {registry.host() + "/prod/svc:1"}));
  CHECK(registry.blobs["prod/svc"].size() == 5);
}

TEST_CASE("what the destination has is not fetched") {
  const auto layout = two_platforms();
  FakeRegistry staging;
  FakeRegistry production;
  put(staging, layout);
  put(production, layout);
  Push p;
  const auto gets = staging.count("GET", "/blobs/");
  static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:1"}));
  static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:2"}));
  CHECK(staging.count("GET", "/blobs/") == gets);
}

TEST_CASE("--platform of an index in a registry") {
  const auto layout = two_platforms();
  FakeRegistry staging;
  FakeRegistry production;
  put(staging, layout);
  Push p;
  p.options.platforms = {Platform::parse("linux/arm64")};
  static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:1"}));
  CHECK(production.manifests["svc"].size() == 2);
}

TEST_CASE("a source that breaks off is asked for the rest") {
  const auto big = Digest::of(noise(13U << 20U)).text();
  for (const bool knows_ranges : {true, false}) {
    int breaks = 2;
    std::vector<std::string> ranges;
    FakeRegistry staging([&](const Seen& seen) -> std::optional<Answer> {
      if (!is(seen, "GET", "/blobs/" + big)) return std::nullopt;
      const auto body = noise(13U << 20U);
      std::size_t from = 0;
      if (seen.headers.contains("range")) {
        ranges.push_back(seen.headers.at("range"));
        if (knows_ranges) from = std::stoul(ranges.back().substr(6));
      }
      Answer answer{.status = from > 0 ? 206 : 200, .body = body.substr(from)};
      if (breaks-- > 0) answer.cut = answer.body.size() / 2;
      return answer;
    });
    FakeRegistry production;
    put(staging, large_image());
    Push p;
    static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:1"}));
    CHECK(Digest::of(production.blobs["svc"].at(big)).text() == big);
    CHECK(ranges.size() == 2);
    CHECK(production.count("PUT", "/blobs/") == 3);
    CHECK(production.wrong.empty());
  }
}

TEST_CASE("a source that is damaged, incomplete or not there") {
  const auto layout = two_platforms();
  const auto index = nlohmann::json::parse(layout.bytes(root_of(layout)));
  const auto image = nlohmann::json::parse(layout.bytes(index["manifests"][0]["digest"]));
  const std::string layer = image["layers"][1]["digest"];
  FakeRegistry production;
  Push p;
  const auto failure_of = [&](FakeRegistry& staging, const std::string& what) {
    const auto error = p.failing([&] { static_cast<void>(p.go(at(staging, what), {production.host() + "/svc:1"})); });
    CHECK_FALSE(production.manifests["svc"].contains("1"));
    CHECK(production.sessions.empty());
    return error.code();
  };
  FakeRegistry staging;
  put(staging, layout);
  CHECK(failure_of(staging, "/svc:2") == ExitCode::no_input);
  CHECK(failure_of(staging, "/svc@" + Digest::of("other").text()) == ExitCode::no_input);
  auto& bytes = staging.blobs["svc"].at(layer);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  CHECK(failure_of(staging, "/svc:1") == ExitCode::data);
  bytes.pop_back();
  CHECK(failure_of(staging, "/svc:1") == ExitCode::protocol);
  bytes += "  ";
  CHECK(failure_of(staging, "/svc:1") == ExitCode::protocol);
  staging.blobs["svc"].erase(layer);
  CHECK(failure_of(staging, "/svc:1") == ExitCode::no_input);
  staging.manifests["svc"].erase(index["manifests"][0]["digest"].get<std::string>());
  CHECK(failure_of(staging, "/svc:1") == ExitCode::no_input);
  // One that answers something else than what it was asked for.
  staging.manifests["svc"][Digest::of("other").text()] = layout.bytes(root_of(layout));
  CHECK(failure_of(staging, "/svc@" + Digest::of("other").text()) == ExitCode::protocol);
}

TEST_CASE("logins of the destination are not shown to the source") {
  const auto layout = two_platforms();
  FakeRegistry staging;
  FakeRegistry production([](const Seen& seen) -> std::optional<Answer> {
    if (seen.headers.contains("authorization")) return std::nullopt;
    return Answer{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  });
  put(staging, layout);
  Push p;
  p.access.login = Login{.user = "ops", .password = "secret", .identity_token = {}, .origin = "test"};
  static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:1"}));
  for (const auto& seen : staging.seen()) CHECK_FALSE(seen.headers.contains("authorization"));
  CHECK(production.manifests["svc"].contains("1"));
}

TEST_CASE("a stop ends a promotion whose source is silent, and leaves no session") {
  FakeRegistry staging([](const Seen& seen) -> std::optional<Answer> {
    if (is(seen, "GET", "/blobs/")) return Answer{.hang = true};
    return std::nullopt;
  });
  FakeRegistry production;
  put(staging, two_platforms());
  Push p;
  p.access.stall = 60s;
  std::thread stopper([&] {
    std::this_thread::sleep_for(500ms);
    p.recorded.source.request(SIGTERM);
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto error = p.failing([&] { static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:1"})); });
  CHECK(std::chrono::steady_clock::now() - begun < 3500ms);
  stopper.join();
  CHECK(error.failure().id == failure::interrupted.id);
  CHECK(production.sessions.empty());
  CHECK(production.manifests["svc"].empty());
}

TEST_CASE("a destination that refuses ends a promotion at once") {
  FakeRegistry staging;
  FakeRegistry production(first(100, "PUT", "/blobs/", {.status = 403}));
  put(staging, large_image());
  Push p;
  CHECK(p.failing([&] { static_cast<void>(p.go(at(staging, "/svc:1"), {production.host() + "/svc:1"})); }).code() ==
        ExitCode::permission);
  CHECK(production.manifests["svc"].empty());
}
