// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "plan.hpp"
#include "status.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace slipway::rollout {

using namespace std::chrono_literals;
using nlohmann::json;
using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

bool Runner::preflight(const std::vector<Wish>& wishes, bool begun) {
  std::vector<std::vector<Step>> found(session_.clusters.size());
  const auto errors = in_parallel(session_.clusters.size(), [&](std::size_t i) {
    for (auto& site : session_.sites(i, wishes, action_.kinds)) {
      Step step;
      step.site = site;
      action_.check(step);
      if (session_.many()) {
        demand_allowed(site, "patch", site.target.api(), session_.run(), action_.subresource);
        if (options_.command == "restart" && !options_.force && !begun) {
          auto look = track_options(options_, *site.cluster);
          look.wait = false;
          const auto outcomes = kube::wait_ready(*site.client, {site.target}, look, session_.run());
          if (outcomes.front().verdict.state != kube::State::done)
            throw Error(failure::conflict, fmt::format("{} is not whole before the run: {}", site.target.text(),
                                                       outcomes.front().verdict.text));
        }
      }
      step.before = read_shape(site, session_.run());
      found[i].push_back(std::move(step));
    }
  });
  if (!session_.many() && errors.front()) throw *errors.front();
  for (std::size_t i = 0; i < errors.size(); ++i)
    if (errors[i]) looked_ = worse(looked_, tell_error(session_, session_.clusters[i], *errors[i]));
  for (auto& each : found)
    for (auto& step : each) steps_.push_back(std::move(step));
  if (looked_ != ExitCode::ok) session_.run().events.warn("nothing was changed on any cluster");
  return looked_ == ExitCode::ok;
}

/// Going back on several places at once is asked about; so are images that differ between them, and a revision that
/// somebody has left because it was bad.
void Runner::ask() {
  if (options_.command != "undo" || dry_) return;
  std::set<std::string> images;
  std::string list;
  std::string doubts;
  for (auto& step : steps_) {
    const auto& planned = *step.planned;
    const auto image = text::join(planned.images, ",");
    images.insert(image);
    list += fmt::format("\n  {}  rev {} -> {}  {}", step.key(), planned.from, planned.to, image);
    if (!planned.doubt.empty()) doubts += fmt::format("\n  {}: {}", step.key(), planned.doubt);
  }
  if (steps_.size() < 2 && doubts.empty()) return;
  const bool differ = images.size() > 1 && session_.many();
  session_.confirm(fmt::format("going back on {} workload{}{}:{}{}\ngo on?", steps_.size(),
                               steps_.size() == 1 ? "" : "s", differ ? ", to images that DIFFER" : "", list,
                               doubts.empty() ? "" : "\nwhere somebody went away from:" + doubts));
}

void Runner::start_journal(const std::vector<Wish>& wishes) {
  if (!session_.many() || dry_ || action_.kinds.empty()) return;
  json named = json::array();
  for (const auto& wish : wishes)
    named.push_back({{"type", wish.custom.empty() ? std::string(kube::name_of(wish.kind)) : wish.custom},
                     {"name", wish.name},
                     {"namespace", wish.name_space.value_or("")},
                     {"context", wish.context.value_or("")}});
  json head{{"schema", "k8s-rollout-plan/v1"},
            {"at", text::rfc3339(std::chrono::system_clock::now())},
            {"options", options_to_json(options_)},
            {"wishes", named}};
  journal_ = Journal::create(journal_folder(session_.context.env), std::move(head));
  for (const auto& step : steps_) write("baseline", step, {{"before", to_json(step.before)}});
  session_.run().events.note(
      fmt::format("run {}: {} workloads on {} clusters", journal_->id(), steps_.size(), session_.clusters.size()));
}

void Runner::write(const char* event, const Step& step, json more) {
  if (!journal_) return;
  more["event"] = event;
  more["step"] = step.key();
  more["at"] = text::rfc3339(std::chrono::system_clock::now());
  journal_->write(more);
}

void Runner::resume(const std::vector<json>& lines) {
  for (auto& step : steps_)
    for (const auto& line : lines) {
      if (kube::text_at(line, {"step"}) != step.key()) continue;
      const auto event = kube::text_at(line, {"event"});
      if (event == "baseline") step.before = shape_from(line.at("before"));
      else if (event == "written") {
        step.after = shape_from(line.at("after"));
        step.written = true;
      } else if (event == "done") {
        step.done = true;
        step.verdict = "done before";
        step.text = kube::text_at(line, {"text"});
      } else if (event == "undone") {
        step.written = step.done = false;
      }
    }
  // Written by us, but killed before it was noted down: the object itself tells.
  for (auto& step : steps_) {
    const bool meant = std::ranges::any_of(lines, [&](const json& line) {
      return kube::text_at(line, {"step"}) == step.key() && kube::text_at(line, {"event"}) == "intent";
    });
    if (!meant || step.written) continue;
    const auto now = read_shape(step.site, session_.run());
    if (same(now, step.before)) continue;
    step.written = true;
    step.after = now;
  }
}

