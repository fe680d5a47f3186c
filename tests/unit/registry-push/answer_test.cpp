// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;
using oci::Digest;
using oci::Pushed;
using oci::PushedLayer;
using oci::Reference;

namespace {

Pushed example(const std::vector<std::string>& references) {
  const auto digest = Digest::of("manifest");
  Pushed pushed{.digest = digest,
                .media_type = "type",
                .size = 8,
                .config = Digest::of("config"),
                .manifests = {},
                .layers = {{Digest::of("layer"), 100, PushedLayer::State::reused}},
                .references = {},
                .uploaded_bytes = 7,
                .reused_bytes = 100};
  for (const auto& text : references) {
    pushed.references.push_back(Reference::parse(text));
    pushed.references.back().digest = digest;
  }
  return pushed;
}

const std::string at_digest = "@" + Digest::of("manifest").text();

}  // namespace

TEST_CASE("one line for each repository, in the order given") {
  CHECK(registry_push::lines(example({"r.io/a:1"})) == "r.io/a" + at_digest + "\n");
  CHECK(registry_push::lines(example({"r.io/b:1", "r.io/a:1", "r.io/b:latest"})) ==
        "r.io/b" + at_digest + "\nr.io/a" + at_digest + "\n");
}

TEST_CASE("the document begins with its schema and holds what the next tool takes") {
  const auto text = registry_push::document(example({"r.io/a:1"}), false, std::chrono::milliseconds{1500});
  CHECK(text.starts_with("{\n  \"schema\": \"registry-push/v1\",\n  \"image\": \"r.io/a" + at_digest + "\""));
  const auto document = nlohmann::json::parse(text);
  CHECK(document["references"] == nlohmann::json::array({"r.io/a:1" + at_digest}));
  CHECK(document["layers"][0]["state"] == "reused");
  CHECK(document["seconds"] == 1.5);
  CHECK_FALSE(document.contains("dryRun"));
  CHECK(document["config"] == Digest::of("config").text());
  CHECK_FALSE(document.contains("manifests"));
  CHECK(nlohmann::json::parse(registry_push::document(example({"r.io/a:1"}), true, {}))["dryRun"] == true);
}

TEST_CASE("an index has manifests and no configuration") {
  auto pushed = example({"r.io/a:1"});
  pushed.config.reset();
  pushed.manifests = {Digest::of("one"), Digest::of("two")};
  const auto document = nlohmann::json::parse(registry_push::document(pushed, false, {}));
  CHECK_FALSE(document.contains("config"));
  CHECK(document["manifests"] == nlohmann::json::array({Digest::of("one").text(), Digest::of("two").text()}));
}

TEST_CASE("each reference with its tag") {
  CHECK(registry_push::references(example({"r.io/b:1", "r.io/a:1", "r.io/b:latest"})) ==
        "r.io/b:1" + at_digest + "\nr.io/a:1" + at_digest + "\nr.io/b:latest" + at_digest + "\n");
}
