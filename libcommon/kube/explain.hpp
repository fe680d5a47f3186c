// SPDX-License-Identifier: Apache-2.0
// An outcome in words for a person: what broke, why (the runtime's words, events, the log's last
// lines), who still serves, what changed. At most about 20 lines besides the log. Pure.
#pragma once

#include "kube/track.hpp"

#include <string>
#include <vector>

namespace slipway::kube {

struct ExplainOptions {
  std::string place;  ///< "cluster/namespace", or the namespace
  std::string next;   ///< the command to type next; empty: none
  int events = 5;
};

/// A failure, a timeout, a hold: the block of lines, without times. One line when all is well.
[[nodiscard]] std::vector<std::string> explain(const Outcome& outcome, const ExplainOptions& options);

/// The answer in one line: `deployment "x" successfully rolled out`, `deployment "x" failed: ...`
[[nodiscard]] std::string summary_line(const Outcome& outcome);

}  // namespace slipway::kube
