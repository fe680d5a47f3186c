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

/// Instructions without what differs on purpose: the label, the blank line before it, and pip without anything to
/// install, which fails.
Lines instructions(const std::string& dockerfile) {
  Lines out;
  for (auto& line : text::split(dockerfile, '\n')) {
    if (line.empty() || line.starts_with("LABEL ") || line.ends_with("\"pip\" \"install\"")) continue;
    out.push_back(std::move(line));
  }
  return out;
}

/// apt lines differ on purpose: a package is installed once, sources stay and get ca-certificates first.
bool same(const std::string& ours, const std::string& upstream) {
  if (ours == upstream) return true;
  if (!ours.starts_with("RUN ") || ours.find("apt-get update") == std::string::npos) return false;
  auto wanted = packages_of(upstream);
  if (upstream.find("99blubber.list") != std::string::npos) wanted.insert("default \"ca-certificates\"");
  return packages_of(ours) == wanted;
}

}  // namespace

TEST_CASE("every real configuration comes out, and as upstream printed it") {
  const auto corpus = testing::corpus("blubber");
  if (!corpus) return;
  std::size_t files = 0;
  std::size_t variants = 0;
  std::size_t compared = 0;
  std::size_t refused = 0;
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
      const auto ours = instructions(made.text);
      const auto upstream = instructions(fs::read_file(oracle));
      CHECK(ours.size() == upstream.size());
      for (std::size_t i = 0; i < std::min(ours.size(), upstream.size()); ++i) {
        INFO(ours[i] << "\n" << upstream[i]);
        CHECK(same(ours[i], upstream[i]));
      }
    }
  }
  std::cout << fmt::format("corpus: {} files, {} too old; {} variants printed, {} compared with upstream 0.23.0\n",
                           files, refused, variants, compared);
  CHECK(files == 61);
  CHECK(variants == 301);
  CHECK(compared == 241);
}
