// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace slipway::registry_push {

std::string lines(const oci::Pushed& pushed) {
  std::vector<std::string> names;
  for (const auto& reference : pushed.references)
    if (auto name = reference.pinned(pushed.digest); std::ranges::find(names, name) == names.end())
      names.push_back(std::move(name));
  return fmt::format("{}\n", fmt::join(names, "\n"));
}

std::string references(const oci::Pushed& pushed) {
  std::string out;
  for (const auto& reference : pushed.references) out += reference.text() + "\n";
  return out;
}

namespace {

constexpr std::string_view schema = "registry-push/v1";

void describe(nlohmann::ordered_json& out, const oci::Pushed& pushed) {
  out["image"] = pushed.references.front().pinned(pushed.digest);
  out["digest"] = pushed.digest.text();
  out["mediaType"] = pushed.media_type;
  out["size"] = pushed.size;
  if (pushed.config) out["config"] = pushed.config->text();
  for (const auto& manifest : pushed.manifests) out["manifests"].push_back(manifest.text());
  out["layers"] = nlohmann::ordered_json::array();
  for (const auto& layer : pushed.layers)
    out["layers"].push_back(
        {{"digest", layer.digest.text()}, {"size", layer.size}, {"state", std::string(name_of(layer.state))}});
  out["references"] = nlohmann::ordered_json::array();
  for (const auto& reference : pushed.references) out["references"].push_back(reference.text());
  for (const auto& referrer : pushed.referrers) out["referrers"].push_back(referrer.text());
  out["uploadedBytes"] = pushed.uploaded_bytes;
  out["reusedBytes"] = pushed.reused_bytes;
}

std::string finish(nlohmann::ordered_json& out, bool dry_run, std::chrono::milliseconds took) {
  out["seconds"] = static_cast<double>(took.count()) / 1000;
  if (dry_run) out["dryRun"] = true;
  return out.dump(2) + "\n";
}

}  // namespace

std::string document(const oci::Pushed& pushed, bool dry_run, std::chrono::milliseconds took) {
  nlohmann::ordered_json out;
  out["schema"] = schema;
  describe(out, pushed);
  return finish(out, dry_run, took);
}

std::string document(const std::vector<oci::Pushed>& pushed, bool dry_run, std::chrono::milliseconds took) {
  nlohmann::ordered_json out;
  out["schema"] = schema;
  out["images"] = nlohmann::ordered_json::array();
  for (const auto& image : pushed) describe(out["images"].emplace_back(), image);
  return finish(out, dry_run, took);
}

}  // namespace slipway::registry_push
