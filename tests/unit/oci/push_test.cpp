// SPDX-License-Identifier: Apache-2.0
// Whole pushes against a registry in memory: what is stored, in how many requests, and what happens
// when the registry, the network or the archive misbehaves.
#include "core/base64.hpp"
#include "core/fs.hpp"
#include "oci/compress.hpp"
#include "oci/push.hpp"
#include "support/push_run.hpp"

#include <atomic>
#include <thread>

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

TEST_CASE("an archive from a pipe and from a file end in the same image") {
  FakeRegistry registry;
  Push p;
  const auto piped = p.stream(small.archive(), {registry.host() + "/pipe:1"});
  const auto filed = p.file(small.archive(), {registry.host() + "/file:1"});
  CHECK(piped.digest == filed.digest);
  CHECK(registry.manifests["pipe"]["1"] == registry.manifests["file"]["1"]);
  CHECK(Digest::of(registry.manifests["pipe"]["1"]) == piped.digest);
  CHECK(registry.blobs["pipe"].at(Digest::of(gzip(small.layers[0])).text()) == gzip(small.layers[0]));
  CHECK(registry.blobs["pipe"].at(Digest::of(small.config()).text()) == small.config());
  CHECK(piped.layers.size() == 2);
  CHECK(piped.layers[0].state == PushedLayer::State::uploaded);
  CHECK(piped.references.at(0).text() == registry.host() + "/pipe:1@" + piped.digest.text());
  CHECK(registry.wrong.empty());
  CHECK(registry.sessions.empty());
}

TEST_CASE("gzip on stdin is the same image") {
  FakeRegistry registry;
  Push p;
  const auto plain = p.stream(small.archive(), {registry.host() + "/a:1"});
  CHECK(p.stream(gzip(small.archive()), {registry.host() + "/b:1"}).digest == plain.digest);
  CHECK(p.file(gzip(small.archive()), {registry.host() + "/c:1"}).digest == plain.digest);
}

TEST_CASE("a new blob takes a HEAD, a POST and a PUT, nothing more") {
  FakeRegistry registry;
  Push p;
  p.options.reuse = false;
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK(registry.count("HEAD", "/blobs/") == 3);
  CHECK(registry.count("POST") == 3);
  CHECK(registry.count("PUT", "/blobs/") == 3);
  CHECK(registry.count("PATCH") == 0);
  CHECK(registry.count("PUT", "/manifests/") == 1);
  CHECK(registry.count("HEAD", "/manifests/") == 1);
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:2"}));
  CHECK(registry.count("POST") == 3);
}

TEST_CASE("the second push compresses and sends nothing") {
  FakeRegistry registry;
  Push p;
  const auto one = p.stream(small.archive(), {registry.host() + "/a:1"});
  const auto before = registry.seen().size();
  const auto two = p.file(small.archive(), {registry.host() + "/a:1"});
  CHECK(two.digest == one.digest);
  CHECK(two.layers[1].state == PushedLayer::State::reused);
  CHECK(two.uploaded_bytes == 0);
  CHECK(registry.count("POST") == 3);
  CHECK(registry.count("PUT", "/manifests/") == 1);
  CHECK(registry.seen().size() - before <= 7);  // a probe, two GETs, HEADs of three blobs
}

TEST_CASE("one changed layer is one layer sent, also under a new tag") {
  FakeRegistry registry;
  Push p;
  static_cast<void>(p.file(large.archive(), {registry.host() + "/a:1"}));
  SavedImage changed = large;
  changed.layers[0] = layer_tar("a", "changed");
  const auto pushed = p.file(changed.archive(), {registry.host() + "/a:2"});
  CHECK(pushed.layers[0].state == PushedLayer::State::uploaded);
  CHECK(pushed.layers[1].state == PushedLayer::State::reused);
  CHECK(pushed.uploaded_bytes < 10000);
  CHECK(registry.manifests["a"].contains("2"));
}

