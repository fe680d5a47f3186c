// SPDX-License-Identifier: Apache-2.0
// What is not sent, not packed and not even read a second time, and that none of this can make a wrong image.
#include "oci/compress.hpp"
#include "oci/layer_memory.hpp"
#include "support/push_run.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using Catch::Matchers::Contains;

namespace {

/// A push of a user who has a home, and so a layer memory.
struct AtHome {
  fs::TempDir home{"learn-test"};
  Push p;
  AtHome() {
    p.access.env = [path = home.path().native()](const std::string& name) {
      return name == "HOME" ? std::optional<std::string>(path) : std::nullopt;
    };
  }
  [[nodiscard]] std::filesystem::path memory() const { return home.path() / ".cache/slipway/layers"; }
};

}  // namespace

TEST_CASE("tried in a scratch repository, then published: packed once, sent once, read once") {
  for (const auto* image : {&small, &large}) {
    FakeRegistry registry;
    const FakeEngine engine(*image);
    AtHome at;
    const auto scratch = at.p.go(engine.source(), {registry.host() + "/scratch/svc-test:run1"});
    const auto puts = registry.count("PUT", "/blobs/");
    const auto patches = registry.count("PATCH");
    const auto pushed = at.p.go(engine.source(), {registry.host() + "/svc:1"});
    CHECK(pushed.digest == scratch.digest);
    CHECK(registry.manifests["svc"]["1"] == registry.manifests["scratch/svc-test"]["run1"]);
    CHECK(engine.saves() == 1);
    CHECK(registry.count("PUT", "/blobs/") == puts);
    CHECK(registry.count("PATCH") == patches);
    CHECK(registry.blobs["svc"] == registry.blobs["scratch/svc-test"]);
    CHECK(pushed.layers[0].state == PushedLayer::State::mounted);
    CHECK(pushed.uploaded_bytes == 0);
    CHECK(registry.wrong.empty());
    CHECK(registry.sessions.empty());
  }
}

TEST_CASE("the tag that stands for the engine's image already takes one question") {
  FakeRegistry registry;
  const FakeEngine engine(small);
  Push p;  // no home, no memory
  const auto one = p.go(engine.source(), {registry.host() + "/svc:1"});
  const auto before = registry.count("GET") + registry.count("HEAD");
  const auto two = p.go(engine.source(), {registry.host() + "/svc:1"});
  CHECK(two.digest == one.digest);
  CHECK(registry.count("GET") + registry.count("HEAD") - before == 1);
  CHECK(engine.saves() == 1);
}

TEST_CASE("a memory that is wrong costs time and nothing else") {
  FakeRegistry registry;
  const FakeEngine engine(small);
  AtHome at;
  const auto scratch = at.p.go(engine.source(), {registry.host() + "/scratch:1"});

  SECTION("the scratch repository is gone") {
    registry.blobs.clear();
    registry.manifests.clear();
  }
  SECTION("one layer is gone") { registry.blobs["scratch"].erase(scratch.layers[1].digest.text()); }
  SECTION("the configuration is gone") { registry.blobs["scratch"].erase(Digest::of(small.config()).text()); }
  const auto pushed = at.p.go(engine.source(), {registry.host() + "/svc:1"});
  CHECK(pushed.digest == scratch.digest);
  CHECK(registry.blobs["svc"].at(scratch.layers[0].digest.text()) == gzip(small.layers[0]));
  CHECK(registry.blobs["svc"].at(scratch.layers[1].digest.text()) == gzip(small.layers[1]));
  CHECK(registry.manifests["svc"].contains("1"));
  CHECK(registry.sessions.empty());
}

TEST_CASE("a blob of another length is not the one that is remembered") {
  FakeRegistry registry;
  const FakeEngine engine(small);
  AtHome at;
  const auto one = at.p.go(engine.source(), {registry.host() + "/svc:1"});
  registry.blobs["svc"][one.layers[0].digest.text()] += "x";
  const auto two = at.p.go(engine.source(), {registry.host() + "/svc:2"});
  CHECK(two.layers[0].state == PushedLayer::State::uploaded);
  CHECK(registry.blobs["svc"].at(one.layers[0].digest.text()) == gzip(small.layers[0]));
}

TEST_CASE("mounting that is refused or unknown ends in an upload") {
  for (const int status : {401, 403, 404, 405, 400}) {
    INFO(status);
    FakeRegistry registry(first(1000, "POST", "mount=", {.status = status}));
    AtHome at;
    const auto one = at.p.file(small.archive(), {registry.host() + "/a:1"});
    const auto two = at.p.file(small.archive(), {registry.host() + "/b:1"});
    CHECK(two.digest == one.digest);
    CHECK(two.layers[0].state == PushedLayer::State::uploaded);
    CHECK(registry.blobs["b"].size() == 3);
  }
}

