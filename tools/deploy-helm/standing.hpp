// SPDX-License-Identifier: Apache-2.0
// What the history of a release tells: what runs, what was good, what a revision that says "Rollback to
// 3" really is. helm calls a revision superseded whether it ran well for a year or was undone after ten
// seconds; here they are told apart. Pure.
#pragma once

#include "helm/manifest.hpp"
#include "history.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace slipway::deploy_helm {

struct Standing {
  std::vector<Revision> history;  ///< oldest first

  [[nodiscard]] const Revision* find(int number) const;
  [[nodiscard]] const Revision* newest() const { return history.empty() ? nullptr : &history.back(); }
  /// The revision that counts as running: the newest that is, else was deployed.
  [[nodiscard]] const Revision* deployed() const;
  /// The revision that this one repeats, through any number of rollbacks; itself when it is none.
  [[nodiscard]] const Revision& origin_of(const Revision& revision) const;
  /// Whether the operation after it went back behind it: it failed, or somebody did not want it.
  [[nodiscard]] bool undone(const Revision& revision) const;
  /// The newest one older than what runs that was not undone: what a person means by "back".
  [[nodiscard]] const Revision* previous_good() const;
};

/// The image that a revision runs: by its description (through rollbacks), else by its manifest, preferring the
/// name `like`; empty when nothing tells.
[[nodiscard]] std::string image_of(const Standing& standing, const Revision& revision, const std::string& like);

/// How long ago the revision was begun, by the server's clock.
[[nodiscard]] std::chrono::milliseconds age_of(const Revision& revision, std::chrono::system_clock::time_point now);

}  // namespace slipway::deploy_helm
