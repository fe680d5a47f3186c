// SPDX-License-Identifier: Apache-2.0
#include "status.hpp"

#include "auto_undo.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "judged.hpp"
#include "kube/evidence.hpp"
#include "kube/fields.hpp"
#include "revisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace slipway::rollout {

using namespace std::chrono_literals;
using kube::State;
using nlohmann::ordered_json;

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

/// What was named was never there.
bool is_absent(const Judged& result) {
  return result.outcome.verdict.state == State::gone && result.outcome.uid.empty();
}

/// Remembers a revision that came out well, for later undos.
void mark_good(Session& session, Site& site, std::int64_t revision) {
  if (!session.options.mark || session.context.common.dry_run || !has_revisions(site.target.kind)) return;
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

/// One cluster's workloads on their way to a verdict each.
class Judging {
 public:
  Judging(Session& session, std::size_t cluster, const std::vector<kube::Target>& targets) : session_(session) {
    for (const auto& target : targets) {
      judged_.push_back({{&session.clusters[cluster], &session.clients[cluster], target}, {}});
      session.leaves(judged_.back().site, "nothing was changed: it stays as it is");
    }
  }

  void seen(const kube::Outcome& outcome, const kube::Sighting& sighting) {
    using What = kube::Sighting::What;
    const auto& site = of(outcome).site;
    if (session_.json()) return session_.json_line(sighting_line(site, outcome, sighting));
    if (session_.options.progress != "stdout" || (sighting.what != What::start && sighting.what != What::progress))
      return;
    if (outcome.verdict.state == State::progressing)
      session_.line(fmt::format("{}Waiting for {} \"{}\" rollout to finish: {}...", session_.prefix(*site.cluster),
                                site.target.type(), site.target.name, sighting.text));
  }

  /// What is due as soon as it has ended: telling it, keeping the evidence, going back.
  std::optional<kube::FollowUp> ended(const kube::Outcome& outcome) {
    auto& judged = of(outcome);
    if (!judged.undoing.empty()) {
      end_undo(session_, judged, outcome);
      finish(judged);
      return std::nullopt;
    }
    judged.outcome = outcome;
    if (is_absent(judged) && session_.options.ignore_not_found) return std::nullopt;
    const auto& verdict = outcome.verdict;
    judged.code = kube::exit_code_of(verdict.state);
    if (verdict.state != State::unreachable || !outcome.uid.empty() || session_.many())
      tell_outcome(session_, judged.site, outcome);
    tell_findings(session_, judged);
    if (verdict.state == State::failed)
      session_.leaves(judged.site, fmt::format("it failed ({}), and nothing was changed", verdict.text));
    if (verdict.state == State::failed || verdict.state == State::timeout)
      unless_refused("no evidence kept", [&] { save_evidence(session_, judged.site, outcome); });
    if (verdict.state == State::done)
      if (const auto code = unless_refused(fmt::format("revision {} is not remembered as good", verdict.revision),
                                           [&] { mark_good(session_, judged.site, verdict.revision); }))
        judged.code = *code;
    auto next = wants_undo(session_, judged) ? begin_undo(session_, judged) : std::nullopt;
    if (next) follow_as(next->options);
    else finish(judged);
    return next;
  }

  void follow_as(kube::TrackOptions& options) {
    options.on_sight = [this](const kube::Outcome& outcome, const kube::Sighting& sighting) {
      seen(outcome, sighting);
    };
    options.on_end = [this](const kube::Outcome& outcome) { return ended(outcome); };
  }

  /// All that there are to tell of.
  [[nodiscard]] std::vector<Judged> take() {
    if (session_.options.ignore_not_found) std::erase_if(judged_, is_absent);
    return std::move(judged_);
  }

 private:
  Judged& of(const kube::Outcome& outcome) {
    return *std::ranges::find_if(judged_, [&](const Judged& each) { return each.site.target == outcome.target; });
  }

  void finish(const Judged& judged) {
    if (session_.json()) session_.json_line(verdict_line(judged));
  }

  /// What fails beside the verdict is told, and the verdict, and going back, are worth more.
  /// @return its status then
  std::optional<ExitCode> unless_refused(const std::string& what, const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.failure().id == failure::interrupted.id) throw;
      session_.run().events.warn(fmt::format("{}: {}", what, error.message()));
      return error.code();
    }
    return std::nullopt;
  }

  Session& session_;
  std::vector<Judged> judged_;
};

std::vector<Judged> judge_cluster(Session& session, std::size_t index, const std::vector<Wish>& wishes) {
  const auto& cluster = session.clusters[index];
  auto& client = session.clients[index];
  const auto targets = resolve(wishes, session.options, cluster, client, session.run());
  auto options = track_options(session.options, cluster);
  Judging judging(session, index, targets);
  judging.follow_as(options);
  (void)kube::wait_ready(client, targets, options, session.run());
  return judging.take();
}

/// The cluster did not answer once: that is an error, and no answer about a rollout.
bool never_reached(const std::vector<Judged>& results) {
  return !results.empty() && std::ranges::all_of(results, [](const Judged& result) {
    return result.outcome.verdict.state == State::unreachable && result.outcome.uid.empty();
  });
}

/// What was named was never there: a wrong name, and no answer about a rollout either.
bool never_existed(const std::vector<Judged>& results) {
  return !results.empty() && std::ranges::all_of(results, is_absent);
}

Error absent(Session& session, const Judged& result) {
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
  std::vector<std::vector<Judged>> results(session.clusters.size());
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
      summary.push_back(error_entry(cluster, *errors[i]));
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
  std::vector<std::vector<Judged>> results(session.clusters.size());
  const auto errors = in_parallel(session.clusters.size(), [&](std::size_t i) {
    auto& client = session.clients[i];
    const auto targets = resolve(wishes, session.options, session.clusters[i], client, session.run());
    auto options = track_options(session.options, session.clusters[i]);
    options.wait = false;
    options.explain = true;
    for (auto& outcome : kube::wait_ready(client, targets, options, session.run())) {
      const auto code = kube::exit_code_of(outcome.verdict.state);
      results[i].push_back({{&session.clusters[i], &client, outcome.target}, std::move(outcome), code});
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
      if (session.json()) session.json_line(verdict_line(result));
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