TEST_CASE("layers named by their diff id are known on a pipe, before they have passed") {
  FakeRegistry registry;
  Push p;
  const auto blob = [](const std::string& content) {
    return tar_file("blobs/sha256/" + std::string(Digest::of(content).hex()), content);
  };
  const auto name = [](const std::string& content) { return "blobs/sha256/" + std::string(Digest::of(content).hex()); };
  const auto archive_of = [&](const SavedImage& image, const std::string& big) {
    return blob(image.layers[0]) + tar_file(name(image.layers[1]), big) + blob(image.config()) +
           tar_file("manifest.json",
                    nlohmann::json::array({{{"Config", name(image.config())},
                                            {"Layers", {name(image.layers[0]), name(image.layers[1])}}}})
                        .dump()) +
           tar_end();
  };
  static_cast<void>(p.stream(archive_of(large, large.layers[1]), {registry.host() + "/a:1"}));
  CHECK(registry.count("PATCH") == 1);
  const auto again = p.stream(archive_of(large, large.layers[1]), {registry.host() + "/a:2"});
  CHECK(again.layers[1].state == PushedLayer::State::reused);
  CHECK(registry.count("PATCH") == 1);
  auto damaged = large.layers[1];
  damaged[600] = static_cast<char>(damaged[600] ^ 1);
  const auto error =
      p.failing([&] { static_cast<void>(p.stream(archive_of(large, damaged), {registry.host() + "/a:3"})); });
  CHECK(error.code() == ExitCode::data);
  CHECK_FALSE(registry.manifests["a"].contains("3"));
}

TEST_CASE("a layer beyond the window is sent while it grows") {
  FakeRegistry registry;
  Push p;
  const auto pushed = p.stream(large.archive(), {registry.host() + "/a:1"});
  CHECK(registry.count("PATCH") == 1);
  CHECK(registry.blobs["a"].at(pushed.layers[1].digest.text()) == gzip(large.layers[1]));
  CHECK(registry.sessions.empty());
  CHECK(p.file(large.archive(), {registry.host() + "/b:1"}).digest == pushed.digest);
}

TEST_CASE("several tags and repositories, compressed and sent once") {
  FakeRegistry registry;
  Push p;
  const auto h = registry.host();
  const auto pushed = p.file(small.archive(), {h + "/a:1", h + "/a:latest", h + "/b/c:1"});
  CHECK(registry.manifests["a"]["1"] == registry.manifests["a"]["latest"]);
  CHECK(registry.manifests["b/c"]["1"] == registry.manifests["a"]["1"]);
  CHECK(registry.count("PUT", "/blobs/") == 3);  // the second repository mounts
  CHECK(pushed.references.size() == 3);
  CHECK(registry.wrong.empty());
}

TEST_CASE("one image into two registries, and what cannot be sent twice is said") {
  FakeRegistry one;
  FakeRegistry two;
  Push p;
  static_cast<void>(p.file(large.archive(), {one.host() + "/a:1", two.host() + "/a:1"}));
  CHECK(one.manifests["a"]["1"] == two.manifests["a"]["1"]);
  static_cast<void>(p.stream(small.archive(), {one.host() + "/s:1", two.host() + "/s:1"}));
  CHECK(two.manifests["s"].contains("1"));
  const auto error =
      p.failing([&] { static_cast<void>(p.stream(large.archive(), {one.host() + "/p:1", two.host() + "/p:1"})); });
  CHECK(error.code() == ExitCode::data);
  CHECK_THAT(error.hint(), Contains("--memory"));
  CHECK_FALSE(one.manifests["p"].contains("1"));
}

TEST_CASE("a mount that is refused is an upload") {
  FakeRegistry registry(first(100, "POST", "mount=", {.status = 403}));
  Push p;
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1", registry.host() + "/b:1"}));
  CHECK(registry.manifests["b"].contains("1"));
  CHECK(registry.count("PUT", "/b/blobs/") == 3);
}

TEST_CASE("an archive that was cut moves no tag and leaves no session") {
  const auto archive = large.archive();
  for (const double part : {0.02, 0.5, 0.9, 0.9999}) {
    INFO(part);
    FakeRegistry registry;
    Push p;
    const auto cut = archive.substr(0, static_cast<std::size_t>(static_cast<double>(archive.size()) * part));
    auto error = p.failing([&] { static_cast<void>(p.stream(cut, {registry.host() + "/a:1"})); });
    CHECK(error.code() == ExitCode::data);
    CHECK(registry.manifests["a"].empty());
    CHECK(registry.sessions.empty());
    error = p.failing([&] { static_cast<void>(p.file(cut, {registry.host() + "/a:1"})); });
    CHECK(error.code() == ExitCode::data);
    const auto zipped = gzip(archive);
    error = p.failing([&] {
      static_cast<void>(p.stream(zipped.substr(0, static_cast<std::size_t>(static_cast<double>(zipped.size()) * part)),
                                 {registry.host() + "/a:1"}));
    });
    CHECK(error.code() == ExitCode::data);
    CHECK(registry.manifests["a"].empty());
    CHECK(registry.count("PUT", "/manifests/") == 0);
  }
}

