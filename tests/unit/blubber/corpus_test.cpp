// SPDX-License-Identifier: Apache-2.0
// Real configurations against what upstream 0.23.0 printed for them. The files belong to others and
// are read where they are: SLIPWAY_CORPUS, or ../shared/corpus beside the sources.
#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

using namespace slipway;
namespace stdfs = std::filesystem;
using Lines = std::vector<std::string>;

namespace {

/// These are version 1 and 2, which nobody reads any more.
const std::set<std::string> too_old{"wikimedia__blubber--blubber.example-96de90b.yaml",
                                    "wikimedia__integration-pipelinelib--blubber-484d707.yaml"};

/// The packages of an apt line by release: "default python3", "bpo npm".
std::set<std::string> packages_of(std::string_view line) {
  std::set<std::string> out;
  std::string_view rest = line;
  for (auto at = rest.find("apt-get install -y"); at != std::string_view::npos; at = rest.find("apt-get install -y")) {
    rest.remove_prefix(at + 18);
    auto install = rest.substr(0, rest.find(" && "));
    std::string release = "default";
    if (install.starts_with(" -t \"")) {
      install.remove_prefix(5);
      release = install.substr(0, install.find('"'));
      install.remove_prefix(install.find('"') + 1);
    }
    for (const auto& word : text::split(install, ' ')) {
      if (!word.empty()) out.insert(release + " " + word);
    }
  }
  return out;
}

/// Why a line may differ from upstream's: a rule of the specification, and how often it was needed. A rule that is
/// never needed is none.
using Explained = std::map<std::string, std::size_t>;

const std::string once = "8, apt: a package that several layers ask for is installed once";
const std::string kept = "11: apt sources stay, and ca-certificates comes before them";
const std::string pip = "8, python: without requirements 0.23.0 runs a bare 'pip install', which fails";
const std::string dedupe = "8, node: since npm 7 a plain 'npm dedupe' installs what is for development";
const std::string version = "14: the label names our version";

Lines instructions(const std::string& dockerfile, Explained& explained) {
  Lines out;
  for (auto& line : text::split(dockerfile, '\n')) {
    if (line.empty()) continue;
    if (line.ends_with("\"pip\" \"install\"")) {
      ++explained[pip];
      continue;
    }
    out.push_back(std::move(line));
  }
  return out;
}

/// Whether the lines are equal, or differ for a reason, which is counted.
bool same(const std::string& ours, const std::string& upstream, Explained& explained) {
  if (ours == upstream) return true;
  if (ours.starts_with("LABEL ") &&
      ours.substr(0, ours.find(" blubber.version=")) == upstream.substr(0, upstream.find(" blubber.version="))) {
    ++explained[version];
    return true;
  }
  if (upstream.starts_with("RUN npm dedupe") && ours == "RUN npm dedupe \"--only=production\"" + upstream.substr(14)) {
    ++explained[dedupe];
    return true;
  }
  if (!ours.starts_with("RUN ") || ours.find("apt-get update") == std::string::npos) return false;
  auto wanted = packages_of(upstream);
  const bool has_sources = upstream.find("99blubber.list") != std::string::npos;
  if (has_sources) wanted.insert("default \"ca-certificates\"");
  ++explained[has_sources ? kept : once];
  return packages_of(ours) == wanted;
}

/// Variants that an oracle refuses and we print, by what it said; and those that we refuse, too.
struct Refused {
  std::size_t taken = 0;
  std::size_t too_old = 0;
};

Refused refused_by_v023(const stdfs::path& corpus) {
  Refused out;
  for (const auto& entry : stdfs::directory_iterator(corpus / "oracle-0.23.0")) {
    if (entry.path().extension() != ".error") continue;
    const auto name = entry.path().filename().string();
    const bool is_old = std::ranges::any_of(too_old, [&](const std::string& file) { return name.starts_with(file); });
    ++(is_old ? out.too_old : out.taken);
  }
  return out;
}

Refused refused_by_v18(const stdfs::path& corpus, std::size_t& rows) {
  Refused out;
  const auto table = fs::read_file(corpus / "oracle-1.8.0.tsv");
  for (const auto& line : text::split(table, '\n')) {
    const auto cells = text::split(line, '\t');
    if (cells.size() < 3 || cells[0] == "file") continue;
    ++rows;
    INFO(line);
    const bool is_old = too_old.contains(cells[0]);
    if (!is_old) CHECK_NOTHROW(blubber::dockerfile(fs::read_file(corpus / cells[0]), cells[0], cells[1]));
    if (cells[2] != "0") ++(is_old ? out.too_old : out.taken);
  }
  return out;
}

}  // namespace

TEST_CASE("every real configuration comes out, and as upstream printed it") {
  const auto corpus = testing::corpus("blubber");
  if (!corpus) return;
  std::size_t files = 0;
  std::size_t variants = 0;
  std::size_t compared = 0;
  std::size_t refused = 0;
  Explained explained;
  for (const auto& entry : stdfs::directory_iterator(*corpus)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const auto name = entry.path().filename().string();
    const auto yaml = fs::read_file(entry.path());
    INFO(name);
    if (too_old.contains(name)) {
      CHECK_THROWS_AS(blubber::check(yaml, name), Error);
      ++refused;
      continue;
    }
    for (const auto& variant : blubber::check(yaml, name).names) {
      INFO(variant);
      const auto made = blubber::dockerfile(yaml, name, variant);
      ++variants;
      CHECK(made.text == blubber::dockerfile(yaml, name, variant).text);
      const auto oracle = *corpus / "oracle-0.23.0" / fmt::format("{}.{}.Dockerfile", name, variant);
      if (!stdfs::exists(oracle)) continue;
      ++compared;
      Explained ours_has_none;
      const auto ours = instructions(made.text, ours_has_none);
      CHECK(ours_has_none.empty());
      const auto upstream = instructions(fs::read_file(oracle), explained);
      CHECK(ours.size() == upstream.size());
      for (std::size_t i = 0; i < std::min(ours.size(), upstream.size()); ++i) {
        INFO(ours[i] << "\n" << upstream[i]);
        CHECK(same(ours[i], upstream[i], explained));
      }
    }
  }
  std::cout << fmt::format("corpus: {} files, {} too old; {} variants printed, {} compared with upstream 0.23.0\n",
                           files, refused, variants, compared);
  for (const auto& [rule, times] : explained) std::cout << fmt::format("{:>6}  {}\n", times, rule);
  CHECK(files == 61);
  CHECK(variants == 301);
  CHECK(compared == 241);
  for (const auto& rule : {once, kept, pip, dedupe, version}) {
    INFO(rule);
    CHECK(explained[rule] > 0);
  }
  CHECK(explained.size() == 5);
}

TEST_CASE("what an oracle refuses is printed, but for versions 1 and 2") {
  const auto corpus = testing::corpus("blubber");
  if (!corpus) return;
  // 307 variants in all: 301 are printed, and six are of versions that section 12 refuses.
  const auto first = refused_by_v023(*corpus);
  CHECK(first.taken == 60);
  CHECK(first.too_old == 6);
  std::size_t rows = 0;
  const auto second = refused_by_v18(*corpus, rows);
  CHECK(rows == 307);
  CHECK(second.taken == 42);
  CHECK(second.too_old == 6);
}
