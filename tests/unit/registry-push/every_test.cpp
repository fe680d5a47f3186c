// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "every.hpp"
#include "support/catch.hpp"

using namespace slipway;
using registry_push::every_image;

namespace {

const std::vector<oci::ListedImage> two{{.selector = "svc:1", .names = {"svc:1", "svc:latest"}},
                                        {.selector = "r.io:5000/team/db:2", .names = {"r.io:5000/team/db:2"}}};

}  // namespace

TEST_CASE("each image goes where its own name and tags say") {
  const auto going = every_image({"new.io/{name}:{tag}"}, two);
  REQUIRE(going.size() == 2);
  CHECK(going[0].image == "svc:1");
  CHECK(going[0].references == std::vector<std::string>{"new.io/svc:1", "new.io/svc:latest"});
  CHECK(going[1].image == "r.io:5000/team/db:2");
  CHECK(going[1].references == std::vector<std::string>{"new.io/team/db:2"});
}

TEST_CASE("the name alone, or the tag alone, as often as wanted") {
  const auto named = every_image({"new.io/{name}:today", "other.io/x/{name}/{name}:1"}, two);
  CHECK(named[0].references == std::vector<std::string>{"new.io/svc:today", "other.io/x/svc/svc:1"});
  CHECK(named[1].references == std::vector<std::string>{"new.io/team/db:today", "other.io/x/team/db/team/db:1"});
  const auto tagged = every_image({"new.io/all:{tag}"}, two);
  CHECK(tagged[0].references == std::vector<std::string>{"new.io/all:1", "new.io/all:latest"});
  CHECK(tagged[1].references == std::vector<std::string>{"new.io/all:2"});
}

TEST_CASE("a layout that knows tags alone has no names to give") {
  const std::vector<oci::ListedImage> layout{{.selector = "abcdef0", .names = {"1.2"}}};
  CHECK(every_image({"new.io/svc:{tag}"}, layout)[0].references == std::vector<std::string>{"new.io/svc:1.2"});
  CHECK_THROWS_AS(every_image({"new.io/{name}:{tag}"}, layout), Error);
}

TEST_CASE("nothing that would lose an image") {
  const auto code = [](const std::vector<std::string>& references, const std::vector<oci::ListedImage>& images) {
    try {
      static_cast<void>(every_image(references, images));
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::ok;
  };
  CHECK(code({"new.io/svc:1"}, two) == ExitCode::usage);
  CHECK(code({"new.io/{name}:{tag}", "new.io/svc:1"}, two) == ExitCode::usage);
  CHECK(code({"new.io/svc:{tag}"}, {{"a:1", {"a:1"}}, {"b:1", {"b:1"}}}) == ExitCode::usage);
  CHECK(code({"new.io/{name}:{tag}"}, {{"0123456789ab", {}}}) == ExitCode::data);
  CHECK(code({"new.io/{name}:{tag}"}, {{"a", {"r.io/a"}}}) == ExitCode::data);
}
