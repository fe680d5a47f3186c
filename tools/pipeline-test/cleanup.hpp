// SPDX-License-Identifier: Apache-2.0
// What a test in a cluster leaves in the world, and its removal on every way out: release, namespace,
// scratch image, in that order. A watchdog holds the same list for the case that we are killed.
#pragma once

#include "cli/run.hpp"
#include "helm/program.hpp"
#include "kube/client.hpp"
#include "ownership.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace slipway::pipeline_test {

class Cleanup {
 public:
  /// Forks the watchdog: before any thread is started and before anything is made.
  /// @param scratch the scratch image that may be made, HOST/PATH:TAG; empty without one
  Cleanup(kube::Client& client, const Ownership& mine, std::string scratch, cli::Environment env,
          std::chrono::milliseconds patience, io::Events& events);
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  /// Removes what remove() has not been called for; never throws.
  ~Cleanup();

  void made_scratch() { scratch_made_ = true; }
  /// Its registry did not answer, after all tries: removing gets one.
  void scratch_is_out_of_reach() { scratch_retries_ = 0; }
  void made_namespace(std::string name) { name_space_ = std::move(name); }
  /// The release has objects that do not go with the namespace, or hooks for its end.
  void needs_uninstall(helm::Program helm, helm::Place place, std::string release);

  /// @return what could not be removed, in words; empty when all is gone
  [[nodiscard]] std::string remove();
  /// Leaves everything for a person to look at; gc removes it when it expires.
  void keep();

 private:
  struct Release {
    helm::Program helm;
    helm::Place place;
    std::string name;
  };

  kube::Client* client_;
  std::string scratch_;
  cli::Environment env_;
  std::chrono::milliseconds patience_;
  io::Events* events_;
  bool scratch_made_ = false;
  std::optional<int> scratch_retries_;
  std::string name_space_;
  std::optional<Release> release_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace slipway::pipeline_test
