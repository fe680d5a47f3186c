// SPDX-License-Identifier: Apache-2.0
#include "status.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/evidence.hpp"
#include "kube/fields.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::rollout {

using namespace std::chrono_literals;
using kube::State;
using nlohmann::ordered_json;

namespace {

/// An undo is followed for at least so long, whatever is left of --timeout.
constexpr std::chrono::milliseconds undo_limit = 5min;

struct Result {
  Site site;
  kube::Outcome outcome;
  ExitCode code = ExitCode::ok;
  std::string undone;  ///< what came of an undo; empty: none was tried
};

/// What every line of the stream begins with.
ordered_json line_of(const Site& site, const std::string& uid, std::int64_t revision, std::string_view event,
                     kube::Time now) {
  ordered_json line{{"schema", schema},
                    {"ts", text::rfc3339(now)},
                    {"cluster", site.cluster->name},
                    {"context", site.cluster->access.context},
                    {"namespace", site.target.name_space},
                    {"kind", site.target.api().kind},
                    {"name", site.target.name},
                    {"uid", uid}};
  if (revision > 0) line["revision"] = revision;
  line["event"] = event;
  return line;
}

ordered_json counts_of(const kube::Verdict& verdict) {
  const auto& counts = verdict.counts;
  return {{"wanted", counts.wanted},
          {"updated", counts.updated},
          {"ready", counts.ready},
          {"available", counts.available},
          {"old", counts.old}};
}

ordered_json cause_of(const kube::Cause& cause) {
  ordered_json made{{"id", cause.id}, {"name", cause.name}, {"text", cause.text}, {"pods", cause.pods}};
  if (!cause.pod.empty()) made["pod"] = cause.pod;
  if (!cause.container.empty()) made["container"] = cause.container;
  if (cause.count > 0) made["count"] = cause.count;
  if (cause.since) made["since"] = text::rfc3339(*cause.since);
  return made;
}

ordered_json verdict_line(const Result& result, kube::Time now) {
  const auto& verdict = result.outcome.verdict;
  auto line = line_of(result.site, result.outcome.uid, verdict.revision, "verdict", now);
  const std::string_view word = result.code == ExitCode::undone ? "undone" : kube::name_of(verdict.state);
  line["state"] = word;
  line["status"] = slipway::status(result.code);
  line["text"] = kube::summary_line(result.outcome);
  line["seconds"] = static_cast<double>(result.outcome.took.count()) / 1000.0;
  line["images"] = verdict.images;
  line["counts"] = counts_of(verdict);
  if (verdict.partitioned) line["partitioned"] = true;
  if (verdict.cause && verdict.state != State::done) {
    line["id"] = verdict.cause->id;
    line["cause"] = cause_of(*verdict.cause);
  }
  if (verdict.state != State::done && !verdict.waiting.empty()) line["waiting"] = verdict.waiting;
  if (!verdict.warnings.empty()) line["warnings"] = verdict.warnings;
  if (!verdict.serving.empty()) line["serving"] = verdict.serving;
  if (!verdict.changed.empty()) line["changed"] = verdict.changed;
  for (const auto& log : result.outcome.logs)
    line["logs"].push_back(
        {{"pod", log.pod}, {"container", log.container}, {"previous", log.previous}, {"lines", log.lines}});
  if (!result.undone.empty()) line["undo"] = result.undone;
  return line;
}

std::string next_of(const Site& site, const kube::Outcome& outcome) {
  const auto& verdict = outcome.verdict;
  if (site.target.kind != kube::Kind::deployment && site.target.kind != kube::Kind::stateful_set &&
      site.target.kind != kube::Kind::daemon_set)
    return {};
  switch (verdict.state) {
  case State::failed: {
    if (verdict.cause && verdict.cause->id == "revision-trap" && verdict.revision > 0)
      return fmt::format("k8s-rollout undo {} --to-revision {} --unstick     (evicts what is in the way)",
                         site.arguments(), verdict.revision);
    const auto to = verdict.serving_revision != 0 ? verdict.serving_revision : outcome.baseline_revision;
    if (to == 0 || to == verdict.revision) return {};
    return fmt::format("k8s-rollout undo {}     (-> rev {}{})", site.arguments(), to,
                       verdict.serving_revision != 0 ? ", available now" : "");
  }
  case State::held:
    return verdict.text.starts_with("paused") ? fmt::format("k8s-rollout resume {}", site.arguments()) : "";
  case State::timeout:
  case State::progressing: return fmt::format("k8s-rollout status {}", site.arguments());
  case State::superseded: return fmt::format("k8s-rollout history {}", site.arguments());
  default: return {};
  }
}

}  // namespace

