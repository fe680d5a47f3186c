// SPDX-License-Identifier: Apache-2.0
// A real registry in small, read unchanged: each combination's layers and values as helm answers.
#include "config/lookup.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "support/as_helm.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"
#include "support/repository.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

using namespace slipway;
using nlohmann::json;
using slipway::testing::as_helm;
using slipway::testing::TestRepository;

namespace {

std::string shown(const config::Layer& layer) {
  if (layer.origin == config::Origin::inline_map) return "inline:" + data::to_json(layer.values);
  if (layer.origin == config::Origin::external) return "absent-external:" + layer.path;
  return (layer.present ? "" : "absent:") + layer.path;
}

}  // namespace

TEST_CASE("the 127 combinations of a real registry come out as helm answers", "[corpus]") {
  const auto found = testing::corpus("config-registry");
  if (!found) return;
  const auto& root = *found;
  const TestRepository made;
  for (const auto* part : {"helmfile.d", "charts"})
    std::filesystem::copy(root / part, made.path() / part,
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  // Where there are no links, git lays them out as files that hold the target: so they may have come here.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(made.path() / "helmfile.d")) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    const auto target = fs::read_file(entry.path());
    if (!target.starts_with("../") || target.find('\n') != std::string::npos) continue;
    std::filesystem::remove(entry.path());
    std::filesystem::create_symlink(target, entry.path());
  }
  made.commit("all of it");
  const auto registry = config::open({made.path().string(), {}, "a test"});
  CHECK(registry.services().size() == 13);

  int seen = 0;
  for (const auto& line : text::split(fs::read_file(root / "cases.tsv"), '\n')) {
    const auto columns = text::split(line, '\t');
    if (columns.size() < 9 || line.starts_with('#')) continue;
    INFO(columns[0]);
    config::ReadOptions options;
    const bool with_fixtures = columns[0].ends_with("+fixtures");
    const auto external = made.beside("external");
    if (with_fixtures) {
      std::filesystem::remove_all(external);
      const auto general = external / "etc/helmfile-defaults" / ("general-" + columns[2] + ".yaml");
      std::filesystem::create_directories(general.parent_path());
      fs::write_file(general, fs::read_file(made.path() / "helmfile.d/services" / columns[1] / ".fixtures.yaml"));
      options.external = external;
    }
    const auto bundle =
        registry.read({.service = columns[1], .environment = columns[2], .release = columns[3]}, options);
    CHECK(bundle.release == columns[3]);
    CHECK(bundle.name_space == columns[4]);
    CHECK(bundle.chart == "charts/" + columns[5]);
    const auto wanted = json::parse(fs::read_file(root / "expected" / (columns[0] + ".json")));
    const auto got = as_helm(bundle.values);
    auto widened = as_helm(data::parse_yaml(wanted.dump(), "expected").root);
    if (got != widened) FAIL_CHECK(json::diff(widened, got).dump().substr(0, 600));
    if (!with_fixtures) {
      std::vector<std::string> chain;
      for (const auto& layer : bundle.layers)
        if (layer.origin != config::Origin::set) chain.push_back(shown(layer));
      const auto said = text::split(columns[8], ' ');
      REQUIRE(chain.size() == said.size());
      for (std::size_t i = 0; i < said.size(); ++i)
        if (!said[i].starts_with("inline:")) CHECK(chain[i] == said[i]);
    }
    ++seen;
  }
  CHECK(seen == 127);
  CHECK(registry.combinations().size() >= 85);
}
