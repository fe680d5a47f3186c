// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "kube/watch.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace slipway;
using namespace slipway::kube;

namespace {

std::vector<std::string> split(const std::string& stream, std::size_t chunk) {
  JsonSplitter splitter;
  std::vector<std::string> objects;
  for (std::size_t at = 0; at < stream.size(); at += chunk)
    splitter.feed(std::string_view(stream).substr(at, chunk),
                  [&](std::string_view object) { objects.emplace_back(object); });
  CHECK(splitter.pending() == 0);
  return objects;
}

}  // namespace

TEST_CASE("objects come whole, whatever the chunks") {
  const std::vector<std::string> objects{R"({"type":"ADDED","object":{"a":[1,{"b":"}{\"]\\"}]}})", R"({})",
                                         R"({"x":"\\\""})", R"({"u":"é {"})"};
  std::string stream;
  for (const auto& object : objects) stream += object + "\n";
  for (std::size_t chunk = 1; chunk <= stream.size(); ++chunk) REQUIRE(split(stream, chunk) == objects);
  stream.clear();
  for (const auto& object : objects) stream += object;  // no newline between them
  for (std::size_t chunk = 1; chunk <= stream.size(); ++chunk) REQUIRE(split(stream, chunk) == objects);
}

TEST_CASE("what is no object is refused") {
  JsonSplitter splitter;
  CHECK_THROWS_AS(splitter.feed("<html>", [](std::string_view) {}), Error);
  splitter.clear();
  splitter.feed("{\"a\":", [](std::string_view) { FAIL("not complete"); });
  CHECK(splitter.pending() == 5);
}

TEST_CASE("one object has a limit") {
  JsonSplitter splitter(1000);
  const std::string filler(600, 'x');
  splitter.feed("{\"a\":\"" + filler, [](std::string_view) {});
  CHECK_THROWS_AS(splitter.feed(filler, [](std::string_view) {}), Error);
}
