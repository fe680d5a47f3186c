// SPDX-License-Identifier: Apache-2.0
#include "docker/engine.hpp"

#include <fmt/format.h>

namespace slipway::docker {

Endpoint endpoint(const std::optional<std::string>& docker_host) {
  const std::string given = docker_host && !docker_host->empty() ? *docker_host : "unix:///var/run/docker.sock";
  const auto after = [&](std::string_view scheme) { return given.substr(scheme.size()); };
  if (given.starts_with("unix://")) {
    const auto path = after("unix://");
    if (!path.starts_with('/'))
      throw Error(failure::bad_setup, fmt::format("DOCKER_HOST={} names no absolute path", given));
    return {"http://docker", path, given};
  }
  if (given.starts_with("ssh://")) {
    const auto host = after("ssh://");
    throw Error(
        failure::bad_setup, fmt::format("DOCKER_HOST={} needs ssh, which is left to you", given),
        fmt::format("ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock {} & DOCKER_HOST=unix:///tmp/docker.sock",
                    host));
  }
  if (given.starts_with("tcp://") || given.starts_with("http://")) {
    const auto url = http::Url::parse("http://" + given.substr(given.find("://") + 3));
    if (!url) throw Error(failure::bad_setup, fmt::format("DOCKER_HOST={} is no address", given));
    // Whoever reaches an engine owns its machine: without TLS that is for this machine alone.
    if (!url->is_loopback())
      throw Error(failure::bad_setup, fmt::format("DOCKER_HOST={} would speak to another machine without TLS", given),
                  fmt::format("ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock {} & "
                              "DOCKER_HOST=unix:///tmp/docker.sock",
                              url->host));
    return {url->origin(), std::nullopt, given};
  }
  throw Error(failure::bad_setup, fmt::format("DOCKER_HOST={} is of no kind that is known", given),
              "DOCKER_HOST=unix:///var/run/docker.sock");
}

}  // namespace slipway::docker