void tell_outcome(Session& session, const Site& site, const kube::Outcome& outcome) {
  const auto& verdict = outcome.verdict;
  const auto lines = kube::explain(outcome, {.place = site.place(), .next = next_of(site, outcome)});
  const bool quiet = verdict.state == State::done;
  if (quiet && lines.size() == 1) return;  // stdout says it
  session.run().events.emit({.kind = "explanation",
                             .level = quiet ? io::Level::note : io::Level::error,
                             .subject = site.target.text(),
                             .text = text::join(lines, "\n"),
                             .fields = {{"cluster", site.cluster->name}}});
}

namespace {

void save_evidence(Session& session, Site& site, const kube::Outcome& outcome) {
  if (!session.options.evidence) return;
  auto directory = std::filesystem::path(*session.options.evidence);
  if (session.many()) directory /= site.cluster->name;
  directory /= fmt::format("{}.{}", kube::name_of(site.target.kind), site.target.name);
  const io::Run run{session.run().events, session.run().stop, {}};
  const auto files = kube::collect_evidence(*site.client, site.target.name_space, outcome.selector, run);
  kube::write_evidence(files, directory);
  session.run().events.note(fmt::format("evidence: {} files in {}", files.size(), directory.string()));
}

Wanted undo_target(const Options& options, const kube::Outcome& outcome) {
  Wanted wanted;
  wanted.not_this = outcome.verdict.revision;
  if (options.undo_to == "previous") wanted.previous = true;
  else if (options.undo_to != "last-good") {
    std::int64_t number = 0;
    std::from_chars(options.undo_to.data(), options.undo_to.data() + options.undo_to.size(), number);
    wanted.revision = number;
  } else if (outcome.baseline_revision != 0 && outcome.baseline_revision != outcome.verdict.revision) {
    wanted.why = "it served when the wait began";
    wanted.revision = outcome.baseline_revision;  // fixed when the wait began
  }
  return wanted;
}

/// Undoes a failure, if nobody else has touched it meanwhile, and follows that to its end.
void auto_undo(Session& session, Result& result) {
  auto& emit = session.run().events;
  const io::Run run{emit, session.run().stop, Deadline::in(undo_limit)};
  auto& site = result.site;
  UndoRequest request;
  request.wanted = undo_target(session.options, result.outcome);
  request.guard = Guard{result.outcome.uid, result.outcome.template_text};
  const auto& cause = result.outcome.verdict.cause;
  request.reason = cause ? cause->name : std::string(kube::name_of(result.outcome.verdict.state));
  request.unstick = true;  // what failed would only be in the way of what is to come back
  request.dry_run = session.context.common.dry_run;
  Undone undone;
  try {
    undone = undo(site, request, run);
  } catch (const Error& error) {
    const auto& id = error.failure().id;
    result.undone = error.message();
    emit.emit({.kind = "undo",
               .level = io::Level::error,
               .subject = site.target.text(),
               .text = "not undone: " + error.message(),
               .fields = {{"cluster", site.cluster->name}}});
    if (id == failure::not_found.id) return;  // the first revision: the failure stands as it is
    result.code = id == failure::conflict.id ? ExitCode::try_again : ExitCode::not_undone;
    return;
  }
  const auto what = fmt::format("revision {} -> {} ({})", undone.from, undone.to, undone.why);
  if (request.dry_run || !undone.changed) {
    result.undone = undone.changed ? "would undo " + what : "already at revision " + std::to_string(undone.to);
    return;
  }
  session.leaves(site, fmt::format("it failed ({}), and the undo {} is written and goes on: k8s-rollout status {}",
                                   request.reason, what, site.arguments()));
  emit.note(fmt::format("{} {}: undoing {}", site.cluster->name, site.target.text(), what));
  auto options = track_options(session.options, *site.cluster);
  options.wait = true;
  options.policy.fail_fast = true;
  options.policy.changed_at = undone.at;
  auto outcomes = kube::wait_ready(*site.client, {site.target}, options, run);
  const auto& outcome = outcomes.front();
  const bool whole = outcome.verdict.state == State::done;
  result.code = whole ? ExitCode::undone : ExitCode::not_undone;
  result.undone = whole ? fmt::format("undone: {}; {} of {} pods available", what, outcome.verdict.counts.available,
                                      outcome.verdict.counts.wanted)
                        : fmt::format("the undo ({}) did not come through: {}", what, outcome.verdict.text);
  if (!whole) tell_outcome(session, site, outcome);
  emit.emit({.kind = "undo",
             .level = whole ? io::Level::warning : io::Level::error,
             .subject = site.target.text(),
             .text = fmt::format("{} {}: {}", site.cluster->name, site.target.text(), result.undone),
             .fields = {{"cluster", site.cluster->name}, {"to", undone.to}, {"ok", whole}}});
}

/// What was named was never there.
bool is_absent(const Result& result) {
  return result.outcome.verdict.state == State::gone && result.outcome.uid.empty();
}

/// Remembers a revision that came out well, for later undos.
void mark_good(Session& session, Site& site, std::int64_t revision) {
  if (!session.options.mark || session.context.common.dry_run ||
      (site.target.kind != kube::Kind::deployment && site.target.kind != kube::Kind::stateful_set &&
       site.target.kind != kube::Kind::daemon_set))
    return;
  constexpr std::size_t most = 10;
  const auto object = site.client->get(path_of(site), session.run());
  const auto written = kube::text_at(object, {"metadata", "annotations", "slipway/good-revision"});
  std::vector<std::string> list;
  for (auto& each : text::split(written, ','))
    if (!each.empty() && each != std::to_string(revision)) list.push_back(std::move(each));
  list.push_back(std::to_string(revision));
  if (list.size() > most) list.erase(list.begin(), list.end() - most);
  const nlohmann::json change{{"metadata", {{"annotations", {{"slipway/good-revision", text::join(list, ",")}}}}}};
  (void)site.client->patch(path_of(site), kube::Patch::merge, change, session.run());
}

/// One of several has failed, and the others are still waited for: its explanation and its undo come with theirs.
void tell_early(Session& session, const Site& site, const kube::Verdict& verdict) {
  session.leaves(site, fmt::format("it failed ({}), and nothing was changed", verdict.text));
  session.run().events.emit({.kind = "verdict",
                             .level = io::Level::error,
                             .subject = site.target.text(),
                             .text = fmt::format("{} {} failed: {}; the others are still waited for",
                                                 site.cluster->name, site.target.text(), verdict.text),
                             .fields = {{"cluster", site.cluster->name}, {"ok", false}}});
}

std::vector<Result> judge_cluster(Session& session, std::size_t index, const std::vector<Wish>& wishes) {
  const auto& cluster = session.clusters[index];
  auto& client = session.clients[index];
  auto targets = resolve(wishes, session.options, cluster, client, session.run());
  auto options = track_options(session.options, cluster);
  const auto site_of = [&](const kube::Target& target) { return Site{&cluster, &client, target}; };
  options.on_change = [&](const kube::Target& target, const kube::Verdict& verdict) {
    if (verdict.state == State::failed && targets.size() > 1) tell_early(session, site_of(target), verdict);
    if (!session.json() || verdict.state != State::progressing) return;  // the verdict's own line comes last
    auto line = line_of(site_of(target), {}, verdict.revision, "progress", client.now());
    line["text"] = verdict.text;
    line["counts"] = counts_of(verdict);
    if (verdict.cause) line["cause"] = cause_of(*verdict.cause);
    session.json_line(line);
  };
  for (const auto& target : targets) session.leaves(site_of(target), "nothing was changed: it stays as it is");
  std::vector<Result> results;
  for (auto& outcome : kube::wait_ready(client, targets, options, session.run())) {
    Result result{site_of(outcome.target), std::move(outcome), ExitCode::ok, {}};
    if (is_absent(result) && session.options.ignore_not_found) continue;
    const auto& verdict = result.outcome.verdict;
    result.code = kube::exit_code_of(verdict.state);
    if (verdict.state != State::unreachable || !result.outcome.uid.empty() || session.many())
      tell_outcome(session, result.site, result.outcome);
    const bool bad = verdict.state == State::failed || verdict.state == State::timeout;
    if (bad) {
      try {
        save_evidence(session, result.site, result.outcome);
      } catch (const Error& error) {
        if (error.failure().id == failure::interrupted.id) throw;
        // The verdict, and going back, are worth more than their record.
        session.run().events.warn(fmt::format("no evidence kept: {}", error.message()));
      }
    }
    if (verdict.state == State::done) mark_good(session, result.site, verdict.revision);
    if ((verdict.state == State::failed && (session.options.undo_on_failure || session.options.undo_on_timeout)) ||
        (verdict.state == State::timeout && session.options.undo_on_timeout)) {
      const auto kind = result.site.target.kind;
      if (kind == kube::Kind::deployment || kind == kube::Kind::stateful_set || kind == kube::Kind::daemon_set)
        auto_undo(session, result);
      else session.run().events.warn(fmt::format("{} is not undone: it has no revisions", result.site.target.text()));
    }
    if (session.json()) session.json_line(verdict_line(result, client.now()));
    results.push_back(std::move(result));
  }
  return results;
}

void check_undo_to(const Options& options) {
  if (options.undo_to == "last-good" || options.undo_to == "previous") return;
  std::int64_t number = 0;
  const auto* end = options.undo_to.data() + options.undo_to.size();
  const auto [stop, fault] = std::from_chars(options.undo_to.data(), end, number);
  if (fault != std::errc{} || stop != end || number < 1)
    throw Error(failure::bad_usage,
                fmt::format("--undo-to has to be last-good, previous or a revision, not '{}'", options.undo_to));
}

/// The cluster did not answer once: that is an error, and no answer about a rollout.
bool never_reached(const std::vector<Result>& results) {
  return !results.empty() && std::ranges::all_of(results, [](const Result& result) {
    return result.outcome.verdict.state == State::unreachable && result.outcome.uid.empty();
  });
}

/// What was named was never there: a wrong name, and no answer about a rollout either.
bool never_existed(const std::vector<Result>& results) {
  return !results.empty() && std::ranges::all_of(results, is_absent);
}

Error absent(Session& session, const Result& result) {
  const auto& target = result.site.target;
  std::vector<std::string> known;
  for (const auto& item : result.site.client->list(kube::path_of(target.api(), target.name_space), session.run()))
    known.push_back(kube::text_at(item, {"metadata", "name"}));
  return {failure::not_found, fmt::format("there is no {} in {}{}", target.text(), result.site.place(),
                                          text::did_you_mean(target.name, known))};
}

}  // namespace

