// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "data/yaml.hpp"
#include "helm/image.hpp"
#include "support/catch.hpp"

using namespace slipway;

namespace {

data::Value yaml(std::string_view text) { return data::parse_yaml(text, "values.yaml").root; }

const std::string digest = "sha256:" + std::string(12, 'a') + std::string(52, 'b');
const helm::Image image{.registry = "r.example:5000", .repository = "team/hello", .tag = "1.2", .digest = digest};

std::string put(std::string_view values, const helm::Image& which = image) {
  auto parsed = yaml(values);
  const auto keys = helm::find_image_keys(parsed);
  if (!keys) return "none";
  helm::put_image(parsed, *keys, which);
  return data::to_json(parsed);
}

}  // namespace

TEST_CASE("a map with repository, tag and digest", "[helm]") {
  CHECK(put("image: {repository: old, tag: t, digest: ''}\nother: 1") ==
        R"({"image":{"digest":")" + digest + R"(","repository":"r.example:5000/team/hello","tag":"1.2"},"other":1})");
  // A leftover tag would name another image beside the digest.
  auto untagged = image;
  untagged.tag.clear();
  CHECK(put("image: {repository: old, tag: t, digest: null}", untagged) ==
        R"({"image":{"digest":")" + digest + R"(","repository":"r.example:5000/team/hello","tag":""}})");
}

TEST_CASE("a chart without a digest key gets it in the tag", "[helm]") {
  CHECK(put("image: {repository: old, tag: t}") ==
        R"({"image":{"repository":"r.example:5000/team/hello","tag":"1.2@)" + digest + R"("}})");
  auto untagged = image;
  untagged.tag.clear();
  CHECK(put("image: {repository: old}", untagged) ==
        R"({"image":{"repository":"r.example:5000/team/hello","tag":"aaaaaaaaaaaa@)" + digest + R"("}})");
}

TEST_CASE("a registry key of its own takes the host", "[helm]") {
  CHECK(put("image: {registry: docker.io, repository: old, tag: t, digest: ''}") ==
        R"({"image":{"digest":")" + digest +
            R"(","registry":"r.example:5000","repository":"team/hello","tag":"1.2"}})");
}

TEST_CASE("the deployment-charts' shape wins", "[helm]") {
  CHECK(put("docker: {registry: x, pull_policy: always}\nmain_app: {image: old, version: old}\nimage: {repository: z}") ==
        R"({"docker":{"pull_policy":"always","registry":"r.example:5000"},"image":{"repository":"z"},)"
        R"("main_app":{"image":"team/hello","version":"1.2@)" +
            digest + R"("}})");
  CHECK(put("main_app: {image: old, version: old}") ==
        R"({"main_app":{"image":"r.example:5000/team/hello","version":"1.2@)" + digest + R"("}})");
}

TEST_CASE("a plain string takes the whole reference", "[helm]") {
  CHECK(put("image: old:tag") == R"({"image":"r.example:5000/team/hello:1.2@)" + digest + R"("})");
}

TEST_CASE("nothing is guessed where no shape fits", "[helm]") {
  CHECK(put("containers: []") == "none");
  CHECK(put("image: {pullPolicy: Always}") == "none");
  CHECK(put("image: [a]") == "none");
  CHECK(put("{}") == "none");
}

TEST_CASE("named keys are written where they are, maps on the way are made", "[helm]") {
  auto values = yaml("a: 1\nempty:\n");
  helm::put_image(values, {.repository = "empty.deep.repo", .digest = "b.digest"}, image);
  CHECK(data::to_json(values) ==
        R"({"a":1,"b":{"digest":")" + digest + R"("},"empty":{"deep":{"repo":"r.example:5000/team/hello"}}})");
  CHECK_THROWS_WITH(helm::put_image(values, {.tag = "a.tag"}, image),
                    "the image cannot go to 'a.tag': 'a' is an integer in the values");
  CHECK(helm::ImageKeys{.repository = "x", .digest = "y"}.paths() == std::vector<std::string>{"x", "y"});
}
