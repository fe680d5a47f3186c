// SPDX-License-Identifier: Apache-2.0
#include "dockerfile.hpp"
#include "support/catch.hpp"

#include <unistd.h>

using namespace slipway;
using namespace slipway::pipeline_build;

namespace {

struct Stdin {
  explicit Stdin(const std::string& text) {
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
  }
  Stdin(const Stdin&) = delete;
  Stdin& operator=(const Stdin&) = delete;
  ~Stdin() { ::close(ends[0]); }
  [[nodiscard]] io::Input in() const { return io::Input(ends[0]); }
  int ends[2] = {-1, -1};
};

struct Unlimited {
  io::Events events;
  io::Run run{events, {}, {}};
};

std::string failure_of(const Options& options, const std::string& text) {
  try {
    (void)load_source(options, Stdin(text).in(), Unlimited().run);
  } catch (const Error& error) {
    return std::string(error.failure().id);
  }
  return "none";
}

}  // namespace

TEST_CASE("a Dockerfile comes from stdin, and an empty stdin stops") {
  CHECK(load_source({}, Stdin("FROM scratch\n").in(), Unlimited().run).text == "FROM scratch\n");
  CHECK(failure_of({}, " \n") == "empty-input");
  CHECK(failure_of({.file = "-"}, "") == "empty-input");
}

TEST_CASE("VARIANT wants a configuration, a configuration a VARIANT") {
  CHECK(failure_of({.file = "blubber.yaml"}, "") == "bad-usage");
  CHECK(failure_of({.variant = "test", .file = "Dockerfile"}, "") == "bad-usage");
  CHECK(failure_of({.variant = "test", .file = "nowhere.yaml"}, "") == "not-found");
  CHECK(failure_of({.variant = "test", .file = "-"}, "") == "empty-input");
  const auto source =
      load_source({.variant = "test", .file = "-"}, Stdin("version: v4\nbase: scratch\nvariants: {test: {}}\n").in(), Unlimited().run);
  CHECK(source.variant == "test");
  CHECK(source.text.find("FROM scratch") != std::string::npos);
}

TEST_CASE("labels are one instruction of a variant's Dockerfile, but for those that it cannot hold") {
  const docker::Labels all{{"a.b", "1 \"$x\""}, {"c", "two\nlines"}, {"d e", "f"}, {"g", ""}};
  const auto source =
      load_source({.variant = "test", .file = "-"}, Stdin("version: v4\nbase: scratch\nvariants: {test: {}}\n").in(), Unlimited().run);
  auto labels = all;
  const auto text = with_labels(source, labels);
  CHECK(labels == docker::Labels{{"c", "two\nlines"}, {"d e", "f"}});
  CHECK(text == source.text.substr(0, source.text.size() - 1) + " a.b=\"1 \\\"\\$x\\\"\" g=\"\"\n");

  labels = all;
  CHECK(with_labels({.text = "FROM scratch\n", .variant = {}, .origin = {}, .warnings = {}}, labels) ==
        "FROM scratch\n");
  CHECK(labels == all);
}

TEST_CASE("the base image is found through the stages") {
  constexpr auto text = "# FROM x\nARG V=1\nFROM debian:12 AS Build\nRUN true\nfrom --platform=linux/amd64 build\n"
                        "FROM scratch as empty\nFROM node:${V} AS late\nFROM 0\n";
  CHECK_FALSE(base_image(text, "empty"));
  CHECK_FALSE(base_image(text, "late"));
  CHECK_FALSE(base_image(text, "none"));
  CHECK(base_image(text, "build") == "debian:12");
  CHECK(base_image("FROM a AS b\nFROM b\n", "") == "a");
  CHECK(base_image("FROM b AS b\n", "") == "b");
  CHECK_FALSE(base_image("", ""));
}