ExitCode status(Session& session, const std::vector<Wish>& wishes) {
  check_undo_to(session.options);
  std::vector<std::vector<Result>> results(session.clusters.size());
  const auto errors =
      in_parallel(session.clusters.size(), [&](std::size_t i) { results[i] = judge_cluster(session, i, wishes); });
  if (!session.many() && errors.front()) throw *errors.front();
  if (!session.many() && never_reached(results.front()))
    throw Error(failure::unreachable, results.front().front().outcome.verdict.text, "--api-grace sets how long to try");
  if (!session.many() && never_existed(results.front())) {
    if (!session.json()) throw absent(session, results.front().front());
  }
  auto code = ExitCode::ok;
  ordered_json summary = ordered_json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& cluster = session.clusters[i];
    if (errors[i]) {
      code = worse(code, tell_error(session, cluster, *errors[i]));
      summary.push_back({{"cluster", cluster.name},
                         {"state", "error"},
                         {"id", errors[i]->failure().id},
                         {"text", errors[i]->message()},
                         {"status", slipway::status(errors[i]->code())}});
      if (!session.json())
        session.context.out.print_line(fmt::format("{}no verdict: {}", session.prefix(cluster), errors[i]->message()));
      continue;
    }
    for (const auto& result : results[i]) {
      code = worse(code, result.code);
      summary.push_back(
          {{"cluster", cluster.name},
           {"workload", result.site.target.text()},
           {"state", result.code == ExitCode::undone ? "undone" : kube::name_of(result.outcome.verdict.state)},
           {"status", slipway::status(result.code)}});
      if (session.json()) continue;
      auto line = session.prefix(cluster) + kube::summary_line(result.outcome);
      if (!result.undone.empty()) line += "; " + result.undone;
      session.context.out.print_line(line);
    }
  }
  if (session.json())
    session.json_line({{"schema", schema},
                       {"ts", text::rfc3339(session.clients.front().now())},
                       {"event", "summary"},
                       {"status", slipway::status(code)},
                       {"results", summary}});
  return code;
}

