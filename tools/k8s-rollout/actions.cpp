// SPDX-License-Identifier: Apache-2.0
#include "actions.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "status.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::rollout {

using kube::flag_at;
using kube::int_at;
using kube::text_at;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr const char* before_zero = "slipway/replicas-before-zero";

/// What came of one workload.
struct Done {
  std::string text;  ///< "restarted", "scaled 2 -> 3"
  bool changed = true;
  bool to_follow = true;  ///< there is an outcome to wait for
  ordered_json fields = ordered_json::object();
  kube::Time at;
};

/// One of the five: `check` before anything is written anywhere, `apply` then. Both may throw.
struct Action {
  std::function<void(Site&)> check;
  std::function<Done(Site&)> apply;
  bool waits_by_itself = false;  ///< on several clusters each is followed before the next
};

class Actions {
 public:
  explicit Actions(Session& session) : session_(session), options_(session.options) {}

  Action named(const std::string& command) {
    if (command == "undo")
      return {[this](Site& s) { (void)plan_undo(s, undo_request(), run()); }, [this](Site& s) { return undo_site(s); },
              true};
    if (command == "pause")
      return {[this](Site& s) { (void)get(s); }, [this](Site& s) { return set_paused(s, true); }, false};
    if (command == "resume")
      return {[this](Site& s) { (void)get(s); }, [this](Site& s) { return set_paused(s, false); }, true};
    if (command == "restart")
      return {[this](Site& s) { check_restart(s); }, [this](Site& s) { return restart(s); }, true};
    return {[this](Site& s) { (void)plan_scale(s); }, [this](Site& s) { return scale(s); }, true};
  }

  void check_options() const {
    if (options_.command == "undo") {
      const int ways = (options_.to_revision ? 1 : 0) + (options_.to_image ? 1 : 0) + (options_.previous ? 1 : 0);
      if (ways > 1) throw Error(failure::bad_usage, "--to-revision, --to-image and --previous exclude each other");
      if (options_.to_revision && *options_.to_revision < 0)
        throw Error(failure::bad_usage,
                    fmt::format("--to-revision has to be 1 or more, not {}", *options_.to_revision));
    }
    if (options_.command != "scale") return;
    if (options_.replicas.has_value() == options_.restore)
      throw Error(failure::bad_usage, options_.restore ? "--replicas and --restore exclude each other"
                                                       : "scale needs --replicas N or --restore");
    if (options_.replicas && *options_.replicas < 0)
      throw Error(failure::bad_usage, fmt::format("--replicas has to be 0 or more, not {}", *options_.replicas));
  }

 private:
  [[nodiscard]] const io::Run& run() const { return session_.run(); }
  [[nodiscard]] bool dry() const { return session_.context.common.dry_run; }
  [[nodiscard]] json get(Site& site) const { return site.client->get(path_of(site), run()); }

  Done patch(Site& site, const json& change, std::string text) const {
    Done done;
    done.at = site.client->now();
    done.text = std::move(text);
    if (!dry()) (void)site.client->patch(path_of(site), kube::Patch::merge, change, run());
    return done;
  }

  // ---- undo

  [[nodiscard]] UndoRequest undo_request() const {
    UndoRequest request;
    // kubectl's 0 means "the one before".
    if (options_.to_revision && *options_.to_revision > 0) request.wanted.revision = *options_.to_revision;
    request.wanted.image = options_.to_image;
    request.wanted.previous = options_.previous || options_.to_revision == 0;
    request.reason = options_.reason;
    request.resume = options_.resume;
    request.force = options_.force;
    request.dry_run = dry();
    request.sync_last_applied = options_.last_applied == "sync";
    return request;
  }

  Done undo_site(Site& site) const {
    const auto undone = undo(site, undo_request(), run());
    Done done;
    done.at = undone.at;
    done.changed = undone.changed;
    done.fields = {{"from", undone.from},
                   {"to", undone.to},
                   {"why", undone.why},
                   {"images", undone.images},
                   {"changes", undone.changes}};
    if (!undone.changed) {
      done.text = fmt::format("already at revision {}", undone.to);
      return done;
    }
    done.text = fmt::format("rolled back: revision {} -> {}, {}", undone.from, undone.to, undone.why);
    if (dry())
      for (const auto& change : undone.changes) done.text += "\n  " + change;
    return done;
  }

  // ---- pause and resume

