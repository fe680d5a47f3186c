// SPDX-License-Identifier: Apache-2.0
#include "canary.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "judged.hpp"
#include "kube/fields.hpp"
#include "plan.hpp"
#include "revisions.hpp"
#include "status.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace slipway::rollout {

using kube::flag_at;
using kube::int_at;
using kube::Kind;
using kube::State;
using kube::text_at;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

void leaves_going(Session& session, const Site& site, const std::string& what) {
  session.leaves(site,
                 fmt::format("{}; what is written stays, and goes on: k8s-rollout status {}", what, site.arguments()));
}

void leaves_coming(Session& session, const Site& site, int pods) {
  session.leaves(site, fmt::format("{} new pods come up beside the old ones and stop there: k8s-rollout canary status "
                                   "{}, or k8s-rollout canary abort {}",
                                   pods, site.arguments(), site.arguments()));
}

kube::Outcome look(Session& session, Site& site) {
  auto options = track_options(session.options, *site.cluster);
  options.wait = false;
  return std::move(kube::wait_ready(*site.client, {site.target}, options, session.run()).front());
}

void check_base(Session& session, Site& site, const json& object) {
  const auto type = text_at(object, {"spec", "strategy", "type"});
  if (type == "Recreate")
    throw Error(failure::bad_usage,
                fmt::format("{} has the strategy Recreate: old and new pods never run together", site.target.text()));
  if (is_canary(object)) return;  // a further step
  if (flag_at(object, {"spec", "paused"}))
    throw Error(failure::conflict, fmt::format("{} is paused", site.target.text()),
                fmt::format("k8s-rollout resume {}", site.arguments()));
  const auto outcome = look(session, site);
  if (outcome.verdict.state == State::done || session.options.force) return;
  throw Error(failure::conflict,
              fmt::format("{} is not whole, so a canary beside it would prove nothing: {}", site.target.text(),
                          outcome.verdict.text),
              "--force tries it all the same");
}

/// Room for k pods, as far as the namespace's quotas tell.
void check_room(Session& session, Site& site, int pods) {
  std::vector<json> quotas;
  try {
    quotas = site.client->list(kube::path_of(*kube::known_resource("quota"), site.target.name_space), session.run());
  } catch (const Error& error) {
    if (error.failure().id != failure::denied.id) throw;
    return;
  }
  for (const auto& quota : quotas)
    for (const char* name : {"pods", "count/pods"}) {
      const auto hard = kube::quantity(text_at(quota, {"status", "hard", name}));
      const auto used = kube::quantity(text_at(quota, {"status", "used", name}));
      if (hard && used && *used + pods > *hard)
        throw Error(failure::conflict, fmt::format("quota '{}' has room for {} pods, and {} are needed",
                                                   text_at(quota, {"metadata", "name"}), *hard - *used, pods));
    }
}

CanaryNote note_for(const json& object, int pods) {
  if (is_canary(object)) {
    auto note = read_canary(object);
    note.pods = pods;
    return note;
  }
  CanaryNote note;
  const auto take = [&](kube::Path path) {
    const auto* value = kube::field(object, path);
    return value ? *value : json(nullptr);
  };
  note.max_surge = take({"spec", "strategy", "rollingUpdate", "maxSurge"});
  note.max_unavailable = take({"spec", "strategy", "rollingUpdate", "maxUnavailable"});
  note.min_ready = take({"spec", "minReadySeconds"});
  note.deadline = take({"spec", "progressDeadlineSeconds"});
  const auto revision = text_at(object, {"metadata", "annotations", "deployment.kubernetes.io/revision"});
  std::from_chars(revision.data(), revision.data() + revision.size(), note.from);
  note.pods = pods;
  return note;
}

