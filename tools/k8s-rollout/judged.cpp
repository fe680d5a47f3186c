// SPDX-License-Identifier: Apache-2.0
#include "judged.hpp"

#include "core/text.hpp"
#include "revisions.hpp"

#include <fmt/format.h>

namespace slipway::rollout {

using kube::State;
using nlohmann::ordered_json;

namespace {

/// What every line of the stream begins with.
ordered_json line_of(const Site& site, const kube::Outcome& outcome, std::string_view event) {
  ordered_json line{{"schema", schema},
                    {"ts", text::rfc3339(site.client->now())},
                    {"cluster", site.cluster->name},
                    {"context", site.cluster->access.context},
                    {"namespace", site.target.name_space},
                    {"kind", site.target.api().kind},
                    {"name", site.target.name},
                    {"uid", outcome.uid}};
  if (outcome.verdict.revision > 0) line["revision"] = outcome.verdict.revision;
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

ordered_json log_of(const kube::LogTail& log) {
  return {{"pod", log.pod}, {"container", log.container}, {"previous", log.previous}, {"lines", log.lines}};
}

std::string_view name_of(kube::Sighting::What what) {
  using What = kube::Sighting::What;
  switch (what) {
  case What::start: return "start";
  case What::progress: return "progress";
  case What::pod: return "pod";
  case What::warning: return "warning";
  case What::recovered: return "recovered";
  case What::cause: return "cause";
  }
  return "";
}

}  // namespace

std::string next_of(const Site& site, const kube::Outcome& outcome) {
  const auto& verdict = outcome.verdict;
  if (!has_revisions(site.target.kind)) return {};
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

ordered_json sighting_line(const Site& site, const kube::Outcome& outcome, const kube::Sighting& sighting) {
  using What = kube::Sighting::What;
  const auto& verdict = outcome.verdict;
  auto line = line_of(site, outcome, name_of(sighting.what));
  line["text"] = sighting.text;
  if (sighting.what == What::start) {
    line["images"] = verdict.images;
    if (outcome.baseline_revision > 0) line["baseline"] = outcome.baseline_revision;
  }
  if (sighting.what == What::start || sighting.what == What::progress) line["counts"] = counts_of(verdict);
  if (sighting.what == What::cause) line["id"] = verdict.cause->id;
  if ((sighting.what == What::cause || sighting.what == What::progress) && verdict.cause)
    line["cause"] = cause_of(*verdict.cause);
  if (sighting.pod != nullptr) {
    line["pod"] = sighting.pod->name;
    line["state"] = sighting.text;
    line["ready"] = sighting.pod->ready();
    line["node"] = sighting.pod->node;
  }
  return line;
}

ordered_json verdict_line(const Judged& judged) {
  const auto& verdict = judged.outcome.verdict;
  auto line = line_of(judged.site, judged.outcome, "verdict");
  const std::string_view word = judged.code == ExitCode::undone ? "undone" : kube::name_of(verdict.state);
  line["state"] = word;
  line["status"] = slipway::status(judged.code);
  line["text"] = kube::summary_line(judged.outcome);
  line["seconds"] = static_cast<double>(judged.outcome.took.count()) / 1000.0;
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
  for (const auto& log : judged.outcome.logs) line["logs"].push_back(log_of(log));
  if (!judged.undone.empty()) line["undo"] = judged.undone;
  if (const auto next = next_of(judged.site, judged.outcome); !next.empty() && judged.code != ExitCode::undone)
    line["next"] = next;
  return line;
}

void tell_findings(Session& session, const Judged& judged) {
  if (!session.json()) return;
  for (const auto& log : judged.outcome.logs) {
    auto line = line_of(judged.site, judged.outcome, "log");
    line.update(log_of(log));
    session.json_line(line);
  }
  if (judged.outcome.verdict.state != State::held) return;
  auto line = line_of(judged.site, judged.outcome, "held");
  line["text"] = judged.outcome.verdict.text;
  if (const auto next = next_of(judged.site, judged.outcome); !next.empty()) line["next"] = next;
  session.json_line(line);
}

ordered_json undo_line(const Judged& judged, std::string_view state, const std::string& text) {
  auto line = line_of(judged.site, judged.outcome, "undo");
  line["state"] = state;
  if (judged.undo_to > 0) line["to"] = judged.undo_to;
  line["text"] = text;
  return line;
}

}  // namespace slipway::rollout
