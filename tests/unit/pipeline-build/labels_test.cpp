// SPDX-License-Identifier: Apache-2.0
#include "labels.hpp"
#include "support/catch.hpp"

#include <map>

using namespace slipway;
using namespace slipway::pipeline_build;

namespace {

cli::Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace

TEST_CASE("labels come from the CI system, never with a password in them") {
  const Source source{"FROM debian:12\n", "test", "", {}};
  const auto env = environment({{"GIT_COMMIT", "abc"},
                                {"GIT_URL", "https://user:pass@git.example.org/group/mathoid.git"},
                                {"SOURCE_DATE_EPOCH", "1700000000"},
                                {"JOB_NAME", "mathoid-test"},
                                {"BUILD_ID", "7"}});
  const auto labels = labels_for(source, {.labels = {"a=b=c", "jenkins.build=none"}}, env);
  CHECK(labels == docker::Labels{{"org.opencontainers.image.revision", "abc"},
                                 {"org.opencontainers.image.source", "https://git.example.org/group/mathoid.git"},
                                 {"org.opencontainers.image.title", "mathoid"},
                                 {"org.opencontainers.image.base.name", "debian:12"},
                                 {"org.opencontainers.image.created", "2023-11-14T22:13:20Z"},
                                 {"slipway.variant", "test"},
                                 {"slipway.builder", "engine"},
                                 {"jenkins.job", "mathoid-test"},
                                 {"jenkins.build", "none"},
                                 {"a", "b=c"}});
}

TEST_CASE("without a CI system labels do not change from build to build") {
  const Source source{"FROM scratch\n", "", "", {}};
  CHECK(labels_for(source, {}, environment({})) == docker::Labels{{"slipway.builder", "engine"}});
  CHECK_THROWS_AS(labels_for(source, {.labels = {"x"}}, environment({})), Error);
  CHECK_THROWS_AS(source_date(environment({{"SOURCE_DATE_EPOCH", "yesterday"}})), Error);
}

TEST_CASE("build arguments") {
  const auto env = environment({{"FROM_ENV", "e"}});
  CHECK(build_args({"A=1=2", "FROM_ENV", "E="}, env) ==
        std::vector<std::pair<std::string, std::string>>{{"A", "1=2"}, {"FROM_ENV", "e"}, {"E", ""}});
  CHECK_THROWS_AS(build_args({"MISSING"}, env), Error);
  CHECK_THROWS_AS(build_args({"=x"}, env), Error);
  CHECK_THROWS_AS(build_args({"DB_PASSWORD=x"}, env), Error);
  CHECK(looks_secret("npm_Token"));
  CHECK_FALSE(looks_secret("VERSION"));
}