/// Waits until the new pods are ready, then holds the Deployment there.
ExitCode bring_up(Session& session, Site& site, int pods, Done& done) {
  auto options = track_options(session.options, *site.cluster);
  options.wait = true;
  options.policy.enough_ready = pods;
  options.policy.changed_at = done.at;
  auto outcome = std::move(kube::wait_ready(*site.client, {site.target}, options, session.run()).front());
  if (outcome.verdict.state != State::done) {
    tell_outcome(session, site, outcome);
    done.text += "; " + kube::summary_line(outcome);
    if (outcome.verdict.cause) done.fields["id"] = outcome.verdict.cause->id;
    return kube::exit_code_of(outcome.verdict.state);
  }
  (void)patch_with(session, site, hold_patch);
  session.leaves(site, fmt::format("a canary of {} pods stands and serves: k8s-rollout canary promote {}, or "
                                   "k8s-rollout canary abort {}",
                                   pods, site.arguments(), site.arguments()));
  const auto object = site.client->get(path_of(site), session.run());
  const int replicas = int_at(object, {"spec", "replicas"}, 1);
  done.text += fmt::format("; {} new pods beside {} old ones serve: {:.1f} % of the pods", pods, replicas,
                           true_share(replicas, pods));
  done.fields["pods"] = pods;
  done.fields["share"] = std::round(true_share(replicas, pods) * 10) / 10;
  return ExitCode::ok;
}

Done abort(Session& session, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  if (!is_canary(object)) throw Error(failure::not_found, fmt::format("{} has no canary", site.target.text()));
  const auto note = read_canary(object);
  const auto history = fetch_history(site, session.run());
  const auto* from = history.find(note.from);
  // An undo of the controller's may have given the old ReplicaSet a new number.
  for (const auto& revision : history.revisions)
    if (!from && !revision.current && revision.available > 0) from = &revision;
  if (!from)
    throw Error(failure::not_found, fmt::format("{} has no revision {} any more", site.target.text(), note.from),
                fmt::format("k8s-rollout canary promote {}", site.arguments()));
  Done done;
  done.at = site.client->now();
  done.text = fmt::format("canary aborted: back to revision {}", from->number);
  done.fields = {{"to", from->number}};
  if (!session.sends()) return done;
  (void)patch_with(session, site, [&](const json& now) { return abort_patch(now, from->pod_template); });
  if (!session.context.common.dry_run) leaves_going(session, site, done.text);
  return done;
}

Done start(Session& session, Site& site, int pods) {
  const auto object = site.client->get(path_of(site), session.run());
  auto pod_template = with_images(kube::map_at(object, {"spec", "template"}), images_of(session.options));
  const bool further = is_canary(object);
  if (!further &&
      kube::canonical_template(pod_template) == kube::canonical_template(kube::map_at(object, {"spec", "template"})))
    throw Error(failure::bad_usage, fmt::format("{} runs that image already", site.target.text()));
  const auto note = note_for(object, pods);
  check_room(session, site, further ? std::max(0, pods - read_canary(object).pods) : pods);
  Done done;
  done.at = site.client->now();
  done.text = fmt::format("canary of {} pod{}", pods, pods == 1 ? "" : "s");
  if (!session.sends()) return done;
  const auto cause = session.options.reason.empty() ? "canary" : session.options.reason;
  (void)patch_with(session, site, [&](const json& now) { return start_patch(now, pod_template, note, cause); });
  if (!session.context.common.dry_run) leaves_coming(session, site, pods);
  return done;
}

int pods_of_step(Session& session, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  const int replicas = int_at(object, {"spec", "replicas"}, 1);
  if (session.options.percent.empty()) throw Error(failure::bad_usage, "canary start needs --percent N");
  auto written = session.options.percent;
  if (!written.ends_with('%')) written += '%';
  return pods_wanted(written, replicas);
}

ExitCode show(Session& session, Site& site, Done& done) {
  const auto object = site.client->get(path_of(site), session.run());
  const int replicas = int_at(object, {"spec", "replicas"}, 1);
  if (!is_canary(object)) {
    done.text = "has no canary";
    done.changed = false;
    return ExitCode::ok;
  }
  const auto note = read_canary(object);
  const auto outcome = look(session, site);
  const bool held = flag_at(object, {"spec", "paused"});
  done.changed = false;
  done.text =
      fmt::format("canary of {} pods beside revision {} with {}: {:.1f} % of the pods, {}", note.pods, note.from,
                  replicas, true_share(replicas, note.pods), held ? "held" : "coming up: " + outcome.verdict.text);
  done.fields = {{"pods", note.pods},
                 {"from", note.from},
                 {"share", std::round(true_share(replicas, note.pods) * 10) / 10},
                 {"ready", outcome.verdict.counts.ready},
                 {"held", held}};
  return held ? ExitCode::pending : kube::exit_code_of(outcome.verdict.state);
}

