// SPDX-License-Identifier: Apache-2.0
#include "delivery.hpp"

#include "core/error.hpp"
#include "docker/engine.hpp"
#include "oci/push.hpp"
#include "oci/reference.hpp"

#include <fmt/format.h>

namespace slipway::pipeline_test {

namespace {

helm::Image image_of(const oci::Reference& reference, const oci::Digest& digest) {
  return {reference.registry, reference.repository, reference.tag.value_or(""), digest.text()};
}

}  // namespace

DeliveryPlan plan_delivery(const std::string& image, const std::optional<std::string>& scratch,
                           const std::string& project, const Ownership& mine) {
  if (!scratch) {
    // NAME@sha256:... of a registry is what the cluster can pull by itself; anything else is in the engine.
    const bool pinned = image.find("@sha256:") != std::string::npos && !image.starts_with("localhost/");
    if (pinned) return {image, std::nullopt};
    throw Error(failure::bad_usage,
                fmt::format("'{}' is taken for an image of the container engine, which the cluster cannot pull", image),
                "name a registry that both reach, --scratch HOST[/PREFIX]; or the image by digest, NAME@sha256:...");
  }
  auto prefix = *scratch;
  while (prefix.ends_with('/')) prefix.pop_back();
  const auto target = fmt::format("{}/{}-test:{}", prefix, project, mine.run.substr(0, 16));
  static_cast<void>(oci::Reference::parse(target));
  return {image, target};
}

oci::Access registry_access(const cli::Environment& env) {
  oci::Access access;
  access.env = env;
  access.agent = cli::agent("pipeline-test");
  return access;
}

helm::Image deliver(const DeliveryPlan& plan, const cli::Environment& env, const io::Run& run) {
  const auto access = registry_access(env);
  if (!plan.scratch) {
    const auto reference = oci::Reference::parse(plan.image, failure::bad_input);
    return image_of(reference, *reference.digest);
  }
  const auto target = oci::Reference::parse(*plan.scratch);
  const oci::EngineImage source{docker::endpoint(env("DOCKER_HOST")), plan.image};
  const auto pushed = oci::push(source, {target}, {}, access, run);
  return image_of(target, pushed.digest);
}

void remove_scratch(const std::string& reference, const cli::Environment& env, const io::Run& run,
                    std::optional<int> retries) {
  auto access = registry_access(env);
  access.retries = retries.value_or(access.retries);
  static_cast<void>(oci::delete_manifest(oci::Reference::parse(reference), access, run));
}

}  // namespace slipway::pipeline_test
