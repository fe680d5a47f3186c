// SPDX-License-Identifier: Apache-2.0
#include "kube/track.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/tracked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr auto most_look_grace = 10s;

}  // namespace

std::string Target::type() const {
  if (!resource) return std::string(name_of(kind));
  return text::lower(resource->kind) + (resource->group.empty() ? "" : '.' + resource->group);
}

const Resource& Target::api() const { return resource ? *resource : *known_resource(resource_of(kind)); }

std::vector<Target> select_workloads(Client& client, const std::string& name_space, const std::string& selector,
                                     const io::Run& run) {
  std::vector<Target> targets;
  for (const auto kind : {Kind::deployment, Kind::stateful_set, Kind::daemon_set, Kind::job}) {
    auto path = path_of(*known_resource(resource_of(kind)), name_space);
    if (!selector.empty()) path = with_query(path, {{"labelSelector", selector}});
    try {
      for (const auto& object : client.list(path, run))
        targets.push_back(
            {kind, text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"}), std::nullopt});
    } catch (const Error& error) {
      if (error.failure().id != failure::denied.id || error.at().empty() ||
          error.at().front().find("HTTP 403") == std::string::npos)
        throw;
      run.events.detail(fmt::format("{}s may not be listed: left out", name_of(kind)));
    }
  }
  return targets;
}

std::vector<Target> workloads_of(const std::vector<json>& manifest, const std::string& name_space) {
  std::vector<Target> targets;
  for (const auto& object : manifest) {
    const auto kind = kind_of(text_at(object, {"kind"}));
    const auto version = text_at(object, {"apiVersion"});
    if (!kind || *kind == Kind::replica_set || (version != "apps/v1" && version != "batch/v1" && version != "v1"))
      continue;
    auto own = text_at(object, {"metadata", "namespace"});
    targets.push_back(
        {*kind, own.empty() ? name_space : std::move(own), text_at(object, {"metadata", "name"}), std::nullopt});
  }
  return targets;
}

std::vector<Outcome> wait_ready(Client& client, const std::vector<Target>& targets, const TrackOptions& options,
                                const io::Run& run) {
  std::vector<std::unique_ptr<Track>> tracks;
  for (const auto& target : targets) tracks.push_back(std::make_unique<Track>(client, target, options, run.deadline));
  // Running out of time is an outcome here, so the clock is ours and not the transport's.
  const io::Run inner{run.events, run.stop, {}};
  if (options.wait) client.check_version(inner);
  // Who takes one look is there to see the answer: its grace is short and, until anything was seen,
  // runs from the beginning: a connection that is never answered counts.
  const auto begun = Track::Steady::now();
  const auto grace_of = [](const TrackOptions& each) {
    return each.wait ? each.api_grace : std::min<milliseconds>(each.api_grace, most_look_grace);
  };
  const auto grace_left = [&] {
    return options.wait ? milliseconds(5s)
                        : std::chrono::ceil<milliseconds>(begun + grace_of(options) - Track::Steady::now());
  };
  const auto never_seen = [&] {
    return !options.wait && std::ranges::all_of(tracks, [](const auto& t) { return t->outcome().uid.empty(); });
  };
  bool said_lost = false;
  const auto unfinished = [&] { return std::ranges::any_of(tracks, [](const auto& t) { return !t->finished(); }); };
  const auto end_all = [&](State state, const std::string& text) {
    for (auto& track : tracks)
      if (!track->finished()) track->end(state, text, inner);
  };
  const auto end_overdue = [&] {
    std::optional<io::Run> closing;  // for all of them
    for (auto& track : tracks) {
      if (track->finished() || !track->deadline().passed()) continue;
      if (!closing) closing.emplace(run.events, run.stop, Deadline::in(2s));
      auto why = track->lost().second;
      const auto& seen = track->outcome().verdict.text;
      if (!why.empty() && !seen.empty()) why = fmt::format("{}; at the end {}", seen, why);
      track->end(State::timeout, std::move(why), *closing);
    }
  };
  const auto follow_up = [&] {
    for (std::size_t i = 0; i < tracks.size(); ++i)
      if (auto next = tracks[i]->take_next())
        tracks.push_back(
            std::make_unique<Track>(client, tracks[i]->outcome().target, std::move(next->options), next->deadline));
  };
  while (unfinished()) {
    inner.stop.check();
    end_overdue();
    follow_up();
    if (!unfinished()) break;
    milliseconds wait = 5s;
    if (const auto left = grace_left(); left > 0ms) wait = std::min(wait, left);
    for (auto& track : tracks)
      if (!track->finished()) wait = std::min(track->deadline().left(wait), track->step(inner));
    client.wait(std::max(wait, 1ms), inner,
                [&] { return std::ranges::any_of(tracks, [](const auto& t) { return t->has_news(); }); });
    std::pair<milliseconds, std::string> lost{0ms, {}};
    bool out_of_grace = false;
    bool failed = false;
    for (auto& track : tracks) {
      if (track->finished()) continue;
      // What arrived together is judged together: one more look without waiting takes the rest in.
      track->look(inner);
      if (track->finished()) {
        failed = failed || track->outcome().verdict.state == State::failed;
        continue;
      }
      auto now = track->lost();
      if (now.second.empty()) continue;
      out_of_grace = out_of_grace || now.first >= grace_of(track->options());
      if (lost.second.empty() || now.first > lost.first) lost = std::move(now);
    }
    if (failed && !options.settle_all) end_all(State::timeout, "not waited for: another one failed");
    if (!lost.second.empty() && (out_of_grace || (grace_left() <= 0ms && never_seen())))
      end_all(State::unreachable, lost.second);
    follow_up();
    if (!unfinished()) break;
    if (!lost.second.empty() && !said_lost) run.events.warn(lost.second + "; trying again, this is no verdict");
    if (lost.second.empty() && said_lost) run.events.note("the API answers again");
    said_lost = !lost.second.empty();
  }
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < targets.size(); ++i) outcomes.push_back(std::move(tracks[i]->outcome()));
  return outcomes;
}

State worst(const std::vector<Outcome>& outcomes) {
  constexpr std::array order{State::failed, State::no_rule, State::unreachable, State::superseded,
                             State::gone,   State::timeout, State::held,        State::progressing};
  for (const auto state : order)
    if (std::ranges::any_of(outcomes, [&](const Outcome& each) { return each.verdict.state == state; })) return state;
  return State::done;
}

ExitCode exit_code_of(State state) {
  switch (state) {
  case State::done: return ExitCode::ok;
  case State::progressing:
  case State::held: return ExitCode::pending;
  case State::no_rule: return ExitCode::data;
  case State::failed: return ExitCode::no;
  case State::superseded: return ExitCode::try_again;
  case State::gone: return ExitCode::no_input;
  case State::unreachable: return ExitCode::unavailable;
  case State::timeout: return ExitCode::timeout;
  }
  return ExitCode::bug;
}

}  // namespace slipway::kube