ExitCode finish_with(Session& session, Site& site, Done& done) {
  if (session.context.common.dry_run) return ExitCode::ok;
  const auto outcome = follow(session, site, done.at);
  done.text += "; " + kube::summary_line(outcome);
  return kube::exit_code_of(outcome.verdict.state);
}

ExitCode one_step(Session& session, const std::string& step, Site& site, Done& done) {
  const bool dry = session.context.common.dry_run;
  if (step == "status") return show(session, site, done);
  if (step == "abort") {
    done = abort(session, site);
    return finish_with(session, site, done);
  }
  if (step == "promote") {
    const auto object = site.client->get(path_of(site), session.run());
    if (!is_canary(object)) throw Error(failure::not_found, fmt::format("{} has no canary", site.target.text()));
    done.at = site.client->now();
    done.text = "canary promoted";
    if (session.sends()) (void)patch_with(session, site, promote_patch);
    if (!dry) leaves_going(session, site, done.text);
    return finish_with(session, site, done);
  }
  const auto object = site.client->get(path_of(site), session.run());
  check_base(session, site, object);
  const int pods = pods_of_step(session, site);
  if (images_of(session.options).empty() && !is_canary(object))
    throw Error(failure::bad_usage, "canary start needs --image [CONTAINER=]REF");
  done = start(session, site, pods);
  if (dry) return ExitCode::ok;
  auto code = bring_up(session, site, pods, done);
  if (code == ExitCode::ok &&
      (session.options.bake || !session.options.checks.empty() || !session.options.check_urls.empty())) {
    // The Deployment is held on purpose: what is baked are the new pods.
    if (const auto wrong = bake_canary(session, site, pods); !wrong.empty()) {
      code = ExitCode::no;
      done.text += "; " + wrong;
      done.fields["id"] = "bake-failed";
    }
  }
  if (code == ExitCode::ok || code == ExitCode::unavailable || !session.options.abort_on_failure) return code;
  const auto reason = done.text;
  done = abort(session, site);
  const auto back = finish_with(session, site, done);
  done.text = reason + "; " + done.text;
  return back == ExitCode::ok ? ExitCode::undone : ExitCode::not_undone;
}

