// SPDX-License-Identifier: Apache-2.0
#include "apply.hpp"

#include "core/error.hpp"
#include "kube/explain.hpp"
#include "kube/track.hpp"
#include "show.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

namespace {

bool is(const Error& error, const Failure& failure) { return error.failure().id == failure.id; }

/// helm is never cut off in the middle by Ctrl-C: a release that hangs in "pending-upgrade" is worse than a
/// few seconds of waiting. Time limits stay.
io::Run undisturbed(const io::Run& run) { return {.events = run.events, .stop = {}, .deadline = run.deadline}; }

io::Run limited(const io::Run& run, std::chrono::milliseconds limit) {
  return {.events = run.events, .stop = run.stop, .deadline = run.deadline.sooner(Deadline::in(limit))};
}

std::chrono::milliseconds since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
}

/// One deployment from its helm call to its final state.
class Rollout {
 public:
  Rollout(const Prepared& prepared, std::size_t index, const helm::Program& helm, const ApplyOptions& options,
          const io::Run& run)
      : plan_(&prepared.plan), site_(&prepared.sites[index]), helm_(&helm), options_(&options), run_(&run),
        first_(index == 0) {
    const auto& d = site_->survey.deployment;
    result_ = {.target = d.target,
               .name_space = d.name_space,
               .release = d.release,
               .from = d.base_revision,
               .to = d.base_revision,
               .image = d.base_image,
               .state = State::not_started,
               .reason = {},
               .explanation = {}};
  }

  [[nodiscard]] const Result& result() const { return result_; }

  /// @throws Error when nothing was touched
  void go() {
    const auto begun = std::chrono::steady_clock::now();
    const auto& d = site_->survey.deployment;
    io::Stage stage(run_->events, "deploy", fmt::format("{} {}/{}: {}", d.target, d.name_space, d.release, summary(d)));
    if (d.step == Step::unchanged) check_unchanged();
    else deploy();
    result_.took = since(begun);
    const auto text = fmt::format("{} {}/{} {}{}", d.target, d.name_space, d.release, name_of(result_.state),
                                  result_.reason.empty() ? "" : ": " + result_.reason);
    if (is_good(result_.state)) stage.end(text);
    else stage.fail(text);
  }

 private:
  void check_unchanged() {
    const auto ready = wait_until_ready(*site_->cluster, site_->survey.next, std::chrono::milliseconds{0},
                                        limited(*run_, site_->cluster->target.timeout));
    result_.state = State::unchanged;
    if (ready.ready) return;
    // Nothing was changed, so there is nothing to undo; but it must not pass for a success.
    result_.state = ready.held ? State::held : State::failed;
    result_.reason = "nothing to change, but " + ready.reason;
    result_.explanation = ready.explanation;
  }

  void deploy() {
    if (!first_) check_still_planned();
    auto upgrade = site_->survey.upgrade;
    upgrade.description = describe_release(*plan_, options_->who);
    upgrade.labels = {{"slipway/plan", plan_->digest().substr(0, 12)},
                      {"slipway/commit", plan_->commit.substr(0, 12)},
                      {"slipway/image", short_image(plan_->image.digest)}};
    try {
      const auto release = helm_->upgrade(site_->cluster->place, upgrade, undisturbed(*run_));
      result_.to = release.revision;
    } catch (const Error& error) {
      after_failed_helm(error);
      return;
    }
    result_.image = plan_->image.text();
    result_.state = State::unfinished;
    wait();
  }

  /// The targets before this one took their time; somebody may have been here meanwhile.
  void check_still_planned() const {
    const auto standing = stand(*site_->cluster, result_.release, *run_);
    const auto* newest = standing.newest();
    const int number = newest != nullptr ? newest->number : 0;
    if (number != result_.from)
      throw Error(failure::stale_plan,
                  fmt::format("release {} was at revision {} when this run began, and is at {} now", result_.release,
                              result_.from, number),
                  "make a new plan")
          .add_place(fmt::format("target {}", result_.target));
  }

  void wait() {
    Readiness ready;
    try {
      ready = wait_until_ready(*site_->cluster, site_->survey.next, options_->settle,
                               limited(*run_, site_->cluster->target.timeout));
    } catch (const Error& error) {
      if (is(error, failure::interrupted) || is(error, failure::timed_out)) throw;
      // helm has written: what cannot be known to be well is taken back, as what has failed is.
      ready.reason = error.message();
      ready.explanation = error.at();
    }
    if (ready.ready) {
      result_.state = State::applied;
      return;
    }
    result_.reason = ready.reason;
    result_.explanation = ready.explanation;
    tell(ready.explanation);
    if (ready.held) result_.state = State::held;
    else undo();
  }

  /// helm said no: before it touched anything, or half way?
  void after_failed_helm(const Error& error) {
    const auto standing = stand(*site_->cluster, result_.release, undisturbed(*run_));
    const auto* newest = standing.newest();
    result_.to = newest != nullptr ? newest->number : 0;
    if (result_.to == result_.from) throw error;
    result_.reason = error.message();
    result_.explanation = error.at();
    tell(result_.explanation);
    result_.image = plan_->image.text();
    undo();
  }