void Runner::do_step(Step& step) {
  const auto begun = Clock::now();
  auto& site = step.site;
  kube::Time at = site.client->now();
  bool to_follow = true;
  std::optional<kube::Outcome> outcome;
  try {
    if (!step.written) {
      write("intent", step);
      auto done = action_.apply(site);
      at = done.at;
      to_follow = done.to_follow;
      outcome = std::move(done.outcome);
      step.text = fmt::format("{}{}{}", done.text, done.changed ? session_.dry_run_note() : "", done.details);
      if (done.changed && !dry_)
        session_.leaves(site, fmt::format("{}; what is written stays, and goes on: k8s-rollout status {}", done.text,
                                          site.arguments()));
      step.fields = done.fields;
      step.fields["changed"] = done.changed && !dry_;
      step.written = done.changed && !dry_;
      step.verdict = done.changed ? "changed" : "as it was";
      if (journal_) {
        step.after = read_shape(site, session_.run());
        write("written", step, {{"after", to_json(step.after)}});
      }
    } else {
      step.text = "was written before";
    }
    if (follows_ && to_follow) outcome = follow(session_, site, at);
    if (outcome) {
      const auto& verdict = outcome->verdict;
      step.code = kube::exit_code_of(verdict.state);
      step.verdict = kube::name_of(verdict.state);
      step.text += "; " + kube::summary_line(*outcome);
      step.fields["state"] = kube::name_of(verdict.state);
      if (verdict.cause && verdict.state != kube::State::done) step.fields["id"] = verdict.cause->id;
    }
    const bool bakes = options_.bake || !options_.checks.empty() || !options_.check_urls.empty();
    if (step.code == ExitCode::ok && follows_ && outcome && bakes)
      if (const auto wrong = bake(session_, site); !wrong.empty()) {
        step.code = ExitCode::no;
        step.verdict = "failed its bake";
        step.text += "; " + wrong;
        step.fields["id"] = "bake-failed";
        session_.run().events.emit(
            {.kind = "explanation",
             .level = io::Level::error,
             .subject = site.target.text(),
             .text = fmt::format("FAILED  {} {}: {}", site.cluster->name, site.target.text(), wrong),
             .fields = {{"cluster", site.cluster->name}}});
      }
  } catch (const Error& error) {
    if (!session_.many() || error.failure().id == failure::interrupted.id) {
      throw;
    }
    step.code = tell_error(session_, *site.cluster, error);
    step.verdict = "error";
    step.text += (step.text.empty() ? "" : "; ") + error.message();
  }
  step.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  step.done = step.code == ExitCode::ok;
  if (step.done) write("done", step, {{"text", step.text}});
  else write("failed", step, {{"text", step.text}});
}

/// Stop, take back what failed, or take back all in reverse order.
void Runner::after_failure(std::size_t failed) {
  if (dry_ || options_.on_failure == "stop") return;
  const bool all = options_.on_failure == "undo-all";
  for (std::size_t i = failed + 1; i-- > 0;) {
    auto& step = steps_[i];
    if (!step.written || (step.done && !all)) continue;
    step.code = take_back(session_, step);
    step.verdict = step.code == ExitCode::undone      ? "undone"
                   : step.code == ExitCode::try_again ? "left alone"
                                                      : "UNDO FAILED";
    if (step.code == ExitCode::undone) write("undone", step);
  }
}

ExitCode Runner::run() {
  try {
    return run_steps();
  } catch (const Error&) {
    summary();
    if (journal_)
      session_.run().events.warn(
          fmt::format("run {0} is unfinished: k8s-rollout plan continue {0}, or plan abort {0}", journal_->id()));
    throw;
  }
}