ExitCode explain(Session& session, const std::vector<Wish>& wishes) {
  std::vector<std::vector<Result>> results(session.clusters.size());
  const auto errors = in_parallel(session.clusters.size(), [&](std::size_t i) {
    auto& client = session.clients[i];
    const auto targets = resolve(wishes, session.options, session.clusters[i], client, session.run());
    auto options = track_options(session.options, session.clusters[i]);
    options.wait = false;
    options.explain = true;
    for (auto& outcome : kube::wait_ready(client, targets, options, session.run())) {
      Result result{Site{&session.clusters[i], &client, outcome.target}, std::move(outcome), ExitCode::ok, {}};
      result.code = kube::exit_code_of(result.outcome.verdict.state);
      results[i].push_back(std::move(result));
    }
  });
  if (!session.many() && errors.front()) throw *errors.front();
  if (!session.many() && never_reached(results.front()))
    throw Error(failure::unreachable, results.front().front().outcome.verdict.text);
  if (!session.many() && never_existed(results.front())) {
    if (session.options.ignore_not_found) return ExitCode::ok;
    throw absent(session, results.front().front());
  }
  auto code = ExitCode::ok;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (errors[i]) code = worse(code, tell_error(session, session.clusters[i], *errors[i]));
    for (const auto& result : results[i]) {
      code = worse(code, result.code);
      // The explanation is the answer here, so it goes where answers go.
      if (session.json()) session.json_line(verdict_line(result, session.clients[i].now()));
      else
        for (const auto& line : kube::explain(
                 result.outcome, {.place = result.site.place(), .next = next_of(result.site, result.outcome)}))
          session.context.out.print_line(line);
    }
  }
  return code;
}

kube::Outcome follow(Session& session, Site& site, kube::Time changed_at) {
  auto options = track_options(session.options, *site.cluster);
  options.wait = true;
  options.policy.changed_at = changed_at;
  auto outcomes = kube::wait_ready(*site.client, {site.target}, options, session.run());
  tell_outcome(session, site, outcomes.front());
  return std::move(outcomes.front());
}

}  // namespace slipway::rollout
