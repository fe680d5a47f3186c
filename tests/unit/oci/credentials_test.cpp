// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "oci/credentials.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>

#include <map>

using namespace slipway;
using namespace slipway::oci;

namespace {

std::string auth(const std::string& key, const std::string& login) {
  return R"(")" + key + R"(":{"auth":")" + slipway::base64::encode(login) + R"("})";
}

struct Fixture {
  testing::RecordedRun recorded;
  fs::TempDir dir{"credentials"};

  std::optional<Login> find(const std::string& text, const std::string& registry,
                            const std::string& repository = "svc") {
    return find_login(text, "config.json", registry, repository, recorded.run);
  }
  /// A program docker-credential-NAME in a folder of its own, on PATH for as long as the test runs.
  void helper(const std::string& name, const std::string& script) {
    const auto file = dir.path() / ("docker-credential-" + name);
    fs::write_file(file, "#!/bin/sh\n" + script, 0755);
    ::setenv("PATH", (dir.path().string() + ":/usr/bin:/bin").c_str(), 1);
  }
};

}  // namespace

TEST_CASE("where logins are looked for, in order") {
  std::map<std::string, std::string> values{{"HOME", "/home/u"}};
  const Environment env = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
  using Files = std::vector<std::filesystem::path>;
  CHECK(auth_files(env) == Files{"/home/u/.config/containers/auth.json", "/home/u/.docker/config.json"});
  values = {{"HOME", "/home/u"},
            {"REGISTRY_AUTH_FILE", "/a"},
            {"XDG_RUNTIME_DIR", "/run/u"},
            {"XDG_CONFIG_HOME", "/cfg"},
            {"DOCKER_CONFIG", "/d"}};
  CHECK(auth_files(env) == Files{"/a", "/run/u/containers/auth.json", "/cfg/containers/auth.json", "/d/config.json"});
  values = {{"HOME", ""}};
  CHECK(auth_files(env).empty());
  CHECK(auth_files({}).empty());
}

TEST_CASE("an entry of auths, under every spelling of its key") {
  Fixture f;
  for (const auto* key :
       {"r.io:5000", "https://r.io:5000", "http://r.io:5000/", "https://r.io:5000/v2/", "r.io:5000/v1/"}) {
    INFO(key);
    const auto login = f.find(R"({"auths":{)" + auth(key, "ops:pass:word") + "}}", "r.io:5000");
    REQUIRE(login);
    CHECK(login->user == "ops");
    CHECK(login->password == "pass:word");
    CHECK(login->origin == "config.json");
  }
  CHECK_FALSE(f.find(R"({"auths":{)" + auth("r.io", "ops:x") + "}}", "r.io:5000"));
  CHECK_FALSE(f.find(R"({"auths":{"r.io":{}}})", "r.io"));
  CHECK_FALSE(f.find("{}", "r.io"));
}

TEST_CASE("Docker Hub under all of its names") {
  Fixture f;
  for (const auto* key : {"https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"}) {
    INFO(key);
    CHECK(f.find(R"({"auths":{)" + auth(key, "u:p") + "}}", "docker.io", "library/debian"));
  }
}

TEST_CASE("podman's keys with a path: the longest that fits wins") {
  Fixture f;
  const auto text =
      R"({"auths":{)" + auth("r.io", "all:1") + "," + auth("r.io/a", "a:2") + "," + auth("r.io/a/b", "ab:3") + "}}";
  CHECK(f.find(text, "r.io", "x")->user == "all");
  CHECK(f.find(text, "r.io", "a/c")->user == "a");
  CHECK(f.find(text, "r.io", "a/b/c")->user == "ab");
  CHECK(f.find(text, "r.io", "ab")->user == "all");
}

TEST_CASE("identity tokens") {
  Fixture f;
  const auto login = f.find(R"({"auths":{"r.io":{"identitytoken":"refresh"}}})", "r.io");
  REQUIRE(login);
  CHECK(login->identity_token == "refresh");
}

TEST_CASE("helpers: for one host before auths, the store after them") {
  Fixture f;
  f.helper("one",
           R"(read -r server; echo "{\"ServerURL\":\"$server\",\"Username\":\"helped\",\"Secret\":\"$server\"}")");
  f.helper("store", R"(echo '{"Username":"<token>","Secret":"refresh"}')");
  f.helper("empty", "echo 'credentials not found in native keychain'; exit 1");
  f.helper("broken", "echo oops >&2; exit 3");
  const auto text = R"({"credHelpers":{"r.io":"one"},"credsStore":"store","auths":{)" + auth("r.io", "ops:x") + "," +
                    auth("q.io", "ops:x") + R"(,"s.io":{}}})";
  CHECK(f.find(text, "r.io")->user == "helped");
  CHECK(f.find(text, "r.io")->password == "r.io");
  CHECK(f.find(text, "q.io")->user == "ops");
  CHECK(f.find(text, "s.io")->identity_token == "refresh");
  CHECK(f.find(R"({"credHelpers":{"docker.io":"one"}})", "docker.io")->password == "https://index.docker.io/v1/");
  CHECK_FALSE(f.find(R"({"credsStore":"empty"})", "r.io"));
  try {
    static_cast<void>(f.find(R"({"credsStore":"broken"})", "r.io"));
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::setup);
  }
  CHECK_THROWS_AS(f.find(R"({"credsStore":"absent"})", "r.io"), Error);
}

TEST_CASE("a broken file is an error with its place, and its secrets are not shown") {
  Fixture f;
  try {
    static_cast<void>(f.find("{\n  \"auths\": {\"r.io\": {\"auth\": \"c2VjcmV0\" oops\n}", "r.io"));
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    CHECK_THAT(error.message(),
               Catch::Matchers::StartsWith("config.json:2:") && !Catch::Matchers::Contains("c2VjcmV0"));
  }
  CHECK_THROWS_AS(f.find(R"({"auths":{"r.io":{"auth":"***"}}})", "r.io"), Error);
  CHECK_THROWS_AS(f.find("[]", "r.io"), Error);
}

TEST_CASE("the first file with a match wins, and with -v it is named") {
  Fixture f;
  const auto docker = f.dir.path() / "config.json";
  const auto podman = f.dir.path() / "auth.json";
  fs::write_file(docker, R"({"auths":{)" + auth("r.io", "docker:x") + "," + auth("q.io", "docker:x") + "}}");
  fs::write_file(podman, R"({"auths":{)" + auth("r.io", "podman:x") + "}}");
  const Environment env = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "DOCKER_CONFIG") return f.dir.path().string();
    if (name == "REGISTRY_AUTH_FILE") return podman.string();
    return std::nullopt;
  };
  CHECK(find_login(env, "r.io", "svc", f.recorded.run)->user == "podman");
  CHECK(find_login(env, "q.io", "svc", f.recorded.run)->user == "docker");
  CHECK_FALSE(find_login(env, "nowhere.io", "svc", f.recorded.run));
  CHECK_THAT(f.recorded.text(), Catch::Matchers::Contains("login for q.io from " + docker.string()));
  CHECK_THAT(f.recorded.text(), Catch::Matchers::Contains("no login for nowhere.io in " + podman.string()));
}
