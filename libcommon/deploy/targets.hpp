// SPDX-License-Identifier: Apache-2.0
// deploy-targets.yaml: the one list of clusters, the order in which they are reached, and how each
// service is released to them. Read from text, checked whole, every mistake with its line. Where the
// text comes from (a file, a commit of the configuration registry) is the tools' business.
#pragma once

#include "core/error.hpp"
#include "data/value.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::deploy {

enum class Approve { none, plan };
enum class OnFailure { stop, rollback_target, rollback_all };

struct Target {
  std::string name;
  std::string environment;
  std::string context;
  std::optional<std::string> kubeconfig;  ///< as written, with ~ and {service}; see expand()
  Approve approve = Approve::plan;        ///< what is not said needs a person
  int stage = 1;
  bool canary = false;
  std::chrono::milliseconds bake{0};
  std::string name_space;  ///< pattern, "{service}" by default
  std::chrono::milliseconds timeout{600'000};
  OnFailure on_failure = OnFailure::rollback_target;
  data::Mark mark;
};

/// Where the image goes in a chart's values: dotted key paths. Either one `path` with its form, or the keys
/// of the parts. Nothing said: the chart's own values show it (helm/image.hpp).
struct ImagePlace {
  enum class Form { reference, tag, tag_digest, digest };
  std::string path;  ///< empty when not said
  Form form = Form::reference;
  std::optional<std::string> registry_path;    ///< where the registry's host goes
  std::optional<std::string> repository_path;  ///< where host/name goes; the name alone beside a registry_path
  std::optional<std::string> tag_path;
  std::optional<std::string> digest_path;
};

struct Service {
  std::string name;
  std::string chart;
  std::vector<std::string> releases;  ///< names; {the service's name} when not given
  ImagePlace image;
  std::optional<std::string> name_space;
  std::vector<std::string> targets;  ///< those it may go to; empty: all
  data::Mark mark;
};

/// What has to be true elsewhere before a target or group is touched.
struct Requirement {
  std::string target;  ///< a target's or group's name
  std::optional<std::chrono::milliseconds> staging_age;
  std::vector<std::string> staging_same;  ///< chart, image, values-commit
};

struct Targets {
  std::vector<Target> targets;  ///< by stage, then as written
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  std::vector<Service> services;
  std::vector<Requirement> requirements;
  int max_parallel = 1;
  std::string file;

  /// @throws Error bad_input with all findings
  [[nodiscard]] static Targets parse(std::string_view text, const std::string& file);

  /// Targets by name or group, in stage order, each once.
  /// @throws Error not_found, with the nearest name
  [[nodiscard]] std::vector<Target> select(const std::vector<std::string>& names) const;
  /// @throws Error not_found, with the nearest name
  [[nodiscard]] const Service& service(std::string_view name) const;
  [[nodiscard]] const Service* find_service(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;  ///< targets and groups
};

/// Fills in {service}, {cluster} (the target's name), {environment}; a leading ~/ becomes `home`.
[[nodiscard]] std::string expand(std::string_view pattern, const Target& target, std::string_view service,
                                 std::string_view home);

}  // namespace slipway::deploy
