// SPDX-License-Identifier: Apache-2.0
#include "auto_undo.hpp"

#include "core/error.hpp"
#include "undo.hpp"

#include <fmt/format.h>

#include <charconv>

namespace slipway::rollout {

using namespace std::chrono_literals;
using kube::State;

namespace {

/// An undo is followed for so long, whatever is left of --timeout.
constexpr std::chrono::milliseconds undo_limit = 5min;
constexpr std::string_view last_good = "last-good";
constexpr std::string_view previous = "previous";

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  return fault == std::errc{} && stop == end && number > 0 ? std::optional(number) : std::nullopt;
}

Wanted undo_target(const Options& options, const kube::Outcome& outcome) {
  Wanted wanted;
  wanted.not_this = outcome.verdict.revision;
  const auto to = options.undo_on_failure.value_or(std::string(last_good));
  if (to == previous) wanted.previous = true;
  else if (to != last_good) wanted.revision = number_of(to);
  else if (outcome.baseline_revision != 0 && outcome.baseline_revision != outcome.verdict.revision) {
    wanted.why = "it served when the wait began";
    wanted.revision = outcome.baseline_revision;  // fixed when the wait began
  }
  return wanted;
}

/// On stderr, in the record and, with --json, on stdout.
void tell(Session& session, const Judged& judged, io::Level level, std::string_view state, const std::string& text) {
  const auto& site = judged.site;
  io::Fields fields{{"cluster", site.cluster->name}, {"state", std::string(state)}};
  if (judged.undo_to > 0) fields.emplace_back("to", judged.undo_to);
  session.run().events.emit({.kind = "undo",
                             .level = level,
                             .subject = site.target.text(),
                             .text = fmt::format("{} {}: {}", site.cluster->name, site.target.text(), text),
                             .fields = std::move(fields)});
  if (session.json()) session.json_line(undo_line(judged, state, text));
}

}  // namespace

void check_undo_to(const Options& options) {
  const auto& to = options.undo_on_failure;
  if (to && *to != last_good && *to != previous && !number_of(*to))
    throw Error(failure::bad_usage,
                fmt::format("--undo-on-failure goes to last-good, previous or a revision, not to '{}'", *to));
}

bool wants_undo(Session& session, const Judged& judged) {
  const auto state = judged.outcome.verdict.state;
  const auto& options = session.options;
  const bool asked = (state == State::failed && (options.undo_on_failure || options.undo_on_timeout)) ||
                     (state == State::timeout && options.undo_on_timeout);
  if (!asked) return false;
  if (has_revisions(judged.site.target.kind)) return true;
  session.run().events.warn(fmt::format("{} is not undone: it has no revisions", judged.site.target.text()));
  return false;
}

std::optional<kube::FollowUp> begin_undo(Session& session, Judged& judged) {
  auto& site = judged.site;
  const auto deadline = Deadline::in(undo_limit);
  const io::Run run{session.run().events, session.run().stop, deadline};
  UndoRequest request;
  request.wanted = undo_target(session.options, judged.outcome);
  request.guard = Guard{judged.outcome.uid, judged.outcome.template_text};
  const auto& cause = judged.outcome.verdict.cause;
  request.reason = cause ? cause->name : std::string(kube::name_of(judged.outcome.verdict.state));
  request.unstick = true;  // what failed would only be in the way of what is to come back
  request.dry_run = session.context.common.dry_run;
  request.sends = session.sends();
  Undone undone;
  try {
    undone = undo(site, request, run);
  } catch (const Error& error) {
    const auto& id = error.failure().id;
    if (id == failure::interrupted.id) throw;
    judged.undone = error.message();
    tell(session, judged, io::Level::error, "refused", "not undone: " + error.message());
    if (id != failure::not_found.id)  // the first revision: the failure stands as it is
      judged.code = id == failure::conflict.id ? ExitCode::try_again : ExitCode::not_undone;
    return std::nullopt;
  }
  judged.undo_to = undone.to;
  auto what = fmt::format("revision {} -> {} ({})", undone.from, undone.to, undone.why);
  if (request.dry_run || !undone.changed) {
    judged.undone = undone.changed ? "would undo " + what : fmt::format("already at revision {}", undone.to);
    tell(session, judged, io::Level::note, "planned", judged.undone);
    return std::nullopt;
  }
  session.leaves(site, fmt::format("it failed ({}), and the undo {} is written and goes on: k8s-rollout status {}",
                                   request.reason, what, site.arguments()));
  tell(session, judged, io::Level::note, "written", "undoing " + what);
  judged.undoing = std::move(what);
  auto options = track_options(session.options, *site.cluster);
  options.wait = true;
  options.policy.fail_fast = true;
  options.policy.changed_at = undone.at;
  return kube::FollowUp{std::move(options), deadline};
}

void end_undo(Session& session, Judged& judged, const kube::Outcome& outcome) {
  const auto what = std::exchange(judged.undoing, {});
  const bool whole = outcome.verdict.state == State::done;
  judged.code = whole ? ExitCode::undone : ExitCode::not_undone;
  judged.undone = whole ? fmt::format("undone: {}; {} of {} pods available", what, outcome.verdict.counts.available,
                                      outcome.verdict.counts.wanted)
                        : fmt::format("the undo ({}) did not come through: {}", what, outcome.verdict.text);
  session.leaves(judged.site, judged.undone);
  if (!whole) tell_outcome(session, judged.site, outcome);
  tell(session, judged, whole ? io::Level::warning : io::Level::error, whole ? "done" : "failed", judged.undone);
}

}  // namespace slipway::rollout
