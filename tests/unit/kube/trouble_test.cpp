// SPDX-License-Identifier: Apache-2.0
#include "kube/trouble.hpp"
#include "support/catch.hpp"

#include <set>

using namespace slipway::kube;

TEST_CASE("pull messages of containerd, docker and cri-o are told apart") {
  const auto id = [](const char* message) { return std::string(classify_pull(message).id); };
  CHECK(id("failed to resolve reference \"r/x:y\": r/x:y: not found") == "image-not-found");
  CHECK(id("Error response from daemon: manifest for x:y not found: manifest unknown: manifest unknown") ==
        "image-not-found");
  CHECK(id("reading manifest y in r/x: manifest unknown") == "image-not-found");
  CHECK(id("no match for platform in manifest: not found") == "image-not-found");
  CHECK(id("pull access denied, repository does not exist or may require authorization: server message: "
           "insufficient_scope") == "image-auth");
  CHECK(id("failed to fetch anonymous token: unexpected status: 401 Unauthorized") == "image-auth");
  CHECK(id("Get \"https://r/v2/\": no basic auth credentials") == "image-auth");
  CHECK(id("dial tcp: lookup r on 10.0.0.1:53: no such host") == "image-pull");
  CHECK(id("dial tcp 127.0.0.1:1: connect: connection refused") == "image-pull");
  CHECK(id("x509: certificate signed by unknown authority") == "image-pull");
  CHECK(id("429 Too Many Requests - Server message: toomanyrequests: pull rate limit") == "image-pull");
  CHECK(id("received unexpected HTTP status: 503 Service Unavailable: denied for now") == "image-pull");
  CHECK(id("something nobody has seen") == "image-pull");
}

TEST_CASE("refusals to make pods") {
  const auto id = [](const char* message) { return std::string(refusal(message, 0).kind->id); };
  CHECK(id("pods \"x\" is forbidden: exceeded quota: q, requested: cpu=1") == "quota");
  CHECK(id("Internal error occurred: failed calling webhook \"w\": Post ...") == "webhook-down");
  CHECK(id("admission webhook \"w\" denied the request: no") == "create-denied");
  CHECK(id("pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"") == "create-denied");
  CHECK_FALSE(refusal("denied the request", 1).ripe);
  CHECK(refusal("denied the request", 2).ripe);
}

TEST_CASE("messages are made fit to show") {
  CHECK(tidy_message("rpc error: code = NotFound desc = failed to pull and unpack image \"x\": no\n\x1b[31m") ==
        "\"x\": no \\x1b[31m");
  CHECK(tidy_message(
            "failed to pull and unpack image \"r/x:y\": failed to resolve reference \"r/x:y\": r/x:y: not found") ==
        "r/x:y: not found");
  CHECK(tidy_message("Get \"https://user:secret@r.example/v2/\": no") == "Get \"https://...@r.example/v2/\": no");
  CHECK(tidy_message("sent Bearer abcdefghijklmnop, was refused").find("abcdef") == std::string::npos);
  CHECK(tidy_message(std::string(500, 'x'), 10) == "xxxxxxxxxx...");
}

TEST_CASE("ids are unique, and found by either name") {
  std::set<std::string_view> ids;
  for (const auto& each : trouble_classes()) {
    CHECK(ids.insert(each.id).second);
    CHECK(trouble_class(each.id) == &each);
    CHECK(trouble_class(each.name) == &each);
  }
  CHECK(trouble_class("crashloop") == trouble_class("crash-loop"));
  CHECK(trouble_class("nonsense") == nullptr);
}
