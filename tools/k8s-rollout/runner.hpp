// SPDX-License-Identifier: Apache-2.0
// One run of a command that changes something, over all of its sites in order: look at all, ask, write, follow, bake,
// and what becomes of the others when one is not well. Several clusters have a journal of it.
#pragma once

#include "actions.hpp"
#include "journal.hpp"
#include "sequence.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace slipway::rollout {

class Runner {
 public:
  Runner(Session& session, Action action, std::optional<Journal> journal)
      : session_(session), options_(session.options), action_(std::move(action)), journal_(std::move(journal)),
        dry_(session.context.common.dry_run),
        follows_(!dry_ && (options_.wait || options_.bake || (session.many() && action_.waits_by_itself))) {}

  /// Everything is looked at before the first write: reachable, there, allowed, fit for it.
  /// @param begun the run was cut short: what it left half way need not be whole
  bool preflight(const std::vector<Wish>& wishes, bool begun = false);
  void ask();
  void start_journal(const std::vector<Wish>& wishes);
  /// Takes over what a journal says was done.
  void resume(const std::vector<nlohmann::json>& lines);
  /// @throws as the steps do, when there is one cluster; interrupted, after saying how to go on
  ExitCode run();
  ExitCode abort();
  ExitCode finish(ExitCode code);
  [[nodiscard]] ExitCode looked() const { return looked_; }

 private:
  ExitCode run_steps();
  void do_step(Step& step);
  void after_failure(std::size_t failed);
  void write(const char* event, const Step& step, nlohmann::json more = nlohmann::json::object());
  void summary();

  Session& session_;
  const Options& options_;
  Action action_;
  std::optional<Journal> journal_;
  bool dry_;
  bool follows_;
  std::vector<Step> steps_;
  ExitCode looked_ = ExitCode::ok;
};

}  // namespace slipway::rollout
