// SPDX-License-Identifier: Apache-2.0
// The time between "it is out" and "it is good": restarts, availability, and the checks of the user.
#include "core/error.hpp"
#include "core/text.hpp"
#include "http/client.hpp"
#include "plan.hpp"
#include "process/spawn.hpp"

#include <fmt/format.h>

namespace slipway::rollout {

using namespace std::chrono_literals;

namespace {

constexpr auto between_checks = 10s;
constexpr auto check_limit = 30s;

/// Words as a shell would split them, with quotes and backslashes; there is no shell behind it.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      else if (c == '\\' && quote == '"' && i + 1 < line.size()) word += line[++i];
      else word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      word += line[++i];
      open = true;
    } else if (c == ' ' || c == '\t') {
      if (open || !word.empty()) words.push_back(std::move(word));
      word.clear();
      open = false;
    } else {
      word += c;
    }
  }
  if (quote != 0) throw Error(failure::bad_usage, fmt::format("--check: a quote in '{}' has no end", line));
  if (open || !word.empty()) words.push_back(std::move(word));
  return words;
}

std::string run_check(const std::string& line, const Site& site, const io::Run& run) {
  process::Command command;
  command.argv = words_of(line);
  if (command.argv.empty()) throw Error(failure::bad_usage, "--check is empty");
  command.env = {{"K8S_ROLLOUT_CLUSTER", site.cluster->name},
                 {"K8S_ROLLOUT_NAMESPACE", site.target.name_space},
                 {"K8S_ROLLOUT_WORKLOAD", site.target.text()}};
  command.keep = 0;
  try {
    const auto outcome = process::run(command, {run.events, run.stop, run.deadline.sooner(Deadline::in(check_limit))});
    if (outcome.ok()) return {};
    const auto last = text::printable(text::trim(outcome.err_tail));
    return fmt::format("check '{}' failed ({}){}", line, outcome.how(), last.empty() ? "" : ": " + last.substr(0, 200));
  } catch (const Error& error) {
    if (error.failure().id != failure::timed_out.id || run.deadline.passed()) throw;
    return fmt::format("check '{}' gave no answer within {} s", line, check_limit.count());
  }
}

std::string ask_url(const std::string& url, const io::Run& run) {
  http::Client client{std::string(agent)};
  http::Request request;
  request.url = url;
  request.total_timeout = check_limit;
  request.max_body = 1U << 20U;
  request.on_data = [](std::string_view) { return true; };
  try {
    const auto response = client.send(request, run);
    if (response.status >= 200 && response.status < 300) return {};
    return fmt::format("{} answered HTTP {}", http::safe_url(url), response.status);
  } catch (const Error& error) {
    if (error.failure().id == failure::interrupted.id) throw;
    return error.message();
  }
}

std::string run_checks(const Options& options, const Site& site, const io::Run& run) {
  for (const auto& line : options.checks)
    if (auto wrong = run_check(line, site, run); !wrong.empty()) return wrong;
  for (const auto& url : options.check_urls)
    if (auto wrong = ask_url(url, run); !wrong.empty()) return wrong;
  return {};
}

}  // namespace

std::string bake(Session& session, Site& site) {
  const auto& options = session.options;
  const auto& run = session.run();
  const auto end = std::chrono::steady_clock::now() + options.bake.value_or(0ms);
  if (options.bake)
    run.events.note(fmt::format("{} {}: baking for {}", site.cluster->name, site.target.text(),
                                text::show_duration(*options.bake)));
  std::optional<int> restarts;
  for (;;) {
    if (auto wrong = run_checks(options, site, run); !wrong.empty()) return wrong;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= 0ms) return {};
    auto track = track_options(options, *site.cluster);
    track.wait = true;
    track.policy.stable = std::min<std::chrono::milliseconds>(left, between_checks);
    track.policy.revision.reset();
    // What was available and is not any more gets a check's time to come back, and is no good then.
    const auto limit = run.deadline.sooner(Deadline::in(track.policy.stable + between_checks));
    const auto outcomes = kube::wait_ready(*site.client, {site.target}, track, {run.events, run.stop, limit});
    const auto& verdict = outcomes.front().verdict;
    if (run.deadline.passed()) run.deadline.check();
    if (verdict.state == kube::State::timeout) return "did not stay available: " + verdict.text;
    if (verdict.state != kube::State::done) return kube::summary_line(outcomes.front());
    if (restarts && verdict.restarts > *restarts)
      return fmt::format("{} restarts while baking", verdict.restarts - *restarts);
    restarts = verdict.restarts;
  }
}

std::string bake_canary(Session& session, Site& site, int pods) {
  const auto& run = session.run();
  if (session.options.bake)
    run.events.note(fmt::format("{} {}: baking the canary for {}", site.cluster->name, site.target.text(),
                                text::show_duration(*session.options.bake)));
  const auto end = std::chrono::steady_clock::now() + session.options.bake.value_or(0ms);
  std::optional<int> restarts;
  for (;;) {
    if (auto wrong = run_checks(session.options, site, run); !wrong.empty()) return wrong;
    auto look = track_options(session.options, *site.cluster);
    look.wait = false;
    const auto outcomes = kube::wait_ready(*site.client, {site.target}, look, run);
    const auto& verdict = outcomes.front().verdict;
    if (verdict.counts.ready < pods) return fmt::format("{} of {} canary pods are ready", verdict.counts.ready, pods);
    if (restarts && verdict.restarts > *restarts)
      return fmt::format("{} restarts of canary pods", verdict.restarts - *restarts);
    restarts = verdict.restarts;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= 0ms) return {};
    site.client->wait(std::min<std::chrono::milliseconds>(left, between_checks), run);
  }
}

}  // namespace slipway::rollout
