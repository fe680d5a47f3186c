// SPDX-License-Identifier: Apache-2.0
#include "inputs.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

namespace {

constexpr std::string_view targets_name = "deploy-targets.yaml";

deploy::Targets read_targets(const config::Registry& registry, const std::optional<std::filesystem::path>& file) {
  if (file) return deploy::Targets::parse(fs::read_file(*file), file->string());
  const auto blob = registry.repository().read(registry.commit(), targets_name);
  if (!blob)
    throw Error(
        failure::not_found,
        fmt::format("{} has no {} at {}", registry.repository().location(), targets_name, registry.commit().brief()),
        "write one (see its example in examples/config-registry), or name one with --targets FILE");
  return deploy::Targets::parse(blob->content, std::string(targets_name));
}

}  // namespace

std::optional<helm::ImageKeys> keys_of(const deploy::ImagePlace& place) {
  helm::ImageKeys keys{.reference = std::nullopt,
                       .registry = place.registry_path,
                       .repository = place.repository_path,
                       .tag = place.tag_path,
                       .digest = place.digest_path};
  if (!place.path.empty()) {
    using enum deploy::ImagePlace::Form;
    switch (place.form) {
    case reference: keys.reference = place.path; break;
    case digest: keys.digest = place.path; break;
    // A tag alone would let the registry decide what runs: it always carries the digest.
    case tag:
    case tag_digest: keys.tag = place.path; break;
    }
  }
  return keys.any() ? std::optional(keys) : std::nullopt;
}

Inputs::Inputs(config::Registry registry, const std::optional<std::filesystem::path>& targets_file)
    : registry_(std::move(registry)), targets_(read_targets(registry_, targets_file)) {}

std::vector<deploy::Target> Inputs::select(const deploy::Service& service,
                                           const std::vector<std::string>& names) const {
  if (names.empty())
    throw Error(failure::bad_usage, "no target: say where to with -t TARGET",
                "known are: " + text::join(targets_.names(), ", "));
  auto chosen = targets_.select(names);
  if (service.targets.empty()) return chosen;
  const auto allowed = targets_.select(service.targets);
  for (const auto& target : chosen)
    if (std::ranges::find(allowed, target.name, &deploy::Target::name) == allowed.end())
      throw Error(failure::not_found,
                  fmt::format("{} does not go to {}: {} lists where it may", service.name, target.name, targets_.file));
  return chosen;
}

Chart Inputs::chart(const deploy::Service& service) const {
  const auto& repository = registry_.repository();
  if (service.chart.find("://") != std::string::npos)
    throw Error(failure::bad_input,
                fmt::format("the chart of {} is {}: only a directory of the registry can be deployed", service.name,
                            service.chart),
                "vendor it: what production runs should be in the registry's history");
  const auto id = repository.tree_id(registry_.commit(), service.chart);
  if (!id)
    throw Error(
        failure::not_found,
        fmt::format("{} has no chart {} at {}", repository.location(), service.chart, registry_.commit().brief()),
        fmt::format("services.{}.chart of {} names it", service.name, targets_.file));
  Chart chart{.directory = fs::TempDir("deploy-helm"), .path = {}, .id = id->hex()};
  chart.path = chart.directory.path() / std::filesystem::path(service.chart).filename();
  std::filesystem::create_directory(chart.path);
  repository.export_tree(registry_.commit(), service.chart, chart.path);
  return chart;
}

data::Value Inputs::values(const deploy::Service& service, const deploy::Target& target, const std::string& release,
                           const helm::Image& image, const Chart& chart) {
  auto bundle = registry_.read({.service = service.name, .environment = target.environment, .release = release});
  auto keys = keys_of(service.image);
  if (!keys) {
    // What a chart calls its image stands in its own defaults; the configuration may add to them.
    data::Value all;
    if (const auto file = chart.path / "values.yaml"; std::filesystem::exists(file))
      all = data::parse_yaml(fs::read_file(file), service.chart + "/values.yaml").root;
    data::merge_layer(all, bundle.values);
    keys = helm::find_image_keys(all);
  }
  if (!keys)
    throw Error(
        failure::bad_input, fmt::format("where the image goes in the values of {} is not known", service.chart),
        fmt::format("say it in {}: services.{}.image: {{repository: KEY, digest: KEY}}", targets_.file, service.name));
  helm::put_image(bundle.values, *keys, image);
  return std::move(bundle.values);
}

}  // namespace slipway::deploy_helm