  Done set_paused(Site& site, bool paused) const {
    const auto object = get(site);
    if (flag_at(object, {"spec", "paused"}) == paused) {
      Done done;
      done.text = paused ? "already paused" : "is not paused";
      done.changed = false;
      done.at = site.client->now();
      return done;
    }
    auto done =
        patch(site, {{"spec", {{"paused", paused ? json(true) : json(nullptr)}}}}, paused ? "paused" : "resumed");
    done.to_follow = !paused;
    return done;
  }

  // ---- restart

  json check_restart(Site& site) const {
    auto object = get(site);
    if (flag_at(object, {"spec", "paused"}))
      throw Error(failure::conflict, fmt::format("{} is paused: a restart would wait for ever", site.target.text()),
                  fmt::format("k8s-rollout resume {}", site.arguments()));
    return object;
  }

  Done restart(Site& site) const {
    (void)check_restart(site);
    const auto now = site.client->now();
    // With nanoseconds, so that two restarts within a second are two.
    const auto nanoseconds =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count() % 1'000'000'000;
    const auto stamp = fmt::format("{}.{:09}Z", text::rfc3339(now).substr(0, 19), nanoseconds);
    const json note{{"kubectl.kubernetes.io/restartedAt", stamp}};
    json change{{"spec", {{"template", {{"metadata", {{"annotations", note}}}}}}}};
    if (!options_.reason.empty()) change["metadata"]["annotations"]["kubernetes.io/change-cause"] = options_.reason;
    auto done = patch(site, change, "restarted");
    done.at = now;
    return done;
  }

  // ---- scale

  struct Scaling {
    int from = 0;
    int to = 0;
    std::string version;
  };

  /// The autoscaler that owns the number, if there is one and it may be read.
  void check_autoscaler(Site& site, int to) const {
    std::vector<json> scalers;
    try {
      scalers = site.client->list(kube::path_of(*kube::known_resource("hpa"), site.target.name_space), run());
    } catch (const Error& error) {
      if (error.failure().id != failure::denied.id && error.failure().id != failure::not_found.id) throw;
      return;
    }
    for (const auto& scaler : scalers) {
      if (text_at(scaler, {"spec", "scaleTargetRef", "name"}) != site.target.name ||
          text_at(scaler, {"spec", "scaleTargetRef", "kind"}) != "Deployment")
        continue;
      const auto name = text_at(scaler, {"metadata", "name"});
      const int least = int_at(scaler, {"spec", "minReplicas"}, 1);
      const int most = int_at(scaler, {"spec", "maxReplicas"}, 1);
      if (to == 0) {
        run().events.warn(
            fmt::format("{}: 0 switches the autoscaler '{}' off: it does not come back by itself (scale --restore)",
                        site.place(), name));
      } else if (to < least || to > most) {
        const auto what = fmt::format("the autoscaler '{}' keeps {} between {} and {}: {} would not last", name,
                                      site.target.text(), least, most, to);
        if (!options_.force) throw Error(failure::conflict, what, "--force scales all the same");
        run().events.warn(what);
      } else {
        run().events.warn(fmt::format("the autoscaler '{}' may change it again, between {} and {}", name, least, most));
      }
    }
  }

  Scaling plan_scale(Site& site) const {
    const auto object = get(site);
    Scaling scaling;
    scaling.from = int_at(object, {"spec", "replicas"}, 1);
    scaling.version = text_at(object, {"metadata", "resourceVersion"});
    if (options_.current_replicas && *options_.current_replicas != scaling.from)
      throw Error(failure::conflict, fmt::format("{} has {} replicas, not {}: not scaled", site.target.text(),
                                                 scaling.from, *options_.current_replicas));
    if (options_.replicas) {
      scaling.to = *options_.replicas;
    } else {
      const auto stored = text_at(object, {"metadata", "annotations", before_zero});
      std::from_chars(stored.data(), stored.data() + stored.size(), scaling.to);
      if (scaling.to <= 0)
        throw Error(
            failure::not_found,
            fmt::format("{} was not scaled to 0 by this tool: how many there were is not known", site.target.text()),
            fmt::format("k8s-rollout scale {} --replicas N", site.arguments()));
      if (scaling.from != 0) scaling.to = scaling.from;  // it runs already
    }
    if (scaling.from != scaling.to) check_autoscaler(site, scaling.to);
    return scaling;
  }

