// SPDX-License-Identifier: Apache-2.0
// Drives the helm program. Rendering, hooks, patching and the records of releases stay helm's, so that
// `helm history` and a plain `helm upgrade` go on working; waiting for readiness, deciding and undoing
// are the callers'. Shared by deploy-helm and `pipeline-test e2e`.
#pragma once

#include "helm/command.hpp"
#include "io/events.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::helm {

struct TestResult {
  bool passed = false;
  std::vector<std::string> lines;  ///< what helm and the tests' pods printed
};

/// One helm program of a known version. Where setpriv(1) is there, a helm dies with us even when we are killed,
/// so that whoever finds its half-done record can know that nobody is at work. Copies are cheap; calls may run at once
/// from several threads. All calls may throw, besides what is named: no_helm, unreachable, denied, interrupted,
/// timed_out, helm_failed.
class Program {
 public:
  /// Asks its version, once.
  /// @param name looked up on PATH unless it holds a slash
  /// @throws Error no_helm: not found, not runnable, or of a version that we cannot drive
  [[nodiscard]] static Program open(const std::string& name, const io::Run& run);

  [[nodiscard]] const Version& version() const { return version_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// `helm template`: the objects as YAML, hooks included, without asking a cluster.
  /// @throws Error bad_input: the chart or the values are refused
  [[nodiscard]] std::string render(const std::string& name_space, const Upgrade& upgrade, const io::Run& run) const;

  /// What `upgrade` would do, with the cluster's own capabilities and lookups. Changes nothing.
  /// The manifest holds Secrets in plain: never show it.
  /// @throws Error bad_input; busy: another operation is in progress; conflict
  [[nodiscard]] Release preview(const Place& place, const Upgrade& upgrade, const io::Run& run) const;

  /// `helm upgrade --install`; does not wait for readiness, but for hooks.
  /// @throws Error as preview
  Release upgrade(const Place& place, const Upgrade& upgrade, const io::Run& run) const;

  void rollback(const Place& place, const std::string& release, int to, const std::string& description,
                std::chrono::milliseconds timeout, const io::Run& run) const;
  /// Nothing happens when there is no such release. `wait`: until its objects are gone.
  void uninstall(const Place& place, const std::string& release, bool wait, std::chrono::milliseconds timeout,
                 const io::Run& run) const;

  /// `helm test` with the logs of its pods; every line is told as output of "helm test" as it comes.
  /// A test that fails is an answer.
  [[nodiscard]] TestResult test(const Place& place, const std::string& release, std::chrono::milliseconds timeout,
                                const io::Run& run) const;

 private:
  Program(std::string path, Version version, std::vector<std::string> launcher)
      : path_(std::move(path)), version_(std::move(version)), launcher_(std::move(launcher)) {}
  [[nodiscard]] std::string call(std::string_view doing, std::vector<std::string> arguments, std::string input,
                                 const io::Run& run) const;

  std::string path_;
  Version version_;
  std::vector<std::string> launcher_;  ///< put before the program, so that it does not outlive us
};

}  // namespace slipway::helm