TEST_CASE("a flipped bit is noticed before any tag moves") {
  FakeRegistry registry;
  Push p;
  auto archive = large.archive();
  const auto at = archive.size() / 2;
  archive[at] = static_cast<char>(archive[at] ^ 4);
  for (const bool pipe : {true, false}) {
    const auto error = p.failing([&] {
      static_cast<void>(pipe ? p.stream(archive, {registry.host() + "/a:1"})
                             : p.file(archive, {registry.host() + "/a:1"}));
    });
    CHECK(error.code() == ExitCode::data);
    CHECK_THAT(error.message(), Contains("layer 2 of 2 is damaged"));
  }
  // also where the layer would not have been sent
  static_cast<void>(p.file(large.archive(), {registry.host() + "/a:1"}));
  CHECK(p.failing([&] { static_cast<void>(p.file(archive, {registry.host() + "/a:2"})); }).code() == ExitCode::data);
  CHECK_FALSE(registry.manifests["a"].contains("2"));
}

TEST_CASE("archives that lack what they name") {
  FakeRegistry registry;
  Push p;
  const auto to = registry.host() + "/a:1";
  const auto parts =
      tar_file(SavedImage::layer_name(0), small.layers[0]) + tar_file(small.config_name(), small.config());
  const auto manifest = tar_file("manifest.json", nlohmann::json::array({small.manifest_entry()}).dump());
  CHECK_THAT(p.failing([&] { static_cast<void>(p.stream(parts + manifest + tar_end(), {to})); }).message(),
             Contains("lacks") && Contains("layer 2 of 2"));
  CHECK_THAT(p.failing([&] { static_cast<void>(p.stream(manifest + tar_end(), {to})); }).message(),
             Contains("lacks the configuration"));
  CHECK_THAT(p.failing([&] { static_cast<void>(p.stream(parts + tar_end(), {to})); }).message(),
             Contains("neither manifest.json"));
  CHECK(p.failing([&] { static_cast<void>(p.stream("", {to})); }).failure().id == failure::empty_input.id);
  CHECK(registry.manifests["a"].empty());
}

TEST_CASE("failures that pass are outlived, on every request") {
  struct Case {
    std::string method;
    std::string part;
  };
  for (const auto& [method, part] :
       {Case{"HEAD", "/blobs/"}, Case{"POST", "/uploads/"}, Case{"PUT", "/blobs/uploads/"}, Case{"PUT", "/manifests/"},
        Case{"HEAD", "/manifests/"}, Case{"GET", "/manifests/"}}) {
    for (const int status : {500, 502, 503, 429}) {
      INFO(method << " " << part << " " << status);
      FakeRegistry registry(first(1, method, part, {.status = status, .headers = {{"Retry-After", "0"}}}));
      Push p;
      CHECK_NOTHROW(p.file(small.archive(), {registry.host() + "/a:1"}));
      CHECK(registry.manifests["a"].contains("1"));
      CHECK(registry.wrong.empty());
      CHECK_THAT(p.recorded.text(), Contains("trying again"));
    }
  }
}

