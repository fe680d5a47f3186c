// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "core/text.hpp"
#include "kube/trouble.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <thread>

namespace slipway::rollout {

using namespace std::chrono_literals;

std::string Site::arguments() const {
  auto text = fmt::format("{} -n {}", target.text(), target.name_space);
  if (!cluster->option.empty()) text += (cluster->option.front() == ' ' ? "" : " ") + cluster->option;
  return text;
}

Session::Session(const Options& o, cli::Context& c) : options(o), context(c), clusters(choose_clusters(o, c)) {
  // The wait itself has --api-grace; what comes before it should not leave a person waiting for minutes.
  const auto grace = std::min<std::chrono::milliseconds>(o.api_grace, 10s);
  for (const auto& cluster : clusters)
    clients.emplace_back(cluster.access, std::string(agent), kube::ClientOptions{.grace = many() ? 0ms : grace});
}

std::vector<Site> Session::deployments(std::size_t index, const std::vector<Wish>& wishes) {
  std::vector<Site> sites;
  for (auto& target : resolve(wishes, options, clusters[index], clients[index], run())) {
    if (target.kind != kube::Kind::deployment)
      throw Error(failure::bad_usage,
                  fmt::format("'{}' works on Deployments, and {} is none", options.command, target.text()));
    sites.push_back({&clusters[index], &clients[index], std::move(target)});
  }
  return sites;
}

void Session::json_line(const nlohmann::ordered_json& line) {
  const std::scoped_lock lock(mutex_);
  context.out.print_line(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  context.out.flush();
}

namespace {

void read_fail_fast(const std::string& text, kube::Policy& policy) {
  const auto mode_of = [](std::string_view word) -> std::optional<kube::Mode> {
    if (word == "fail" || word == "on") return kube::Mode::fail;
    if (word == "warn") return kube::Mode::warn;
    if (word == "off") return kube::Mode::off;
    return std::nullopt;
  };
  for (const auto& each : text::split(text, ',')) {
    if (each == "on" || each == "off") {
      policy.fail_fast = each == "on";
      continue;
    }
    const auto equals = each.find('=');
    const auto* kind = kube::trouble_class(each.substr(0, equals));
    if (!kind) {
      std::vector<std::string> known{"on", "off"};
      for (const auto& one : kube::trouble_classes()) known.emplace_back(one.id);
      throw Error(failure::bad_usage,
                  fmt::format("--fail-fast: unknown class '{}'{}", each.substr(0, equals),
                              text::did_you_mean(text::lower(each.substr(0, equals)), known)),
                  "known are: " + text::join(known, ", "));
    }
    const auto mode =
        equals == std::string::npos ? kube::Mode::fail : mode_of(each.substr(equals + 1)).value_or(kube::Mode::fail);
    if (equals != std::string::npos && !mode_of(each.substr(equals + 1)))
      throw Error(failure::bad_usage,
                  fmt::format("--fail-fast: {} can be fail, warn or off, not '{}'", kind->id, each.substr(equals + 1)));
    policy.classes[std::string(kind->id)] = mode;
  }
}

}  // namespace

kube::TrackOptions track_options(const Options& options, const Cluster& cluster) {
  kube::TrackOptions track;
  auto& policy = track.policy;
  policy.stable = options.stable.value_or(0ms);
  policy.wait_terminated = options.wait_terminated;
  policy.patience = options.patience;
  policy.max_restarts = options.max_restarts;
  policy.no_progress = options.no_progress;
  policy.follow_superseded = options.follow_superseded;
  read_fail_fast(options.fail_fast, policy);
  if (options.max_restarts < 1)
    throw Error(failure::bad_usage, fmt::format("--max-restarts has to be 1 or more, not {}", options.max_restarts));
  if (options.logs < 0)
    throw Error(failure::bad_usage, fmt::format("--logs has to be 0 or more, not {}", options.logs));
  track.wait = options.watch == "true";
  track.api_grace = options.api_grace;
  track.log_lines = options.logs;
  track.place = cluster.name;
  return track;
}

ExitCode worse(ExitCode a, ExitCode b) {
  constexpr std::array order{ExitCode::not_undone,  ExitCode::no,         ExitCode::undone,    ExitCode::partial,
                             ExitCode::unavailable, ExitCode::permission, ExitCode::try_again, ExitCode::no_input,
                             ExitCode::timeout,     ExitCode::pending,    ExitCode::ok};
  const auto rank = [&](ExitCode code) { return std::ranges::find(order, code) - order.begin(); };
  const auto none = static_cast<std::ptrdiff_t>(order.size());
  if (rank(a) == none) return a;
  if (rank(b) == none) return b;
  return rank(a) <= rank(b) ? a : b;
}

std::vector<std::optional<Error>> in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::optional<Error>> errors(count);
  std::vector<std::exception_ptr> bugs(count);
  const auto guarded = [&](std::size_t i) {
    try {
      work(i);
    } catch (const Error& error) {
      errors[i] = error;
    } catch (...) {
      bugs[i] = std::current_exception();
    }
  };
  if (count == 1) {
    guarded(0);
  } else {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&guarded, i] { guarded(i); });
  }
  for (const auto& bug : bugs)
    if (bug) std::rethrow_exception(bug);
  for (const auto& error : errors)
    if (error && error->failure().id == failure::interrupted.id) throw *error;
  return errors;
}

ExitCode tell_error(Session& session, const Cluster& cluster, const Error& error) {
  auto text = fmt::format("{}: {}", cluster.name, error.message());
  for (const auto& place : error.at()) text += "\n  at   " + place;
  if (!error.hint().empty()) text += "\n  try  " + error.hint();
  session.run().events.emit({.kind = "error",
                             .level = io::Level::error,
                             .subject = std::string(error.failure().id),
                             .text = text,
                             .fields = {{"cluster", cluster.name}, {"status", std::int64_t{status(error.code())}}}});
  return error.code();
}

}  // namespace slipway::rollout
