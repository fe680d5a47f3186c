// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "session.hpp"
#include "support/catch.hpp"
#include "workloads.hpp"

using namespace slipway;
using namespace slipway::rollout;
using kube::Kind;

namespace {

std::string failure_of(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message) *message = error.message();
    return std::string(error.failure().id);
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("arguments in both of kubectl's forms") {
  CHECK(parse_arguments({"deploy/a", "sts/b"}) ==
        std::vector<Wish>{{Kind::deployment, "a", {}, {}}, {Kind::stateful_set, "b", {}, {}}});
  CHECK(parse_arguments({"deployment", "a", "b"}) ==
        std::vector<Wish>{{Kind::deployment, "a", {}, {}}, {Kind::deployment, "b", {}, {}}});
  CHECK(parse_arguments({"deploy"}) == std::vector<Wish>{{Kind::deployment, "", {}, {}}});
  std::string message;
  CHECK(failure_of([] { (void)parse_arguments({"deplyoment/a"}); }, &message) == "bad-usage");
  CHECK(message == "unknown type 'deplyoment'; did you mean 'deployment'?");
  CHECK(failure_of([] { (void)parse_arguments({"deploy/"}); }) == "bad-usage");
  CHECK(failure_of([] { (void)parse_arguments({"deploy/a/b"}); }) == "bad-usage");
}

TEST_CASE("a stream names workloads in three ways") {
  CHECK(parse_stream("deploy/a\n# not this\n\nsts/b ns ctx\n", "stdin") ==
        std::vector<Wish>{{Kind::deployment, "a", {}, {}}, {Kind::stateful_set, "b", "ns", "ctx"}});
  CHECK(parse_stream(R"({"workload":"deployment/a","namespace":"n","context":"c"})", "stdin") ==
        std::vector<Wish>{{Kind::deployment, "a", "n", "c"}});
  CHECK(parse_stream(R"({"namespace":"n","workloads":["deploy/a",{"kind":"StatefulSet","name":"b"}]})", "stdin") ==
        std::vector<Wish>{{Kind::deployment, "a", "n", {}}, {Kind::stateful_set, "b", "n", {}}});
  CHECK(parse_stream("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\napiVersion: apps/v1\nkind: "
                     "Deployment\nmetadata: {name: a, namespace: web}\n",
                     "stdin") == std::vector<Wish>{{Kind::deployment, "a", "web", {}}});
}

TEST_CASE("custom resources are named by streams and manifests, too") {
  CHECK(parse_stream("certificates.cert-manager.io/tls ns\n", "stdin") ==
        std::vector<Wish>{{Kind::custom, "tls", "ns", {}, "certificates.cert-manager.io"}});
  CHECK(parse_stream(R"({"workload":"rollout/a"})", "stdin") ==
        std::vector<Wish>{{Kind::custom, "a", {}, {}, "rollout"}});
  const std::string certificate = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: tls}\n";
  CHECK(parse_stream(certificate, "f") ==
        std::vector<Wish>{{Kind::custom, "tls", {}, {}, "Certificate.cert-manager.io/v1"}});
  // Of a chart only the workloads matter.
  CHECK(parse_stream(certificate + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n", "f") ==
        std::vector<Wish>{{Kind::deployment, "a", {}, {}}});
  CHECK(failure_of([] {
          (void)parse_stream("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n", "f");
        }) == "bad-input");
  CHECK(failure_of([] { (void)parse_stream("deplyoment/a\n", "stdin"); }) == "bad-input");
}

TEST_CASE("a failed step before us is no success") {
  std::string message;
  CHECK(failure_of([] { (void)parse_stream(" \n", "stdin"); }) == "empty-input");
  CHECK(failure_of([] { (void)parse_stream("nonsense\n", "stdin"); }, &message) == "bad-input");
  CHECK(failure_of([] { (void)parse_stream("{\"a\":1}\n", "stdin"); }) == "bad-input");
  CHECK(failure_of([] { (void)parse_stream("{broken\n", "stdin"); }) == "bad-input");
  CHECK(failure_of([] { (void)parse_stream("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n", "stdin"); }) ==
        "bad-input");
}

TEST_CASE("the worse status wins, whatever the order") {
  const ExitCode order[] = {ExitCode::usage,    ExitCode::not_undone,  ExitCode::no,         ExitCode::undone,
                            ExitCode::partial,  ExitCode::unavailable, ExitCode::permission, ExitCode::try_again,
                            ExitCode::no_input, ExitCode::timeout,     ExitCode::pending,    ExitCode::ok};
  for (std::size_t i = 0; i < std::size(order); ++i)
    for (std::size_t j = i; j < std::size(order); ++j) {
      CHECK(worse(order[i], order[j]) == order[i]);
      CHECK(worse(order[j], order[i]) == order[i]);
    }
}

TEST_CASE("--fail-fast names classes") {
  Options options;
  const Cluster cluster;
  options.fail_fast = "off,image-not-found,CrashLoop=warn";
  const auto policy = track_options(options, cluster).policy;
  CHECK_FALSE(policy.fail_fast);
  CHECK(policy.classes.at("image-not-found") == kube::Mode::fail);
  CHECK(policy.classes.at("crash-loop") == kube::Mode::warn);
  options.fail_fast = "image-notfound";
  std::string message;
  CHECK(failure_of([&] { (void)track_options(options, cluster); }, &message) == "bad-usage");
  CHECK(message.find("did you mean 'image-not-found'?") != std::string::npos);
}

TEST_CASE("the namespace of a workload on a target") {
  Cluster cluster;
  cluster.access.name_space = "context-own";
  CHECK(cluster.namespace_of("hello-main", {}) == "context-own");
  cluster.all = deploy::Targets::parse("version: 1\ntargets: {a: {context: c}}\nservices: {hello: {chart: c}, "
                                       "hello-api: {chart: c, namespace: special}}\n",
                                       "t");
  cluster.target = cluster.all->targets[0];
  CHECK(cluster.namespace_of("hello-main", {}) == "hello");
  CHECK(cluster.namespace_of("hello-api-canary", {}) == "special");
  CHECK(cluster.namespace_of("other", {}) == "other");
  CHECK(cluster.namespace_of("", "hello") == "hello");
  CHECK(failure_of([&] { (void)cluster.namespace_of("", {}); }) == "bad-usage");
  cluster.fixed_namespace = "n";
  CHECK(cluster.namespace_of("hello", {}) == "n");
}
