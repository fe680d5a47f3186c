// SPDX-License-Identifier: Apache-2.0
// What the commands of one run share: the options, one client a cluster, how results are told and
// how several statuses become one.
#pragma once

#include "cli/run.hpp"
#include "clusters.hpp"
#include "kube/client.hpp"
#include "kube/explain.hpp"
#include "kube/track.hpp"
#include "options.hpp"
#include "workloads.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::rollout {

constexpr std::string_view agent = "k8s-rollout/1";
constexpr std::string_view schema = "k8s-rollout/v1";

/// One workload on one cluster.
struct Site {
  const Cluster* cluster = nullptr;
  kube::Client* client = nullptr;
  kube::Target target;
  [[nodiscard]] std::string place() const { return cluster->name + '/' + target.name_space; }
  /// "deployment/web -n web --context dc1": complete, whatever the shell it is pasted into.
  [[nodiscard]] std::string arguments() const;
};

/// Where the API has it.
[[nodiscard]] std::string path_of(const Site& site, std::string_view subresource = {});

class Session {
 public:
  Session(const Options& options, cli::Context& context);

  const Options& options;
  cli::Context& context;
  std::vector<Cluster> clusters;
  std::vector<kube::Client> clients;  ///< same order

  [[nodiscard]] const io::Run& run() const { return context.run; }
  [[nodiscard]] bool many() const { return clusters.size() > 1; }
  /// "dc1: " when there are several clusters.
  [[nodiscard]] std::string prefix(const Cluster& cluster) const { return many() ? cluster.name + ": " : ""; }
  /// --json, or -o json.
  [[nodiscard]] bool json() const { return context.common.json || options.output == "json"; }
  /// Whether writes are sent at all: those of --dry-run=server are, and the clients see to it that none is kept.
  [[nodiscard]] bool sends() const { return !context.common.dry_run || context.common.dry_run_on_server; }
  /// " (dry run)", behind what was not done.
  [[nodiscard]] std::string_view dry_run_note() const {
    if (context.common.dry_run_on_server) return " (server dry run)";
    return context.common.dry_run ? " (dry run)" : "";
  }
  /// The workloads of cluster `index`, all of a kind that the command works on.
  /// @throws Error bad_usage for another kind
  [[nodiscard]] std::vector<Site> sites(std::size_t index, const std::vector<Wish>& wishes,
                                        const std::vector<kube::Kind>& kinds);
  /// The workloads on all clusters, before one of them is touched. Where one of several clusters does not answer, or
  /// lacks a workload, or `check` refuses one, that is told, and nothing is to be changed anywhere.
  /// @return nothing then, with the reason in `code`
  /// @throws Error of the only cluster
  [[nodiscard]] std::optional<std::vector<Site>> sites_everywhere(const std::vector<Wish>& wishes,
                                                                  const std::vector<kube::Kind>& kinds,
                                                                  const std::function<void(Site&)>& check,
                                                                  ExitCode& code);
  /// Asks on the terminal; --yes answers. Without a terminal and without --yes it is a wrong command line.
  /// @throws Error bad_usage; interrupted when the answer is no
  void confirm(const std::string& question);

  /// What stays behind if the run is stopped now: said then, the last word for each workload. From any thread.
  void leaves(const Site& site, std::string text);
  /// Runs `work`, and where a signal or the time limit ends it, says what was left behind.
  /// @throws what `work` throws
  ExitCode told_when_stopped(const std::function<ExitCode()>& work);

  /// One line on stdout at once, from any thread, while the work goes on.
  void line(const std::string& text);
  /// The same of JSON. Only with --json.
  void json_line(const nlohmann::ordered_json& object);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> left_;  ///< by workload
};

/// How to judge, from the options.
/// @throws Error bad_usage: an unknown class in --fail-fast
[[nodiscard]] kube::TrackOptions track_options(const Options& options, const Cluster& cluster);

/// The worse of two statuses, by the order 6 1 5 4 69 77 75 66 124 3 0; others are worst of all.
[[nodiscard]] ExitCode worse(ExitCode a, ExitCode b);

/// Runs `work(0..count)` side by side, one thread each; one alone runs here. Errors come back as values.
[[nodiscard]] std::vector<std::optional<Error>> in_parallel(std::size_t count,
                                                            const std::function<void(std::size_t)>& work);

/// @throws Error denied: who runs this may not `verb` the resource in the site's namespace
void demand_allowed(Site& site, const std::string& verb, const kube::Resource& resource, const io::Run& run,
                    const std::string& subresource = {});

/// An Error of one of several clusters, told on stderr; returns its status.
ExitCode tell_error(Session& session, const Cluster& cluster, const Error& error);
/// The same as data: in the place of what the cluster would have answered.
[[nodiscard]] nlohmann::ordered_json error_entry(const Cluster& cluster, const Error& error);

}  // namespace slipway::rollout
