// SPDX-License-Identifier: Apache-2.0
// What became of each target, and the one exit status that says it. Pure.
#pragma once

#include "core/exit_code.hpp"
#include "plan.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::deploy_helm {

enum class State {
  applied,
  unchanged,
  rolled_back,  ///< failed, and what was there before runs again
  removed,      ///< failed, and as it was the first install it was taken away again
  refused,      ///< helm refused before anything was touched
  failed,       ///< failed and left as it is, as was asked for
  not_undone,   ///< failed, and going back failed too
  held,         ///< applied, but someone has to let it go on
  unfinished,   ///< changed and not waited for to the end: the run was stopped
  not_started,
};
[[nodiscard]] std::string_view name_of(State state);
[[nodiscard]] bool is_good(State state);

struct Result {
  std::string target;
  std::string name_space;
  std::string release;
  int from = 0;       ///< revision; 0: none
  int to = 0;         ///< revision now
  std::string image;  ///< that runs now
  State state = State::not_started;
  std::string reason;                    ///< of a failure, one sentence
  std::vector<std::string> explanation;  ///< lines
  std::chrono::milliseconds took{0};
};

/// 6 for anything that was not undone; else, when something failed: 4 if other targets were changed before,
/// 5 if all is as it was, 1 if it was left; 3 for held; 0.
[[nodiscard]] ExitCode exit_code_of(const std::vector<Result>& results);

/// The table that every run ends with.
[[nodiscard]] std::string show(const std::vector<Result>& results);
[[nodiscard]] std::string to_json(const Plan& plan, const std::vector<Result>& results);

}  // namespace slipway::deploy_helm