  Done scale(Site& site) const {
    const auto plan = plan_scale(site);
    Done done;
    done.at = site.client->now();
    done.fields = {{"from", plan.from}, {"to", plan.to}};
    if (plan.from == plan.to) {
      done.changed = false;
      done.text = fmt::format("already has {} replica{}", plan.to, plan.to == 1 ? "" : "s");
      return done;
    }
    done.text = fmt::format("scaled {} -> {}", plan.from, plan.to);
    if (dry()) return done;
    auto version = plan.version;
    if (plan.to == 0 || options_.restore) {
      const json remembered = plan.to == 0 ? json(std::to_string(plan.from)) : json(nullptr);
      const json note{{"metadata", {{"annotations", {{before_zero, remembered}}}, {"resourceVersion", version}}}};
      version =
          text_at(site.client->patch(path_of(site), kube::Patch::merge, note, run()), {"metadata", "resourceVersion"});
    }
    json change{{"spec", {{"replicas", plan.to}}}};
    if (options_.current_replicas) change["metadata"]["resourceVersion"] = version;
    (void)site.client->patch(path_of(site, "scale"), kube::Patch::merge, change, run());
    return done;
  }

  Session& session_;
  const Options& options_;
};

/// Everything is looked at before the first write: reachable, there, allowed, fit for it.
std::vector<std::vector<Site>> preflight(Session& session, const std::vector<Wish>& wishes, const Action& action,
                                         ExitCode& code) {
  std::vector<std::vector<Site>> sites(session.clusters.size());
  const auto errors = in_parallel(session.clusters.size(), [&](std::size_t i) {
    sites[i] = session.deployments(i, wishes);
    for (auto& site : sites[i]) {
      action.check(site);
      if (session.many() &&
          !site.client->allowed("patch", *kube::known_resource("deployments"), site.target.name_space, session.run()))
        throw Error(failure::denied, fmt::format("user '{}' may not patch deployments in namespace '{}'",
                                                 site.cluster->access.user, site.target.name_space));
    }
  });
  if (!session.many() && errors.front()) throw *errors.front();
  bool any = false;
  for (std::size_t i = 0; i < errors.size(); ++i)
    if (errors[i]) {
      code = worse(code, tell_error(session, session.clusters[i], *errors[i]));
      any = true;
    }
  if (any) session.run().events.warn("nothing was changed on any cluster");
  return any ? std::vector<std::vector<Site>>{} : sites;
}

}  // namespace

ExitCode act(Session& session, const std::vector<Wish>& wishes) {
  Actions actions(session);
  actions.check_options();
  const auto& command = session.options.command;
  const auto action = actions.named(command);
  const bool dry = session.context.common.dry_run;
  const bool follows = !dry && (session.options.wait || (session.many() && action.waits_by_itself));
  auto code = ExitCode::ok;
  bool some = false;  // a cluster is done
  ordered_json results = ordered_json::array();
  for (auto& sites : preflight(session, wishes, action, code)) {
    if (code != ExitCode::ok) {
      for (const auto& site : sites) {
        session.context.out.print_line(fmt::format("{}{} \"{}\" not touched", session.prefix(*site.cluster),
                                                   kube::name_of(site.target.kind), site.target.name));
        results.push_back({{"cluster", site.cluster->name},
                           {"workload", site.target.text()},
                           {"changed", false},
                           {"text", "not touched"}});
      }
      continue;
    }
    for (auto& site : sites) {
      Done done;
      try {
        done = action.apply(site);
      } catch (const Error& error) {
        if (!session.many() || error.failure().id == failure::interrupted.id) throw;
        code = worse(code, tell_error(session, *site.cluster, error));
        break;
      }
      ordered_json result{{"cluster", site.cluster->name},
                          {"namespace", site.target.name_space},
                          {"workload", site.target.text()},
                          {"changed", done.changed && !dry},
                          {"text", done.text}};
      result.update(done.fields);
      auto line = fmt::format("{}{} \"{}\" {}{}", session.prefix(*site.cluster), kube::name_of(site.target.kind),
                              site.target.name, done.text, dry && done.changed ? " (dry run)" : "");
      if (follows && done.to_follow) {
        const auto outcome = follow(session, site, done.at);
        code = worse(code, kube::exit_code_of(outcome.verdict.state));
        line += "; " + kube::summary_line(outcome);
        result["state"] = kube::name_of(outcome.verdict.state);
        if (outcome.verdict.cause && outcome.verdict.state != kube::State::done)
          result["id"] = outcome.verdict.cause->id;
      }
      if (!session.context.common.json) session.context.out.print_line(line);
      results.push_back(std::move(result));
    }
    if (code == ExitCode::ok) some = true;
  }
  // Some clusters are changed and well, this one is not, the rest was not touched.
  if (some && code != ExitCode::ok) code = ExitCode::partial;
  if (session.context.common.json)
    session.context.out.print_line(
        ordered_json{{"schema", schema}, {"command", command}, {"status", slipway::status(code)}, {"results", results}}
            .dump());
  return code;
}

}  // namespace slipway::rollout
