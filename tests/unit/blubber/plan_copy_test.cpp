// SPDX-License-Identifier: Apache-2.0
// What `copies` and `requirements` become: where each path begins and ends.
#include "blubber/blubber.hpp"
#include "core/text.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace slipway;
using Lines = std::vector<std::string>;

namespace {

blubber::Dockerfile made(const std::string& variants) {
  return blubber::dockerfile("version: v4\nbase: debian\nvariants:\n" + variants, "b.yaml", "a");
}

/// The COPY instructions of the last stage, without their owner.
Lines copied(const std::string& variants) {
  Lines out;
  for (auto& line : text::split(made(variants).text, '\n')) {
    if (line.starts_with("FROM ")) out.clear();
    if (!line.starts_with("COPY ")) continue;
    constexpr std::string_view owner = "COPY --chown=$LIVES_UID:$LIVES_GID ";
    REQUIRE(line.starts_with(owner));
    out.push_back(line.substr(owner.size()));
  }
  return out;
}

Lines required(const std::string& list) { return copied("  a: {builder: {requirements: [" + list + "]}}\n"); }

Lines warned(const std::string& variants) {
  Lines out;
  for (const auto& w : made(variants).warnings) out.push_back(fmt::format("{}:{} {}", w.line, w.column, w.message));
  return out;
}

}  // namespace

TEST_CASE("requirements with a destination: cleaned, and a slash where a folder is meant") {
  const auto local = [](const std::string& source, const std::string& destination) {
    return fmt::format("{{from: local, source: {}, destination: {}}}", source, destination);
  };
  CHECK(required(local("a", "./b//c")) == Lines{R"(["a", "b/c"])"});
  CHECK(required(local("a", "b/")) == Lines{R"(["a", "b/"])"});
  CHECK(required(local("a/", "b")) == Lines{R"(["a/", "b/"])"});
  // Several files have only one place to be: a folder.
  CHECK(required(local("a", "d") + ", " + local("b", "d")) == Lines{R"(["a", "b", "d/"])"});
  CHECK(required(local("a", "d") + ", " + local("b", "d/")) == Lines{R"(["a", "d"])", R"(["b", "d/"])"});
}

TEST_CASE("requirements from a variant: relative to where its image works") {
  const std::string other = "  b: {lives: {in: /b}}\n  c: {includes: [b], runs: {in: /r}}\n  d: {base: scratch}\n";
  CHECK(copied(other + "  a: {builder: {requirements: [{from: b, source: ./x}, {from: c, source: y/z}, "
                       "{from: d, source: w}, {from: busybox, source: v}]}}\n") ==
        Lines{R"(--from=b ["/b/x", "./"])", R"(--from=c ["/r/y/z", "y/"])", R"(--from=d ["/w", "./"])",
              R"(--from=busybox ["v", "./"])"});
}

TEST_CASE("a variant's name alone: the folder of its files, which is the copier's own, and the libraries") {
  CHECK(copied("  b: {lives: {in: /b}}\n  a: {lives: {in: /a}, copies: [b]}\n") ==
        Lines{R"(--from=b ["/a", "/a"])", R"(--from=b ["/opt/lib", "/opt/lib"])"});
  CHECK(copied("  b: {}\n  a: {copies: [{from: b, source: /x}]}\n") == Lines{R"(--from=b ["/x", "/x"])"});
  // What is left out of a name is left out of both.
  const auto text = made("  b: {}\n  a: {copies: [{from: b, exclude: [x]}]}\n").text;
  CHECK(text.find("FROM debian AS a-files-1\nUSER 0\nCOPY --from=b [\"/srv/app\", \"/blubber-files/\"]") !=
        std::string::npos);
  CHECK(text.find("FROM debian AS a-files-2\nUSER 0\nCOPY --from=b [\"/opt/lib\", \"/blubber-files/\"]") !=
        std::string::npos);
}

TEST_CASE("short and long entries may stand side by side") {
  CHECK(copied("  b: {}\n  a: {copies: [local, {from: b, source: /x, destination: y}]}\n") ==
        Lines{R"([".", "."])", R"(--from=b ["/x", "y"])"});
}

TEST_CASE("an empty image copies to its root, and nobody owns anything there") {
  CHECK(made("  a: {base: scratch, copies: [local]}\n").text.starts_with("FROM scratch AS a\nCOPY [\".\", \".\"]\n"));
}

TEST_CASE("nobody can copy from a variant called local") {
  CHECK(warned("  local: {}\n  a: {copies: [local]}\n") ==
        Lines{"4:3 nothing can copy from a variant called 'local': the word means the build context"});
}

TEST_CASE("names that some builder cannot copy are told") {
  const auto one = [](const std::string& source) {
    auto out = warned("  a: {copies: [{from: local, source: " + source + "}]}\n");
    REQUIRE(out.size() <= 1);
    return out.empty() ? std::string() : out.front();
  };
  CHECK(one("'a\\b'") == R"(4:16 some builders (BuildKit from the context, buildah) cannot copy a file named 'a\b')");
  CHECK(one("'a[[]b'") == "4:16 buildah cannot copy a file named 'a[[]b'");
  for (const auto* name : {"!a", " a", "a "}) {
    INFO(name);
    CHECK(one(fmt::format("'{}'", name)) == fmt::format("4:16 BuildKit cannot copy a file named '{}'", name));
  }
  CHECK(one("'a$b c'").empty());
  CHECK(warned("  b: {}\n  a: {copies: [{from: b, source: '/!a'}]}\n").empty());
}