TEST_CASE("failures that stay end with their own status") {
  const auto code_of = [](const std::string& method, const std::string& part, const Answer& answer) {
    FakeRegistry registry(first(1000, method, part, answer));
    Push p;
    p.access.retries = 1;
    const auto code = p.failing([&] { static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"})); }).code();
    CHECK(registry.count("PUT", "/manifests/") == (part == "/manifests/" ? 2 : 0));
    return code;
  };
  CHECK(code_of("POST", "/uploads/", {.status = 503, .headers = {{"Retry-After", "0"}}}) == ExitCode::try_again);
  CHECK(code_of("POST", "/uploads/", {.status = 403}) == ExitCode::permission);
  CHECK(code_of("POST", "/uploads/", {.status = 404}) == ExitCode::permission);
  CHECK(code_of("POST", "/uploads/", {.status = 200}) == ExitCode::protocol);
  CHECK(code_of("POST", "/uploads/", {.status = 202}) == ExitCode::protocol);  // without a location
  CHECK(code_of("PUT", "/uploads/", {.status = 413}) == ExitCode::protocol);
  CHECK(code_of("PUT", "/manifests/", {.status = 500, .headers = {{"Retry-After", "0"}}}) == ExitCode::try_again);
}

TEST_CASE("a registry that asks for an hour is not waited for") {
  FakeRegistry registry(first(1000, "POST", "/uploads/", {.status = 429, .headers = {{"Retry-After", "3600"}}}));
  Push p;
  const auto error = p.failing([&] { static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"})); });
  CHECK(error.code() == ExitCode::try_again);
  CHECK_THAT(error.at().back(), Contains("1h"));
}

TEST_CASE("an upload that somebody on the way has answered is not taken for stored") {
  FakeRegistry registry(first(1, "PUT", "/blobs/uploads/", {.status = 200}));
  Push p;
  CHECK_NOTHROW(p.stream(small.archive(), {registry.host() + "/a:1"}));
  CHECK(registry.blobs["a"].size() == 3);
}

TEST_CASE("a connection that breaks: the blob is sent again where it can be read again") {
  FakeRegistry registry(first(1, "PUT", "/blobs/uploads/", {.status = 201, .body = "gone", .cut = 1}));
  Push p;
  CHECK_NOTHROW(p.stream(small.archive(), {registry.host() + "/a:1"}));
  // in the middle of a growing layer, from a file
  FakeRegistry patched(first(1, "PATCH", "", {.status = 500, .close = true}));
  CHECK_NOTHROW(p.file(large.archive(), {patched.host() + "/a:1"}));
  CHECK(patched.blobs["a"].size() == 3);
  CHECK_THAT(p.recorded.text(), Contains("sent again from the file"));
  // from a pipe it is gone
  FakeRegistry gone(first(1, "PATCH", "", {.status = 500, .close = true}));
  const auto error = p.failing([&] { static_cast<void>(p.stream(large.archive(), {gone.host() + "/a:1"})); });
  CHECK(error.code() == ExitCode::try_again);
  CHECK(gone.manifests["a"].empty());
}

TEST_CASE("an upload whose end is not known is asked for, not sent again") {
  const auto lost = std::make_shared<bool>(false);
  FakeRegistry* self = nullptr;
  FakeRegistry registry([&, lost](const Seen& seen) -> std::optional<Answer> {
    if (!is(seen, "PUT", "/blobs/uploads/") || std::exchange(*lost, true)) return std::nullopt;
    self->blobs["a"][Digest::of(seen.body).text()] = seen.body;  // stored, and the answer lost
    self->sessions.clear();
    return Answer{.status = 504};
  });
  self = &registry;
  Push p;
  p.options.jobs = 1;
  p.options.reuse = false;
  static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK(registry.count("PUT", "/blobs/uploads/") == 3);
}

TEST_CASE("a registry that confirms another digest is not believed") {
  const auto other = Digest::of("other").text();
  for (const auto& [method, part] : std::vector<std::pair<std::string, std::string>>{
           {"PUT", "/manifests/"}, {"PUT", "/blobs/"}, {"HEAD", "/manifests/"}}) {
    INFO(method << part);
    FakeRegistry registry(first(
        9, method, part, {.status = method == "HEAD" ? 200 : 201, .headers = {{"Docker-Content-Digest", other}}}));
    Push p;
    CHECK(p.failing([&] { static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"})); }).code() ==
          ExitCode::protocol);
  }
}

TEST_CASE("blobs that the registry does not see yet are waited for") {
  FakeRegistry registry(
      first(1, "PUT", "/manifests/", {.status = 400, .body = R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})"}));
  Push p;
  CHECK_NOTHROW(p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK(registry.count("PUT", "/manifests/") == 2);
}

TEST_CASE("locations may be absolute") {
  FakeRegistry registry;
  registry.location_prefix = "http://" + registry.host();
  Push p;
  CHECK_NOTHROW(p.stream(large.archive(), {registry.host() + "/a:1"}));
  CHECK(registry.wrong.empty());
}

TEST_CASE("a tag is not moved when it is not to be") {
  FakeRegistry registry;
  Push p;
  const auto to = registry.host() + "/a:1";
  const auto one = p.file(small.archive(), {to});
  p.options.if_absent = true;
  CHECK(p.file(small.archive(), {to}).digest == one.digest);  // it is this image already
  const auto error = p.failing([&] { static_cast<void>(p.file(large.archive(), {to})); });
  CHECK(error.code() == ExitCode::cannot_create);
  CHECK_THAT(error.message(), Contains(one.digest.text()));
  CHECK_NOTHROW(p.file(large.archive(), {registry.host() + "/a:2"}));
  p.options.if_absent = false;
  p.options.expect = Digest::of("something else");
  CHECK(p.failing([&] { static_cast<void>(p.file(large.archive(), {to})); }).code() == ExitCode::cannot_create);
  p.options.expect = one.digest;
  CHECK(p.file(large.archive(), {to}).digest != one.digest);
}

TEST_CASE("a reference with a digest is a demand") {
  FakeRegistry registry;
  Push p;
  const auto digest = p.file(small.archive(), {registry.host() + "/a:1"}).digest;
  CHECK_NOTHROW(p.file(small.archive(), {registry.host() + "/b@" + digest.text()}));
  CHECK(registry.manifests["b"].contains(digest.text()));
  const auto error =
      p.failing([&] { static_cast<void>(p.file(large.archive(), {registry.host() + "/b:2@" + digest.text()})); });
  CHECK(error.code() == ExitCode::data);
  CHECK_FALSE(registry.manifests["b"].contains("2"));
}

TEST_CASE("a dry run writes nothing") {
  FakeRegistry registry;
  Push p;
  p.options.dry_run = true;
  const auto pushed = p.stream(large.archive(), {registry.host() + "/a:1"});
  CHECK(pushed.layers[1].state == PushedLayer::State::uploaded);
  for (const auto& seen : registry.seen()) CHECK((seen.method == "GET" || seen.method == "HEAD"));
  CHECK_THAT(p.recorded.text(), Contains("would be sent"));
}

TEST_CASE("Basic: asked for once, then sent with every request") {
  const auto wanted = "Basic " + slipway::base64::encode("ops:right");
  const FakeRegistry::Fault guard = [wanted](const Seen& seen) -> std::optional<Answer> {
    if (seen.headers.contains("authorization") && seen.headers.at("authorization") == wanted) return std::nullopt;
    return Answer{.status = 401, .headers = {{"WWW-Authenticate", R"(Basic realm="r")"}}};
  };
  FakeRegistry registry(guard);
  Push p;
  p.access.login = Login{.user = "ops", .password = "right", .identity_token = {}, .origin = "test"};
  CHECK_NOTHROW(p.file(small.archive(), {registry.host() + "/a:1"}));
  FakeRegistry refusing(guard);
  p.access.login->password = "wrong";
  auto error = p.failing([&] { static_cast<void>(p.file(small.archive(), {refusing.host() + "/a:1"})); });
  CHECK(error.code() == ExitCode::permission);
  CHECK_THAT(error.message(), Contains("refused the credentials"));
  CHECK(refusing.count("GET") == 2);
  p.access.login.reset();
  error = p.failing([&] { static_cast<void>(p.file(small.archive(), {refusing.host() + "/a:1"})); });
  CHECK(error.code() == ExitCode::permission);
  CHECK_THAT(error.message(), Contains("none is known"));
  CHECK_THAT(p.recorded.text() + error.message(), !Contains("wrong") && !Contains("right"));
}

TEST_CASE("Bearer: one token for all requests, renewed when it is refused") {
  int tokens = 0;
  std::string login;
  std::string asked;
  HttpServer service([&](const Seen& seen) {
    login = seen.headers.contains("authorization") ? seen.headers.at("authorization") : "";
    asked = seen.target;
    return Answer{.status = 200, .body = R"({"token":"t)" + std::to_string(++tokens) + R"(","expires_in":300})"};
  });
  const auto challenge =
      fmt::format(R"(Bearer realm="{}",service="reg",scope="repository:a:pull")", service.url("/token"));
  std::atomic<bool> expired = false;
  FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
    const auto with = seen.headers.contains("authorization") ? seen.headers.at("authorization") : "";
    if (is(seen, "PUT", "/manifests/") && with == "Bearer t1") expired = true;
    if (with == "Bearer t2" || (with == "Bearer t1" && !expired)) return std::nullopt;
    return Answer{.status = 401, .headers = {{"WWW-Authenticate", challenge}}};
  });
  Push p;
  p.access.login = Login{.user = "ops", .password = "right", .identity_token = {}, .origin = "test"};
  CHECK_NOTHROW(p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK(tokens == 2);
  CHECK(login == "Basic " + slipway::base64::encode("ops:right"));
  CHECK_THAT(asked, Contains("service=reg") && Contains("scope=repository%3Aa%3A") && Contains("account=ops"));
}

TEST_CASE("a token service that refuses, or is not to be trusted with a password") {
  HttpServer service([](const Seen&) { return Answer{.status = 401}; });
  const auto challenged = [](const std::string& realm) -> FakeRegistry::Fault {
    return [realm](const Seen&) {
      return Answer{.status = 401, .headers = {{"WWW-Authenticate", fmt::format(R"(Bearer realm="{}")", realm)}}};
    };
  };
  Push p;
  p.access.login = Login{.user = "ops", .password = "right", .identity_token = {}, .origin = "test"};
  FakeRegistry one(challenged(service.url("/token")));
  CHECK(p.failing([&] { static_cast<void>(p.file(small.archive(), {one.host() + "/a:1"})); }).code() ==
        ExitCode::permission);
  CHECK(service.seen().size() == 1);
  FakeRegistry two(challenged("http://tokens.example.org/token"));
  CHECK(p.failing([&] { static_cast<void>(p.file(small.archive(), {two.host() + "/a:1"})); }).code() ==
        ExitCode::protocol);
}

TEST_CASE("identity tokens are traded by POST") {
  std::string body;
  HttpServer service([&](const Seen& seen) {
    body = seen.method + " " + seen.body;
    return Answer{.status = 200, .body = R"({"access_token":"t"})"};
  });
  FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
    if (seen.headers.contains("authorization") && seen.headers.at("authorization") == "Bearer t") return std::nullopt;
    return Answer{
        .status = 401,
        .headers = {{"WWW-Authenticate", fmt::format(R"(Bearer realm="{}",service="s")", service.url("/t"))}}};
  });
  Push p;
  p.access.token = [] { return std::string("refresh me"); };
  CHECK_NOTHROW(p.file(small.archive(), {registry.host() + "/a:1"}));
  CHECK_THAT(body, Contains("POST grant_type=refresh_token") && Contains("refresh_token=refresh%20me") &&
                       Contains("service=s"));
}

TEST_CASE("nobody answers") {
  Push p;
  p.access.retries = 0;
  const auto error = p.failing([&] { static_cast<void>(p.file(small.archive(), {"127.0.0.1:1/a:1"})); });
  CHECK(error.code() == ExitCode::unavailable);
}

TEST_CASE("references that cannot be meant") {
  Push p;
  CHECK_THROWS_WITH(p.go(ArchiveFile{"x"}, {"svc:1"}), "'svc' names no registry");
  CHECK_THROWS_AS(p.go(ArchiveFile{"x"}, {"r.io/svc"}), Error);
  CHECK_THROWS_AS(p.go(ArchiveFile{"x"}, {}), Error);
}

TEST_CASE("a signal ends a push in the middle of a layer, and the session is given up") {
  FakeRegistry registry;
  Push p;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const auto archive = large.archive();
  std::thread feeder([&] {
    fs::write_all(ends[1], std::string_view(archive).substr(0, archive.size() - 300000), "pipe");
    std::this_thread::sleep_for(200ms);
    p.recorded.source.request(SIGTERM);
  });
  const auto error =
      p.failing([&] { static_cast<void>(p.go(ArchiveStream{.fd = ends[0], .seen = {}}, {registry.host() + "/a:1"})); });
  feeder.join();
  CHECK(error.failure().id == failure::interrupted.id);
  CHECK(registry.sessions.empty());
  CHECK(registry.manifests["a"].empty());
}

TEST_CASE("what a tag stands for, and its deletion") {
  FakeRegistry registry;
  Push p;
  const auto to = Reference::parse(registry.host() + "/a:1");
  CHECK_FALSE(resolve_digest(to, p.access, p.recorded.run));
  CHECK_FALSE(delete_manifest(to, p.access, p.recorded.run));
  const auto digest = p.file(small.archive(), {to.text()}).digest;
  CHECK(resolve_digest(to, p.access, p.recorded.run) == digest);
  CHECK(delete_manifest(to, p.access, p.recorded.run));
  CHECK_FALSE(resolve_digest(to, p.access, p.recorded.run));
  FakeRegistry keeping(first(9, "DELETE", "/manifests/", {.status = 405}));
  static_cast<void>(p.file(small.archive(), {keeping.host() + "/a:1"}));
  const auto error = p.failing(
      [&] { static_cast<void>(delete_manifest(Reference::parse(keeping.host() + "/a:1"), p.access, p.recorded.run)); });
  CHECK(error.code() == ExitCode::setup);
}
