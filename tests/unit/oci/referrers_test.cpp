// SPDX-License-Identifier: Apache-2.0
#include "oci/referrers.hpp"
#include "support/failed.hpp"
#include "support/layout.hpp"
#include "support/push_run.hpp"

using namespace slipway;
using namespace slipway::oci;
using namespace slipway::test;
using Catch::Matchers::Contains;

namespace {

const Attachment sbom{.type = "application/spdx+json", .name = "svc.spdx.json", .content = "{\"sbom\": true}"};
const Attachment report{.type = "application/vnd.slipway.report+html", .name = "report.html", .content = "<html>"};

Descriptor described(const std::string& bytes, std::string_view type = media::oci_manifest) {
  return {.media_type = std::string(type), .digest = Digest::of(bytes), .size = bytes.size()};
}

/// The digests that the fallback index lists.
std::vector<std::string> listed(FakeRegistry& registry, const std::string& repository, const Digest& subject) {
  std::vector<std::string> digests;
  const auto& bytes = registry.manifests[repository][referrers_tag(subject)];
  const auto document = nlohmann::json::parse(bytes, nullptr, false);
  if (document.is_object())
    for (const auto& node : document["manifests"]) digests.push_back(node["digest"]);
  return digests;
}

}  // namespace

TEST_CASE("what attaches a file names its image and its type, and is the same each time") {
  const auto subject = described("image", media::docker_manifest);
  const auto document = nlohmann::json::parse(render_referrer(sbom, subject));
  CHECK(document["subject"]["digest"] == subject.digest.text());
  CHECK(document["subject"]["size"] == 5);
  CHECK(document["artifactType"] == sbom.type);
  CHECK(document["config"]["digest"] == Digest::of("{}").text());
  CHECK(document["layers"][0]["digest"] == Digest::of(sbom.content).text());
  CHECK(document["layers"][0]["annotations"]["org.opencontainers.image.title"] == "svc.spdx.json");
  CHECK(render_referrer(sbom, subject) == render_referrer(sbom, subject));
  CHECK(render_referrer(sbom, subject) != render_referrer(sbom, described("other")));
  CHECK(referrers_tag(subject.digest) == "sha256-" + std::string(subject.digest.hex()));
}

TEST_CASE("an index that lists what is attached: begun, added to, left alone") {
  const auto one = with_referrer(std::nullopt, described("one"), "a/b");
  REQUIRE(one);
  const auto two = with_referrer(one, described("two"), "c/d");
  REQUIRE(two);
  const auto document = nlohmann::json::parse(*two);
  CHECK(document["mediaType"] == media::oci_index);
  CHECK(document["manifests"].size() == 2);
  CHECK(document["manifests"][1]["artifactType"] == "c/d");
  CHECK_FALSE(with_referrer(two, described("one"), "a/b"));
  for (const std::string other : {"", "{}", "[]", R"({"mediaType":"application/vnd.oci.image.manifest.v1+json"})",
                                  R"({"mediaType":"application/vnd.oci.image.index.v1+json","manifests":{}})"})
    testing::failed(failure::protocol, [&] { static_cast<void>(with_referrer(other, described("one"), "a/b")); });
}

TEST_CASE("attached to a docker archive and to an index, in a registry that lists nothing by itself") {
  for (const bool finished : {false, true}) {
    FakeRegistry registry;
    Push p;
    p.options.attachments = {sbom, report};
    const auto archive = finished ? two_platforms().tar() : small.archive();
    const auto pushed = p.file(archive, {registry.host() + "/a:1", registry.host() + "/a:2"});
    REQUIRE(pushed.referrers.size() == 2);
    CHECK(listed(registry, "a", pushed.digest) == std::vector{pushed.referrers[0].text(), pushed.referrers[1].text()});
    CHECK(registry.blobs["a"].at(Digest::of(sbom.content).text()) == sbom.content);
    CHECK(registry.manifests["a"].contains(pushed.referrers[1].text()));
    CHECK(registry.wrong.empty());
    // Once more: nothing is written twice.
    const auto puts = registry.count("PUT", referrers_tag(pushed.digest));
    CHECK(p.file(archive, {registry.host() + "/a:1"}).referrers == pushed.referrers);
    CHECK(registry.count("PUT", referrers_tag(pushed.digest)) == puts);
  }
}

