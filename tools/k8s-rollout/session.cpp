// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/trouble.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <thread>

namespace slipway::rollout {

using namespace std::chrono_literals;

std::string Site::arguments() const {
  auto text = fmt::format("{} -n {}", target.text(), target.name_space);
  if (!cluster->option.empty()) text += (cluster->option.front() == ' ' ? "" : " ") + cluster->option;
  return text;
}

std::string path_of(const Site& site, std::string_view subresource) {
  return kube::path_of(site.target.api(), site.target.name_space, site.target.name, subresource);
}

Session::Session(const Options& o, cli::Context& c) : options(o), context(c), clusters(choose_clusters(o, c)) {
  // The wait itself has --api-grace; what comes before it should not leave a person waiting for minutes.
  const auto grace = std::min<std::chrono::milliseconds>(o.api_grace, 10s);
  for (const auto& cluster : clusters)
    clients.emplace_back(cluster.access, std::string(agent),
                         kube::ClientOptions{.request_timeout = o.request_timeout,
                                             .grace = many() ? 0ms : grace,
                                             .field_manager = o.field_manager,
                                             .dry_run = c.common.dry_run_on_server});
}

std::vector<Site> Session::sites(std::size_t index, const std::vector<Wish>& wishes,
                                 const std::vector<kube::Kind>& kinds) {
  std::vector<Site> found;
  for (auto& target : resolve(wishes, options, clusters[index], clients[index], run())) {
    if (std::ranges::find(kinds, target.kind) == kinds.end()) {
      std::vector<std::string> names;
      for (const auto kind : kinds)
        names.emplace_back(kube::resource_of(kind).empty() ? "custom resource" : kube::resource_of(kind));
      throw Error(failure::bad_usage, fmt::format("'{}' works on {}s, and {} is none", options.command,
                                                  text::join(names, "s, "), target.text()));
    }
    Site site{&clusters[index], &clients[index], std::move(target)};
    if (options.ignore_not_found && !clients[index].find(path_of(site), run())) continue;
    found.push_back(std::move(site));
  }
  return found;
}

std::optional<std::vector<Site>> Session::sites_everywhere(const std::vector<Wish>& wishes,
                                                           const std::vector<kube::Kind>& kinds,
                                                           const std::function<void(Site&)>& check, ExitCode& code) {
  std::vector<std::vector<Site>> found(clusters.size());
  const auto errors = in_parallel(clusters.size(), [&](std::size_t i) {
    found[i] = sites(i, wishes, kinds);
    for (auto& site : found[i]) check(site);
  });
  if (!many() && errors.front()) throw *errors.front();
  code = ExitCode::ok;
  for (std::size_t i = 0; i < errors.size(); ++i)
    if (errors[i]) code = worse(code, tell_error(*this, clusters[i], *errors[i]));
  if (code != ExitCode::ok) {
    run().events.warn("nothing was changed on any cluster");
    return std::nullopt;
  }
  std::vector<Site> all;
  for (auto& each : found) std::ranges::move(each, std::back_inserter(all));
  return all;
}

void Session::confirm(const std::string& question) {
  if (options.yes || context.common.dry_run) return;
  if (!context.in.is_terminal()) throw Error(failure::bad_usage, question + " Nobody is there to ask", "--yes answers");
  run().events.note(question + " [y/N]");
  std::string answer;
  for (char c = 0; answer.size() < 16;) {
    const auto got = ::read(context.in.fd(), &c, 1);
    if (got < 0) run().check();  // a signal
    if (got <= 0 || c == '\n') break;
    answer += c;
  }
  if (text::lower(answer) != "y" && text::lower(answer) != "yes")
    throw Error(failure::conflict, "the answer was no: nothing further is changed");
}

void Session::leaves(const Site& site, std::string text) {
  const std::scoped_lock lock(mutex_);
  left_.insert_or_assign(fmt::format("{} {}", site.place(), site.target.text()), std::move(text));
}

ExitCode Session::told_when_stopped(const std::function<ExitCode()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    const auto& id = error.failure().id;
    if (id != failure::interrupted.id && id != failure::timed_out.id) throw;
    const std::scoped_lock lock(mutex_);
    for (const auto& [workload, text] : left_) run().events.warn(fmt::format("stopped; {}: {}", workload, text));
    throw;
  }
}

void Session::line(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  context.out.print_line(text);
  context.out.flush();
}

void Session::json_line(const nlohmann::ordered_json& object) {
  line(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

kube::TrackOptions track_options(const Options& options, const Cluster& cluster) {
  kube::TrackOptions track;
  auto& policy = track.policy;
  policy.stable = options.stable.value_or(0ms);
  policy.wait_terminated = options.wait_terminated;
  policy.patience = options.patience;
  policy.max_restarts = options.max_restarts;
  policy.no_progress = options.no_progress;
  policy.follow_superseded = options.follow_superseded;
  policy.fail_unready_after = options.fail_unready_after;
  policy.require_full = options.require_full;
  policy.ignore_unready_nodes = options.ignore_unready_nodes;
  if (options.revision && options.command == "status") policy.revision = *options.revision;
  for (const auto& rule : options.ready_when) policy.rules.ready.push_back(kube::parse_ready_rule(rule));
  for (const auto& rule : options.failed_when) policy.rules.failed.push_back(kube::parse_ready_rule(rule));
  kube::read_fail_fast(options.fail_fast, policy);
  if (options.max_restarts < 1)
    throw Error(failure::bad_usage, fmt::format("--max-restarts has to be 1 or more, not {}", options.max_restarts));
  if (options.logs < 0)
    throw Error(failure::bad_usage, fmt::format("--logs has to be 0 or more, not {}", options.logs));
  track.wait = options.watch == "true";
  track.api_grace = options.api_grace;
  track.log_lines = options.logs;
  track.follow_logs = options.follow_logs;
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

void demand_allowed(Site& site, const std::string& verb, const kube::Resource& resource, const io::Run& run,
                    const std::string& subresource) {
  const auto& name_space = site.target.name_space;
  if (site.client->allowed(verb, resource, name_space, run, subresource)) return;
  throw Error(failure::denied, fmt::format("user '{}' may not {} {} in namespace '{}'", site.cluster->access.user, verb,
                                           resource.plural, name_space));
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

nlohmann::ordered_json error_entry(const Cluster& cluster, const Error& error) {
  return {{"cluster", cluster.name},
          {"state", "error"},
          {"id", error.failure().id},
          {"text", error.message()},
          {"status", slipway::status(error.code())}};
}

}  // namespace slipway::rollout
