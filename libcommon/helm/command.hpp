// SPDX-License-Identifier: Apache-2.0
// What helm is told and what it says, as data: the arguments for each version of it, its JSON
// answers, and its error texts sorted by what they mean. Pure; helm/program.hpp runs it.
// helm 3.15 and newer and helm 4 are known. Values never stand among the arguments: they go in by
// stdin, so that `ps` shows names only.
#pragma once

#include "core/error.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::helm {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  std::string text;  ///< as helm says it: v3.19.0
  friend bool operator==(const Version&, const Version&) = default;
};

/// @throws Error no_helm: not a version, older than 3.15, or a major version that we do not know
[[nodiscard]] Version parse_version(std::string_view text);

/// A namespace of a cluster. The context is always named, so that helm never falls back on whatever
/// context happens to be current.
struct Place {
  std::filesystem::path kubeconfig;  ///< empty: the files of $KUBECONFIG, else ~/.kube/config
  std::string context;
  std::string name_space;
};

/// An `upgrade --install`.
struct Upgrade {
  std::string release;
  std::filesystem::path chart;  ///< a directory or an archive
  std::string values;           ///< one JSON document, given on stdin
  std::string description;
  std::vector<std::pair<std::string, std::string>> labels;  ///< on the release's record, not on its objects
  std::chrono::milliseconds timeout{300'000};               ///< for helm's own operations, such as hooks
  int history_max = 10;
  bool create_namespace = false;
  bool validated = false;  ///< a preview of the same has already held the objects against the API's schemas
};

struct Hook {
  std::string name;
  std::string kind;
  std::string manifest;
  std::vector<std::string> events;  ///< pre-install, post-upgrade, test, ...
  int weight = 0;
  std::vector<std::string> delete_policies;
  friend bool operator==(const Hook&, const Hook&) = default;
};

/// A revision of a release as helm tells it after an upgrade or a dry run, and as it keeps it.
struct Release {
  std::string name;
  std::string name_space;
  int revision = 0;
  std::string status;       ///< deployed, failed, pending-upgrade, ...
  std::string description;  ///< "Upgrade complete", or what --description said
  std::string updated;      ///< RFC 3339
  std::string values;       ///< what was given over the chart's defaults, as JSON; may hold secrets
  std::string manifest;
  std::vector<Hook> hooks;
  std::string notes;
  std::string chart;  ///< its name; empty when helm left it out
  std::string chart_version;
  std::string app_version;
  std::string apply_method;  ///< helm 4: client-side or server-side; empty in helm 3
};

// The arguments after the program's name.
[[nodiscard]] std::vector<std::string> test_arguments(const Place& place, const std::string& release,
                                                      std::chrono::milliseconds timeout);
[[nodiscard]] std::vector<std::string> upgrade_arguments(const Place& place, const Upgrade& upgrade, bool dry_run);
[[nodiscard]] std::vector<std::string> rollback_arguments(const Version& version, const Place& place,
                                                          const std::string& release, int to,
                                                          const std::string& description,
                                                          std::chrono::milliseconds timeout, int history_max = 10);
[[nodiscard]] std::vector<std::string> uninstall_arguments(const Version& version, const Place& place,
                                                           const std::string& release, bool wait,
                                                           std::chrono::milliseconds timeout);
/// 90s, 1500ms: what helm's --timeout takes.
[[nodiscard]] std::string duration_argument(std::chrono::milliseconds duration);

/// What helm prints of a release after an upgrade is what it keeps as its record.
/// @throws Error protocol when it is neither
[[nodiscard]] Release parse_release(std::string_view json);

/// The Error that a failed helm stands for, by its words: not_found (no such release), busy (another
/// operation is in progress), unreachable, denied, conflict (another field manager), bad_input (the
/// chart or the values are refused), else helm_failed. Further lines of its text become places.
/// @param doing "upgrade of release main"
[[nodiscard]] Error error_of(std::string_view doing, std::string_view stderr_text, std::string_view how);

}  // namespace slipway::helm
