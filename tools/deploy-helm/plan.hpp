// SPDX-License-Identifier: Apache-2.0
// The plan: what will be put where, and on what it is based. One JSON document whose `plan` part is
// canonical (sorted keys, no times, no names of people) and whose digest is the sha256 of that part.
// An approval names the digest, so it can never cover anything that was not in the plan. Pure.
#pragma once

#include "diff.hpp"
#include "helm/command.hpp"
#include "helm/image.hpp"
#include "helm/manifest.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::deploy_helm {

enum class Step { install, upgrade, unchanged };
[[nodiscard]] std::string_view name_of(Step step);

/// An object of the release that someone changed by hand.
struct Drifted {
  helm::ObjectKey key;
  bool missing = false;
  std::vector<FieldChange> fields;
  /// Whether a deploy puts anything of it back: what was only added, helm's patches leave alone.
  [[nodiscard]] bool put_back() const;
  friend bool operator==(const Drifted&, const Drifted&) = default;
};

/// A value of the configuration that differs from what the release was given. Values are not kept:
/// they may be secret; what they do stands in the changes.
struct ValueChange {
  std::string path;
  std::string origin;  ///< FILE:LINE; empty for one that is gone
  friend bool operator==(const ValueChange&, const ValueChange&) = default;
};

/// One release on one target.
struct Deployment {
  std::string target;
  std::string environment;
  std::string cluster_uid;  ///< of the cluster's kube-system namespace: which cluster this really is
  std::string name_space;
  std::string release;
  bool approval = true;  ///< a person has to approve
  Step step = Step::upgrade;
  int base_revision = 0;        ///< the newest revision of the release when the plan was made; 0: none
  std::string base_status;      ///< its status
  std::string base_image;       ///< what it runs
  std::string chart;            ///< NAME-VERSION
  std::string chart_id;         ///< tree of the chart in the registry: equal ids mean equal content
  std::string values_digest;    ///< sha256 of the canonical values
  std::string manifest_digest;  ///< sha256 of what helm rendered, hooks too
  std::vector<ObjectChange> changes;
  std::vector<Drifted> drift;
  std::vector<ValueChange> values;
  std::vector<std::string> images;    ///< all that the manifest runs
  std::vector<std::string> warnings;  ///< worst first
};

struct Plan {
  std::string service;
  helm::Image image;
  std::string registry;  ///< where the configuration came from
  std::string commit;
  std::string helm_version;
  std::string skip_staging;             ///< why staging need not run it; mostly empty
  std::vector<Deployment> deployments;  ///< in the order in which they are applied

  // Beside the digested part.
  std::string made_at;  ///< RFC 3339
  std::string made_by;  ///< user@host

  [[nodiscard]] std::string digest() const;  ///< 64 hexadecimal digits
  /// Targets that a person has to approve, each once.
  [[nodiscard]] std::vector<std::string> needing_approval() const;
  [[nodiscard]] bool changes_anything() const;
};

/// The whole document, with digest; indented, for a file that people look into.
[[nodiscard]] std::string to_json(const Plan& plan);

/// @throws Error bad_input: no plan, of another version, or changed after it was made
[[nodiscard]] Plan parse_plan(std::string_view text, const std::string& file);

/// sha256 over the objects and hooks as canonical JSON: comments, order of keys and quoting do not count.
[[nodiscard]] std::string manifest_digest(const std::vector<helm::Object>& objects,
                                          const std::vector<helm::Object>& hooks);

/// What moved between the plan and now, a sentence each; empty when the plan still holds.
[[nodiscard]] std::vector<std::string> staleness(const Deployment& planned, const Deployment& now);
/// What is already as planned (an earlier run of the same plan put it there) does not make it stale.
/// @throws Error stale_plan with all that moved
void check_fresh(const Plan& planned, const Plan& now);

/// The line that `helm history` shows, at most 250 characters.
[[nodiscard]] std::string describe_release(const Plan& plan, std::string_view who);
/// The image and commit out of such a line; empty where it is not one of ours.
struct Described {
  std::string image;
  std::string commit;
  std::string plan;
  std::string who;
};
[[nodiscard]] Described read_description(std::string_view description);

}  // namespace slipway::deploy_helm
