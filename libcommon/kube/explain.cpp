// SPDX-License-Identifier: Apache-2.0
#include "kube/explain.hpp"

#include "core/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

namespace {

std::string_view word_of(State state) {
  switch (state) {
  case State::done: return "OK";
  case State::progressing: return "GOING";
  case State::held: return "HELD";
  case State::no_rule: return "NO RULE";
  case State::failed: return "FAILED";
  case State::superseded: return "OVERTAKEN";
  case State::gone: return "GONE";
  case State::unreachable: return "NO VERDICT";
  case State::timeout: return "TIMEOUT";
  }
  return "";
}

/// Without the long part of a registry's address, as the tag or digest tells revisions apart.
std::string short_image(const std::string& image) {
  const auto slash = image.rfind('/');
  auto name = slash == std::string::npos ? image : image.substr(slash + 1);
  if (const auto at = name.find("@sha256:"); at != std::string::npos && name.size() > at + 20) name.resize(at + 20);
  return name;
}

std::string head(const Outcome& outcome, const ExplainOptions& options) {
  const auto& verdict = outcome.verdict;
  auto line = fmt::format("{:<7} {}  {}", word_of(verdict.state), outcome.target.text(), options.place);
  if (verdict.revision > 0) line += fmt::format("  rev {}", verdict.revision);
  if (!verdict.images.empty()) {
    line += " (image ";
    for (std::size_t i = 0; i < verdict.images.size(); ++i)
      line += (i == 0 ? "" : ", ") + short_image(verdict.images[i]);
    line += ')';
  }
  return line + "  after " + text::show_duration(outcome.took);
}

std::string event_text(const EventFact& event) {
  const auto time = event.last
                        ? fmt::format("{:%H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(*event.last)))
                        : "--:--:--";
  return fmt::format("{} x{} {} {}: {}", time, event.count, event.type, event.reason, tidy_message(event.message, 180));
}

}  // namespace

std::vector<std::string> explain(const Outcome& outcome, const ExplainOptions& options) {
  const auto& verdict = outcome.verdict;
  std::vector<std::string> lines{head(outcome, options)};
  const auto add = [&lines](std::string_view label, std::string_view content) {
    lines.push_back(fmt::format("{:<7} {}", label, content));
  };
  if (verdict.state == State::done) {
    for (const auto& warning : verdict.warnings) add("note", warning);
    return lines;
  }
  if (verdict.state != State::failed) add("state", verdict.text);
  if (verdict.state == State::timeout || verdict.state == State::unreachable || verdict.state == State::progressing)
    for (const auto& missing : verdict.waiting)
      if (missing != verdict.text) add("missing", missing);
  if (verdict.cause) {
    add("cause", verdict.cause->name + ": " + verdict.cause->text);
    if (!verdict.cause->pod.empty())
      add("pod",
          verdict.cause->pod + (verdict.cause->container.empty() ? "" : "  container " + verdict.cause->container));
    int shown = 0;
    for (const auto& other : verdict.troubles)
      if (other.id != verdict.cause->id && verdict.cause->text.find(other.text) == std::string::npos && ++shown <= 2)
        add("also", other.name + ": " + other.text);
  }
  std::vector<EventFact> events;
  for (const auto& event : outcome.events) {
    // Of what is normal only this moves the goal, or takes pods away.
    if (event.type == "Normal" && event.reason != "Killing" && event.reason != "SuccessfulRescale") continue;
    // Each refused pod has another name in an otherwise equal message: one line for all.
    const auto same = std::ranges::find(events, event.reason, &EventFact::reason);
    if (event.reason == "FailedCreate" && same != events.end()) {
      const int count = same->count + event.count;
      *same = event;
      same->count = count;
      continue;
    }
    events.push_back(event);
  }
  const auto most = static_cast<std::size_t>(std::max(0, options.events));
  if (events.size() > most) events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(most));
  for (std::size_t i = 0; i < events.size(); ++i) add(i == 0 ? "events" : "", event_text(events[i]));
  for (const auto& log : outcome.logs) {
    const auto which = fmt::format("{}{}", log.container, log.previous ? ", the run before" : "");
    if (log.lines.empty()) {
      add("logs", fmt::format("{}: none ({})", which, tidy_message(log.missing, 160)));
      continue;
    }
    add("logs", fmt::format("{}, last {} line{}:", which, log.lines.size(), log.lines.size() == 1 ? "" : "s"));
    for (const auto& line : log.lines) lines.push_back("        | " + line);
  }
  if (!verdict.serving.empty()) add("serving", verdict.serving);
  if (!verdict.changed.empty()) add("changed", verdict.changed);
  for (const auto& warning : verdict.warnings) add("note", warning);
  // The last screen holds the cause: a long log must not have scrolled it away.
  constexpr std::size_t screen = 18;
  const auto cause = std::ranges::find_if(lines, [](const auto& line) { return line.starts_with("cause "); });
  if (cause != lines.end() && lines.end() - cause > static_cast<std::ptrdiff_t>(screen)) {
    const std::string again = *cause;
    lines.push_back(again);
  }
  if (!options.next.empty()) add("next", options.next);
  return lines;
}

std::string summary_line(const Outcome& outcome) {
  const auto& verdict = outcome.verdict;
  const auto name = fmt::format("{} \"{}\"", outcome.target.type(), outcome.target.name);
  switch (verdict.state) {
  case State::done:
    if (outcome.target.kind == Kind::job) return name + " completed";
    if (outcome.target.kind == Kind::custom) return name + " is ready";
    if (outcome.verdict.partitioned) return fmt::format("{} partitioned roll out complete: {}", name, verdict.text);
    return name + " successfully rolled out";  // kubectl's words, which scripts grep for
  case State::progressing: return fmt::format("{} is not rolled out yet: {}", name, verdict.text);
  case State::held: return fmt::format("{} is held: {}", name, verdict.text);
  case State::no_rule: return fmt::format("{} has no rule of readiness: {}", name, verdict.text);
  case State::failed: return fmt::format("{} failed: {}", name, verdict.text);
  case State::superseded: return fmt::format("{} was overtaken: {}", name, verdict.text);
  case State::gone: return fmt::format("{} {}", name, verdict.text);
  case State::unreachable: return fmt::format("{}: no verdict: {}", name, verdict.text);
  case State::timeout: {
    auto line = fmt::format("{} timed out without a verdict: {}", name, verdict.text);
    if (verdict.cause) line += "; " + verdict.cause->name + ": " + verdict.cause->text;
    return line;
  }
  }
  return name;
}

}  // namespace slipway::kube