  void undo() {
    using enum State;
    const auto policy = site_->cluster->target.on_failure;
    if (options_->leave_failed || policy == deploy::OnFailure::stop) {
      result_.state = failed;
      return;
    }
    auto& cluster = *site_->cluster;
    // The time limit may be what failed it: the way back gets a time of its own.
    const io::Run run{.events = run_->events, .stop = {}, .deadline = Deadline::in(2 * cluster.target.timeout)};
    const auto* good = site_->survey.standing.deployed();
    std::string wrong;
    if (good == nullptr) {
      run_->events.note(fmt::format("{}: removing what the first install left", result_.target));
      try {
        helm_->uninstall(cluster.place, result_.release, true, cluster.target.timeout, run);
      } catch (const Error& error) {
        wrong = error.message();
      }
      result_.to = 0;
      result_.image.clear();
      result_.state = removed;
    } else {
      run_->events.note(
          fmt::format("{}: rolling {} back to revision {}", result_.target, result_.release, good->number));
      wrong = go_back(cluster, *helm_, result_.release, good->number, options_->settle, run);
      result_.image = site_->survey.deployment.base_image;
      result_.state = rolled_back;
      const auto standing = stand(cluster, result_.release, run);
      if (const auto* newest = standing.newest()) result_.to = newest->number;
    }
    if (wrong.empty()) return;
    result_.state = not_undone;
    result_.reason += "; going back: " + wrong;
    run_->events.warn(fmt::format("{}: going back failed: {}", result_.target, wrong));
  }

  void tell(const std::vector<std::string>& lines) const {
    for (const auto& line : lines)
      run_->events.emit({.kind = "verdict", .level = io::Level::error, .subject = result_.target, .text = line});
  }

  const Plan* plan_;
  const Site* site_;
  const helm::Program* helm_;
  const ApplyOptions* options_;
  const io::Run* run_;
  bool first_;
  Result result_;
};

}  // namespace

Readiness wait_until_ready(Cluster& cluster, const std::vector<helm::Object>& objects, std::chrono::milliseconds settle,
                           const io::Run& run) {
  const auto workloads = kube::workloads_of(bodies(objects), cluster.place.name_space);
  Readiness answer;
  if (workloads.empty()) {
    answer.ready = true;
    return answer;
  }
  kube::TrackOptions options;
  options.place = cluster.target.name;
  options.policy.stable = settle;
  // One that has failed decides; the sooner it is undone, the less is broken.
  options.settle_all = false;
  const auto outcomes = kube::wait_ready(cluster.client, workloads, options, run);
  run.stop.check();
  answer.ready = std::ranges::all_of(outcomes, [](const auto& o) { return o.verdict.state == kube::State::done; });
  if (answer.ready) return answer;
  // The failure first, or a bystander that was still on its way would be named.
  const auto worst = kube::worst(outcomes);
  answer.held = worst == kube::State::held;
  for (const auto& outcome : outcomes) {
    if (outcome.verdict.state != worst) continue;
    answer.reason = outcome.verdict.cause ? fmt::format("{} {}", outcome.target.text(), outcome.verdict.cause->name)
                                          : kube::summary_line(outcome);
    answer.explanation = kube::explain(
        outcome, {.place = fmt::format("{}/{}", cluster.target.name, cluster.place.name_space), .next = {}});
    break;
  }
  return answer;
}

std::string go_back(Cluster& cluster, const helm::Program& helm, const std::string& release, int to,
                    std::chrono::milliseconds settle, const io::Run& run) {
  try {
    // helm's own description, "Rollback to N", says what it is; standing.hpp reads it.
    helm.rollback(cluster.place, release, to, {}, cluster.target.timeout, run);
    // What stands there now, as helm has recorded it: the revision gone back to may be beyond the history by then.
    const auto standing = stand(cluster, release, run);
    if (standing.newest() == nullptr) return "the release is gone";
    const auto ready =
        wait_until_ready(cluster, objects_of(*standing.newest()), settle, limited(run, cluster.target.timeout));
    return ready.ready ? std::string() : ready.reason;
  } catch (const Error& error) {
    // A failed way back is a result of its own, with its own status: the first cause must not get lost.
    return error.message();
  }
}

std::vector<Result> apply(const Prepared& prepared, const helm::Program& helm, const ApplyOptions& options,
                          const io::Run& run) {
  std::vector<Result> results;
  std::vector<Rollout> rollouts;
  rollouts.reserve(prepared.sites.size());
  for (std::size_t i = 0; i < prepared.sites.size(); ++i) rollouts.emplace_back(prepared, i, helm, options, run);
  const auto collect = [&] {
    results.clear();
    for (const auto& rollout : rollouts) results.push_back(rollout.result());
  };
  bool touched = false;
  for (auto& rollout : rollouts) {
    try {
      run.check();
      rollout.go();
    } catch (const Error& error) {
      collect();
      if (is(error, failure::interrupted) || is(error, failure::timed_out)) {
        run.events.emit(
            {.kind = "note", .level = io::Level::note, .subject = {}, .text = "as it stands:\n" + show(results)});
        throw;
      }
      if (!touched) throw;
      auto& result = results[static_cast<std::size_t>(&rollout - rollouts.data())];
      result.state = State::refused;
      result.reason = error.message();
      return results;
    }
    collect();
    if (!is_good(rollout.result().state)) break;
    touched = touched || rollout.result().state != State::unchanged;
  }
  return results;
}

}  // namespace slipway::deploy_helm