/// Whether the step can be taken, as far as can be known before.
void check_canary(Session& session, const std::string& step, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  if (!session.many()) return;
  if (step != "start" && !is_canary(object))
    throw Error(failure::not_found, fmt::format("{} has no canary", site.target.text()));
  demand_allowed(site, "patch", site.target.api(), session.run());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> images_of(const Options& options) {
  std::vector<std::pair<std::string, std::string>> images;
  for (const auto& written : options.images) {
    const auto equals = written.find('=');
    if (equals == std::string::npos) images.emplace_back("", written);
    else images.emplace_back(written.substr(0, equals), written.substr(equals + 1));
    if (images.back().second.empty())
      throw Error(failure::bad_usage, fmt::format("--image '{}' names no image", written));
  }
  return images;
}

ExitCode canary(Session& session, const std::string& step, const std::vector<Wish>& wishes) {
  auto code = ExitCode::ok;
  ordered_json results = ordered_json::array();
  const bool reads = step == "status";
  std::vector<Site> sites;
  if (reads) {
    // One cluster that does not answer takes nothing from what the others say.
    std::vector<std::vector<Site>> found(session.clusters.size());
    const auto errors = in_parallel(session.clusters.size(),
                                    [&](std::size_t i) { found[i] = session.sites(i, wishes, {Kind::deployment}); });
    if (!session.many() && errors.front()) throw *errors.front();
    for (std::size_t i = 0; i < errors.size(); ++i) {
      if (errors[i]) {
        code = worse(code, tell_error(session, session.clusters[i], *errors[i]));
        results.push_back(error_entry(session.clusters[i], *errors[i]));
      }
      std::ranges::move(found[i], std::back_inserter(sites));
    }
  } else {
    auto everywhere = session.sites_everywhere(
        wishes, {Kind::deployment}, [&](Site& site) { check_canary(session, step, site); }, code);
    if (!everywhere) return code;
    sites = std::move(*everywhere);
  }
  bool some_done = false;
  for (auto& site : sites) {
    Done done;
    done.at = site.client->now();
    ExitCode came{};
    try {
      came = session.options.via ? canary_via(session, step, site) : one_step(session, step, site, done);
    } catch (const Error& error) {
      if (!session.many() || error.failure().id == failure::interrupted.id) throw;
      came = tell_error(session, *site.cluster, error);
      done.text = error.message();
    }
    if (done.changed && came == ExitCode::ok) done.text += session.dry_run_note();
    code = worse(code, came);
    some_done = some_done || came == ExitCode::ok;
    if (!session.options.via) {
      ordered_json result{{"cluster", site.cluster->name},
                          {"namespace", site.target.name_space},
                          {"workload", site.target.text()},
                          {"status", status(came)},
                          {"text", done.text}};
      result.update(done.fields);
      results.push_back(std::move(result));
      if (!session.json())
        session.context.out.print_line(fmt::format("{}{} \"{}\" {}", session.prefix(*site.cluster), site.target.type(),
                                                   site.target.name, done.text));
    }
    if (came != ExitCode::ok && !reads) break;  // the next cluster is not touched
  }
  if (session.many() && !reads && some_done && code != ExitCode::ok && code != ExitCode::not_undone)
    code = ExitCode::partial;
  if (session.json() && !results.empty())
    session.context.out.print_line(
        ordered_json{{"schema", schema}, {"command", "canary " + step}, {"status", status(code)}, {"results", results}}
            .dump());
  return code;
}

void check_pause_at(Session& session, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  (void)pods_wanted(*session.options.at, int_at(object, {"spec", "replicas"}, 1));
  if (site.target.kind == Kind::stateful_set) return check_rolling_set(site, object);
  if (text_at(object, {"spec", "strategy", "type"}) == "Recreate")
    throw Error(failure::bad_usage,
                fmt::format("{} has the strategy Recreate: there is no share to stop at", site.target.text()));
  const auto outcome = look(session, site);
  if (outcome.verdict.state == State::done)
    throw Error(failure::conflict, fmt::format("{} is rolled out: there is nothing to stop", site.target.text()),
                fmt::format("k8s-rollout canary start {} --image REF --percent N", site.arguments()));
}

Done pause_at(Session& session, Site& site) {
  const auto object = site.client->get(path_of(site), session.run());
  const int replicas = int_at(object, {"spec", "replicas"}, 1);
  const bool percent = session.options.at->ends_with('%');
  if (site.target.kind == Kind::stateful_set) {
    // Its pods are replaced, none comes on top: the share is of the replicas themselves.
    double share = 0;
    std::from_chars(session.options.at->data(), session.options.at->data() + session.options.at->size(), share);
    const int pods = std::clamp(
        percent ? static_cast<int>(std::lround(replicas * share / 100)) : static_cast<int>(share), 1, replicas);
    return hold_set(session, site, object, replicas - pods,
                    fmt::format("goes on until {} of {} pods are new (partition {})", pods, replicas, replicas - pods));
  }
  const int pods = pods_wanted(*session.options.at, replicas);
  Done done;
  done.at = site.client->now();
  done.to_follow = false;
  done.text = fmt::format("paused at {} new pod{}", pods, pods == 1 ? "" : "s");
  if (!session.sends()) return done;
  auto note = note_for(object, pods);
  if (!is_canary(object)) {
    const auto history = fetch_history(site, session.run());
    for (const auto& revision : history.revisions)
      if (!revision.current && revision.available > 0) note.from = revision.number;
  }
  const auto pod_template = kube::map_at(object, {"spec", "template"});
  (void)patch_with(session, site,
                   [&](const json& now) { return start_patch(now, pod_template, note, session.options.reason); });
  if (session.context.common.dry_run) return done;
  leaves_coming(session, site, pods);
  if (const auto code = bring_up(session, site, pods, done); code != ExitCode::ok)
    throw Error(failure::conflict, done.text, fmt::format("k8s-rollout canary abort {}", site.arguments()));
  return done;
}

}  // namespace slipway::rollout
