// SPDX-License-Identifier: Apache-2.0
// One workload's part of a run: what it was before, what was written, how to take that back.
#pragma once

#include "actions.hpp"
#include "undo.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace slipway::rollout {

/// All that a run can change of a workload.
struct Shape {
  std::string uid;
  std::string pod_template;  ///< canonical, as text
  nlohmann::json raw_template;
  nlohmann::json replicas;
  nlohmann::json paused;
  nlohmann::json partition;
  std::string revision;
};

[[nodiscard]] Shape read_shape(Site& site, const io::Run& run);
[[nodiscard]] nlohmann::json to_json(const Shape& shape);
[[nodiscard]] Shape shape_from(const nlohmann::json& saved);
/// Equal in what a person decides: template, replicas, paused, partition.
[[nodiscard]] bool same(const Shape& a, const Shape& b);

struct Step {
  Site site;
  std::optional<Undone> planned = {};  ///< by undo's check
  Shape before;
  Shape after;
  bool written = false;
  bool done = false;
  ExitCode code = ExitCode::ok;
  std::string text;  ///< what came of it, a line
  std::string verdict = "not touched";
  std::string revision_after;
  std::chrono::milliseconds took{0};
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
  [[nodiscard]] std::string key() const;  ///< "cluster namespace type/name"
};

/// Puts the workload back to what it was before, if nobody else has changed it since, and follows that to its end.
/// @returns undone, try_again (someone else changed it: left alone) or not_undone; `step.text` says it
ExitCode take_back(Session& session, Step& step);

}  // namespace slipway::rollout