TEST_CASE("a layer is taken from the memory, and still checked, in a file and on a pipe") {
  FakeRegistry registry;
  AtHome at;
  static_cast<void>(at.p.file(large.archive(), {registry.host() + "/a:1"}));
  auto other = large;
  other.layers[0] = layer_tar("a", "another");
  const auto pushed = at.p.file(other.archive(), {registry.host() + "/b:1"});
  CHECK(pushed.layers[0].state == PushedLayer::State::uploaded);
  CHECK(pushed.layers[1].state == PushedLayer::State::mounted);
  CHECK(registry.count("PATCH") == 1);
  auto archive = other.archive();
  archive[archive.size() / 2] = static_cast<char>(archive[archive.size() / 2] ^ 4);
  const auto error = at.p.failing([&] { static_cast<void>(at.p.file(archive, {registry.host() + "/c:1"})); });
  CHECK(error.code() == ExitCode::data);
  CHECK(registry.manifests["c"].empty());
  // a small layer on a pipe has passed before it is known; then it is mounted and not sent
  const auto puts = registry.count("PUT", "/blobs/");
  const auto piped = at.p.stream(small.archive(), {registry.host() + "/small:1"});
  CHECK(piped.layers[0].state == PushedLayer::State::mounted);
  CHECK(registry.count("PUT", "/blobs/") == puts + 2);  // "two" and the configuration
}

TEST_CASE("layers are mounted only within their registry") {
  FakeRegistry one;
  FakeRegistry two;
  AtHome at;
  static_cast<void>(at.p.file(small.archive(), {one.host() + "/a:1"}));
  static_cast<void>(at.p.file(small.archive(), {two.host() + "/b:1"}));
  CHECK(two.count("POST", "mount=") == 0);
  CHECK(two.blobs["b"].size() == 3);
}

TEST_CASE("without reuse the memory is not read, and a dry run neither mounts nor remembers") {
  FakeRegistry registry;
  AtHome at;
  at.p.options.dry_run = true;
  static_cast<void>(at.p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK_FALSE(std::filesystem::exists(at.memory()));
  at.p.options.dry_run = false;
  static_cast<void>(at.p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK(std::filesystem::exists(at.memory()));
  at.p.options.dry_run = true;
  const auto dry = at.p.file(small.archive(), {registry.host() + "/b:1"});
  CHECK(dry.layers[0].state == PushedLayer::State::mounted);
  CHECK(registry.blobs["b"].empty());
  CHECK(registry.count("POST", "mount=") == 0);
  at.p.options.dry_run = false;
  at.p.options.reuse = false;
  CHECK(at.p.file(small.archive(), {registry.host() + "/b:1"}).layers[0].state == PushedLayer::State::uploaded);
}

TEST_CASE("what the registry said is not remembered as ours") {
  FakeRegistry registry;
  Push elsewhere;
  static_cast<void>(elsewhere.file(small.archive(), {registry.host() + "/a:1"}));
  AtHome at;
  auto other = small;
  other.note = "another configuration";
  const auto pushed = at.p.file(other.archive(), {registry.host() + "/a:2"});
  CHECK(pushed.layers[0].state == PushedLayer::State::reused);
  const LayerMemory memory(at.memory());
  CHECK_FALSE(memory.find(Digest::of(small.layers[0]), "gzip"));
}

TEST_CASE("a mount asks for a token of its own, and its refusal leaves the other one alone") {
  std::vector<std::string> asked;
  HttpServer service([&](const Seen& seen) {
    asked.push_back(seen.target);
    const bool two = seen.target.find("scope") != seen.target.rfind("scope");
    return two ? Answer{.status = 401} : Answer{.body = R"({"token":"t"})"};
  });
  FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
    if (seen.headers.contains("authorization") && seen.headers.at("authorization") == "Bearer t") return std::nullopt;
    return Answer{
        .status = 401,
        .headers = {{"WWW-Authenticate", fmt::format(R"(Bearer realm="{}",service="s")", service.url("/t"))}}};
  });
  AtHome at;
  at.p.access.login = Login{.user = "ops", .password = "right", .identity_token = {}, .origin = "test"};
  static_cast<void>(at.p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK(asked.size() == 1);
  CHECK_NOTHROW(at.p.file(small.archive(), {registry.host() + "/b:1"}));
  CHECK(registry.manifests["b"].contains("1"));
  CHECK(std::ranges::any_of(asked, [](const std::string& target) {
    return target.find("scope=repository%3Ab%3Apull%2Cpush") != std::string::npos &&
           target.find("scope=repository%3Aa%3Apull") != std::string::npos;
  }));
}

TEST_CASE("a trusted archive is not read where the registry has its layers, and the image is the same") {
  FakeRegistry registry;
  AtHome at;
  const auto one = at.p.file(large.archive(), {registry.host() + "/a:1"});
  auto archive = large.archive();
  archive[archive.size() / 2] = static_cast<char>(archive[archive.size() / 2] ^ 4);  // nobody looks at it
  at.p.options.trust_archive = true;
  const auto two = at.p.file(archive, {registry.host() + "/b:1"});
  CHECK(two.digest == one.digest);
  CHECK(registry.blobs["b"] == registry.blobs["a"]);
}

TEST_CASE("no more bytes leave in a second than --limit-rate allows") {
  FakeRegistry registry;
  Push p;
  p.access.rate = 2U << 20U;
  const auto begun = std::chrono::steady_clock::now();
  static_cast<void>(p.file(large.archive(), {registry.host() + "/a:1"}));  // 5 MB of noise
  CHECK(std::chrono::steady_clock::now() - begun > std::chrono::milliseconds{2000});
  CHECK(registry.manifests["a"].contains("1"));
}