TEST_CASE("a registry that lists by itself gets no tag for it") {
  FakeRegistry* self = nullptr;
  FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
    if (!is(seen, "PUT", "/manifests/sha256:")) return std::nullopt;
    const auto digest = Digest::of(seen.body).text();
    self->manifests["a"][digest] = seen.body;
    return Answer{.status = 201, .headers = {{"OCI-Subject", "sha256:x"}, {"Docker-Content-Digest", digest}}};
  });
  self = &registry;
  Push p;
  p.options.attachments = {sbom};
  const auto pushed = p.file(small.archive(), {registry.host() + "/a:1"});
  CHECK(registry.count("PUT", referrers_tag(pushed.digest)) == 0);
}

TEST_CASE("somebody who is faster does not lose what they attached, and neither do we") {
  FakeRegistry* self = nullptr;
  int races = 3;
  FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
    if (!is(seen, "PUT", "/manifests/sha256-") || races-- <= 0) return std::nullopt;
    // Another one writes at the same moment, over us, as who does not read back would.
    const auto tag = seen.target.substr(seen.target.rfind('/') + 1);
    const auto other = "race " + std::to_string(races);
    self->manifests["a"][Digest::of(other).text()] = other;
    auto& now = self->manifests["a"][tag];
    now = *with_referrer(now.empty() ? std::nullopt : std::optional(now), described(other), "x/y");
    self->types[Digest::of(now).text()] = media::oci_index;
    return Answer{.status = 201};
  });
  self = &registry;
  Push p;
  p.options.attachments = {sbom};
  const auto pushed = p.file(small.archive(), {registry.host() + "/a:1"});
  const auto all = listed(registry, "a", pushed.digest);
  CHECK(all.size() == 4);
  CHECK(all.back() == pushed.referrers[0].text());
}

TEST_CASE("who always loses is told") {
  FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
    if (is(seen, "PUT", "/manifests/sha256-")) return Answer{.status = 412};
    return std::nullopt;
  });
  Push p;
  p.options.attachments = {sbom};
  const auto error = p.failing([&] { static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"})); });
  CHECK(error.code() == ExitCode::try_again);
  CHECK(registry.manifests["a"].contains("1"));
}

TEST_CASE("a registry that answers with the image for that tag is left alone, and so is what is no index") {
  for (const bool same : {true, false}) {
    FakeRegistry* self = nullptr;
    FakeRegistry registry([&](const Seen& seen) -> std::optional<Answer> {
      if (!is(seen, "GET", "/manifests/sha256-")) return std::nullopt;
      const auto body = same ? self->manifests["a"]["1"] : std::string("{\"mediaType\":\"x\"}");
      return Answer{.status = 200, .headers = {{"Content-Type", std::string(media::docker_manifest)}}, .body = body};
    });
    self = &registry;
    Push p;
    p.options.attachments = {sbom};
    CHECK(p.failing([&] { static_cast<void>(p.file(small.archive(), {registry.host() + "/a:1"})); }).code() ==
          ExitCode::protocol);
    CHECK(registry.count("PUT", "/manifests/sha256-") == 0);
    CHECK(registry.count("DELETE") == 0);
  }
}

TEST_CASE("in a dry run nothing is attached") {
  FakeRegistry registry;
  Push p;
  p.options.attachments = {sbom};
  p.options.dry_run = true;
  CHECK(p.file(small.archive(), {registry.host() + "/a:1"}).referrers.empty());
  CHECK(registry.count("PUT") == 0);
}