ExitCode Runner::run_steps() {
  const auto at_once = session_.many() ? static_cast<std::size_t>(options_.clusters_at_once) : 1U;
  for (std::size_t begin = 0; begin < steps_.size();) {
    auto end = std::min(begin + at_once, steps_.size());
    const auto* here = steps_[begin].site.cluster;
    if (at_once > 1) {
      // Side by side are clusters; the workloads of one stay in order, so a batch holds one of each.
      std::set<const Cluster*> seen;
      end = begin;
      while (end < steps_.size() && end - begin < at_once && seen.insert(steps_[end].site.cluster).second) ++end;
    }
    session_.run().stop.check();
    if (options_.confirm_each && begin > 0 && here != steps_[begin - 1].site.cluster)
      session_.confirm(fmt::format("{} is done. Go on with {}?", steps_[begin - 1].site.cluster->name, here->name));
    std::vector<std::size_t> todo;
    for (auto i = begin; i < end; ++i)
      if (!steps_[i].done) todo.push_back(i);
    if (todo.size() == 1) {
      do_step(steps_[todo.front()]);
    } else if (!todo.empty()) {
      const auto errors = in_parallel(todo.size(), [&](std::size_t i) { do_step(steps_[todo[i]]); });
      for (const auto& error : errors)
        if (error) throw *error;
    }
    for (const auto i : todo)
      if (!steps_[i].done) {
        after_failure(end - 1);
        return finish(steps_[i].code);
      }
    begin = end;
  }
  return finish(ExitCode::ok);
}

ExitCode Runner::abort() {
  auto code = ExitCode::ok;
  for (std::size_t i = steps_.size(); i-- > 0;) {
    auto& step = steps_[i];
    if (!step.written) continue;
    if (dry_) {
      step.text = "would be taken back (dry run)";
      step.verdict = "as it was";
      continue;
    }
    step.text = "aborted";
    const auto came = take_back(session_, step);
    step.verdict = came == ExitCode::undone ? "undone" : came == ExitCode::try_again ? "left alone" : "UNDO FAILED";
    step.done = came == ExitCode::undone;
    if (step.done) write("undone", step);
    code = worse(code, came == ExitCode::undone ? ExitCode::ok : came);
  }
  return finish(code);
}

/// Cluster, before, after, time, verdict.
void Runner::summary() {
  if (!session_.many()) return;
  std::vector<std::vector<std::string>> rows{{"CLUSTER", "WORKLOAD", "BEFORE", "AFTER", "TIME", "VERDICT"}};
  for (auto& step : steps_) {
    auto after = step.after.revision;
    if (step.written && !dry_) {
      try {
        after = read_shape(step.site, {session_.run().events, {}, Deadline::in(5s)}).revision;
      } catch (const Error&) {
        after = "?";  // the table is a comfort; what matters was said already
      }
    }
    rows.push_back({step.site.cluster->name, step.site.target.text(),
                    step.before.revision.empty() ? "-" : step.before.revision, after.empty() ? "-" : after,
                    step.took.count() > 0 ? text::show_duration(step.took) : "-", step.verdict});
  }
  session_.run().events.note(std::string(text::trim(table(rows))));
}

ExitCode Runner::finish(ExitCode code) {
  const auto some_done =
      std::ranges::any_of(steps_, [](const Step& step) { return step.done && step.code == ExitCode::ok; });
  for (const auto& step : steps_)
    if (step.code == ExitCode::not_undone) code = ExitCode::not_undone;
  const bool all_back =
      code != ExitCode::ok && code != ExitCode::not_undone &&
      std::ranges::any_of(steps_, [](const Step& s) { return s.code == ExitCode::undone; }) &&
      std::ranges::none_of(steps_, [](const Step& s) { return s.written && s.code != ExitCode::undone; });
  if (all_back) code = ExitCode::undone;
  // Some clusters are changed and well, this one is not, the rest was not touched.
  else if (some_done && code != ExitCode::ok && code != ExitCode::not_undone) code = ExitCode::partial;
  summary();
  if (journal_)
    journal_->write(
        {{"event", "end"}, {"status", status(code)}, {"at", text::rfc3339(std::chrono::system_clock::now())}});
  ordered_json results = ordered_json::array();
  for (const auto& step : steps_) {
    ordered_json result{{"cluster", step.site.cluster->name},
                        {"namespace", step.site.target.name_space},
                        {"workload", step.site.target.text()},
                        {"changed", false},
                        {"text", step.text.empty() ? "not touched" : step.text}};
    result.update(step.fields);
    results.push_back(std::move(result));
    if (session_.json()) continue;
    if (options_.output == "name") session_.context.out.print_line(step.site.target.text());
    else
      session_.context.out.print_line(fmt::format("{}{} \"{}\" {}", session_.prefix(*step.site.cluster),
                                                  step.site.target.type(), step.site.target.name,
                                                  step.text.empty() ? "not touched" : step.text));
  }
  if (session_.json()) {
    ordered_json answer{
        {"schema", schema}, {"command", options_.command}, {"status", status(code)}, {"results", results}};
    if (journal_) answer["plan"] = journal_->id();
    session_.context.out.print_line(answer.dump());
  }
  return code;
}

}  // namespace slipway::rollout
