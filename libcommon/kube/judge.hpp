// SPDX-License-Identifier: Apache-2.0
// One look's work, in the order of run(): identity, standing, troubles, clocks. Made anew for each look; what has to
// be remembered is in Memory.
#pragma once

#include "kube/standing.hpp"
#include "kube/workload.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace slipway::kube {

[[nodiscard]] inline std::chrono::milliseconds to_ms(Time::duration d) {
  return std::chrono::ceil<std::chrono::milliseconds>(d);
}

/// A trouble of one pod (or of the maker of pods) with what is remembered of it.
struct Observed {
  Trouble trouble;
  const Pod* pod;  ///< null: pods cannot be made at all
  Time since;
};

class Judge {
 public:
  Judge(const Snapshot& snapshot, const Policy& policy, Memory& memory)
      : now_(snapshot), policy_(policy), memory_(memory) {}

  Verdict run();

 private:
  [[nodiscard]] const Workload& object() const { return *now_.object; }
  /// The revision's pods are in the snapshot, as far as there are any.
  [[nodiscard]] bool pods_known() const {
    return now_.pods_readable && (object().kind != Kind::deployment || now_.sets_readable);
  }
  /// How many pods of the revision were made; by the status where they are not known.
  [[nodiscard]] std::size_t made() const {
    if (pods_known()) return standing_.pods.size();
    const auto& counts = standing_.counts;
    return static_cast<std::size_t>(std::max(0, object().kind == Kind::job ? counts.total : counts.updated));
  }
  bool identity();
  bool ended_before_it_went();
  bool observed();
  void remember_pulls();
  void see_troubles();
  [[nodiscard]] Time lasts_since(const Pod* pod) const;
  void see_makers();
  void see_trap();
  void see(Trouble trouble, const Pod* pod, const std::string& uid);
  void weigh_troubles();
  void note_progress();
  void wish_for_events();
  void deadline();
  void no_progress();
  void settle();
  /// How much longer a restarted container has to run before it counts as started; zero: none does.
  std::chrono::milliseconds start_unproven();
  void fail(Cause cause);
  void again(std::chrono::milliseconds in) {
    if (!verdict_.look_again || in < *verdict_.look_again)
      verdict_.look_again = std::max(in, std::chrono::milliseconds(1));
  }
  [[nodiscard]] std::chrono::milliseconds patience_of(const Trouble& trouble) const {
    const std::chrono::milliseconds own = trouble.patience.value_or(trouble.kind->patience);
    return policy_.patience ? std::min(own, *policy_.patience) : own;
  }
  [[nodiscard]] Mode mode_of(const TroubleClass& kind) const {
    if (const auto set = policy_.classes.find(kind.id); set != policy_.classes.end()) return set->second;
    if (kind.id == "never-ready" && policy_.fail_unready_after) return Mode::fail;  // asked for by name
    return kind.proof == Proof::note ? Mode::warn : policy_.fail_fast ? Mode::fail : Mode::warn;
  }

  const Snapshot& now_;
  const Policy& policy_;
  Memory& memory_;
  Standing standing_;
  std::vector<Observed> troubles_;
  Verdict verdict_;
};

}  // namespace slipway::kube
