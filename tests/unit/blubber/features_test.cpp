// SPDX-License-Identifier: Apache-2.0
// The facts of features.tsv that need no builder: what stands in the Dockerfile, and what is refused. Those that are
// about images are built and looked at by the end-to-end tests; here each of them has at least to be printed.
#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"

#include <filesystem>
#include <map>

using namespace slipway;

namespace {

struct Fact {
  std::string id;
  std::string variant;
  std::string kind;
  std::string yaml;
};

std::map<std::string, Fact> facts() {
  std::map<std::string, Fact> out;
  const auto corpus = testing::corpus("blubber");
  if (!corpus) return out;
  for (const auto& line : text::split(fs::read_file(*corpus / "features.tsv"), '\n')) {
    const auto cells = text::split(line, '\t');
    if (cells.size() < 8 || cells[0] == "id") continue;
    out.emplace(cells[0], Fact{cells[0], cells[2], cells[5], fs::read_file(*corpus / cells[1])});
  }
  return out;
}

std::string dockerfile(const Fact& fact) { return blubber::dockerfile(fact.yaml, "f.yaml", fact.variant).text; }

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The exit status and all messages of one that is refused.
std::pair<int, std::string> refused(const Fact& fact, bool strict = false) {
  try {
    (void)blubber::dockerfile(fact.yaml, "f.yaml", fact.variant, {.strict = strict});
  } catch (const Error& error) {
    auto said = error.message();
    for (const auto& f : error.findings()) {
      CHECK(f.line > 0);
      CHECK(f.column > 0);
      CHECK_FALSE(f.path.empty());
      said += "\n" + f.message + "; " + f.suggestion;
    }
    return {status(error.code()), said};
  }
  return {0, ""};
}

}  // namespace

TEST_CASE("facts about images are printed, all of them") {
  const auto all = facts();
  if (all.empty()) return;
  CHECK(all.size() == 62);
  std::size_t printed = 0;
  for (const auto& [id, fact] : all) {
    INFO(id);
    if (fact.kind == "error") continue;
    CHECK(has(dockerfile(fact), "FROM "));
    ++printed;
  }
  CHECK(printed == 50);
}

TEST_CASE("facts about what is refused") {
  const auto all = facts();
  if (all.empty()) return;
  const std::vector<std::tuple<std::string, int, std::vector<std::string>>> wanted{
      {"f40", 65, {"unknown key 'foo'"}},
      {"f42", 65, {"version 'v9' is not supported"}},
      {"f43", 65, {"circle", "hello", "hey"}},
      {"f44", 65, {"circle", "hello", "hey"}},
      {"f45", 66, {"no variant 'nope'", "hello, hey"}},
      {"f46", 65, {"'root' is not allowed as a user's name"}},
      {"f47", 65, {"leaves the build context"}},
      {"f48", 65, {"not allowed beside 'command'"}},
      {"f49", 65, {"not allowed beside 'node'"}},
      {"f50", 65, {"a second 'node'"}},
      {"f51", 65, {"shared, private, locked"}},
      {"f52", 65, {"3 errors", "URL", "lacks 'distribution'", "no Debian package"}},
  };
  for (const auto& [id, exit_status, words] : wanted) {
    INFO(id);
    CHECK(all.at(id).kind == "error");
    const auto [code, said] = refused(all.at(id));
    CHECK(code == exit_status);
    for (const auto& word : words) {
      INFO(said);
      CHECK(has(said, word));
    }
  }
}

TEST_CASE("facts about the text") {
  const auto all = facts();
  if (all.empty()) return;
  const auto text_of = [&](const char* id) { return dockerfile(all.at(id)); };
  const auto f17 = text_of("f17");
  CHECK(has(f17, "[signed-by=/etc/apt/keyrings/"));
  CHECK(has(f17, R"(-----BEGIN PGP PUBLIC KEY BLOCK-----\nnot a key\n"])"));
  const auto f18 = text_of("f18");
  const auto written = f18.find("> /etc/apt/apt.conf.d/99blubber-proxies");
  const auto removed = f18.find("rm -f /etc/apt/apt.conf.d/99blubber-proxies");
  REQUIRE(written < removed);
  REQUIRE(removed != std::string::npos);
  CHECK_FALSE(has(f18.substr(written, removed - written), "\n"));
  CHECK(has(text_of("f28"), "FROM debian:bookworm AS production\nUSER 0\n"));
  const auto f32 = text_of("f32");
  CHECK(has(f32, R"("setuptools~=70.0")"));
  CHECK(has(f32, R"("wheel~=0.43.0" "tox==4.11.4" "pip~=24.0")"));
  CHECK_FALSE(has(f32, "\"-r\""));
  const auto f33 = text_of("f33");
  for (const auto* part : {"\"venv\" \"/opt/own\"", "POETRY_VIRTUALENVS_PATH=\"/opt/lib/poetry\"", "poetry==1.5.1",
                           R"(poetry "install" "--no-root" "--no-dev")"})
    CHECK(has(f33, part));
  CHECK(has(text_of("f34"), "\"--no-root\" \"--only\" \"main\"\n"));
  CHECK(has(text_of("f35"), "\"--no-root\" \"--without\" \"dev\"\n"));
  CHECK(text_of("f39").starts_with("FROM scratch AS hello\nLABEL "));
  const auto f41 = blubber::dockerfile(all.at("f41").yaml, "f.yaml", "hello");
  REQUIRE(f41.warnings.size() == 1);
  CHECK(f41.warnings[0].line == 3);
  CHECK(f41.warnings[0].suggestion == "source");
  CHECK(refused(all.at("f41"), true).first == 65);
  CHECK(has(text_of("f54"), R"(RUN python "-m" "venv" )"));
  const auto f56 = text_of("f56");
  const auto yyy = f56.substr(f56.find("AS yyy"), f56.find("AS aaa") - f56.find("AS yyy"));
  CHECK(has(yyy, "RUN npm install\n"));
  CHECK_FALSE(has(yyy, "dedupe"));
  const auto f61 = blubber::dockerfile(all.at("f61").yaml, "f.yaml", "hello");
  REQUIRE(f61.warnings.size() == 1);
  CHECK(f61.warnings[0].severity == Diagnostic::Severity::deprecated);
  auto without = all.at("f61").yaml;
  without.erase(without.find(", use-system-flag: true"), std::string_view(", use-system-flag: true").size());
  CHECK(blubber::dockerfile(without, "f.yaml", "hello").text == f61.text);
}
