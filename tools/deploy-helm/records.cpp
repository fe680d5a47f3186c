// SPDX-License-Identifier: Apache-2.0
#include "records.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/explain.hpp"
#include "kube/track.hpp"
#include "show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace slipway::deploy_helm {

namespace {

using nlohmann::ordered_json;

std::string dash(const std::string& text) { return text.empty() ? "-" : text; }

/// "2026-11-25 01:24:08" of helm's 2026-11-25T01:24:08.834387591Z.
std::string when(const std::string& updated) {
  const auto time = text::parse_rfc3339(updated);
  if (!time) return updated;
  auto text = text::rfc3339(*time).substr(0, 19);
  text[10] = ' ';
  return text;
}

ordered_json document(const char* kind) { return {{"schema", "deploy-helm/v1"}, {"kind", kind}}; }

}  // namespace

Health health_of(Cluster& cluster, const std::vector<helm::Object>& objects, const io::Run& run) {
  const auto workloads = kube::workloads_of(bodies(objects), cluster.place.name_space);
  if (workloads.empty()) return {.state = kube::State::done, .text = "nothing to be ready"};
  kube::TrackOptions options;
  options.wait = false;
  options.log_lines = 0;
  const auto outcomes = kube::wait_ready(cluster.client, workloads, options, run);
  Health health{.state = kube::worst(outcomes), .text = {}};
  for (const auto& outcome : outcomes)
    if (outcome.verdict.state == health.state && health.text.empty())
      health.text = health.state == kube::State::done ? "ready" : kube::summary_line(outcome);
  return health;
}

Answer status_of(std::vector<Berth>& berths, bool json, const io::Run& run) {
  std::vector<std::vector<std::string>> rows{{"TARGET", "RELEASE", "REVISION", "IMAGE", "CONFIG", "STATE"}};
  auto list = ordered_json::array();
  bool failed = false;
  bool pending = false;
  bool silent = false;
  bool any = false;
  for (auto& berth : berths) {
    ordered_json one{{"target", berth.target}, {"release", berth.release}};
    if (berth.error) {
      silent = true;
      rows.push_back({berth.target, berth.release, "-", "-", "-", "no answer: " + berth.error->message()});
      one["error"] = berth.error->message();
      list.push_back(std::move(one));
      continue;
    }
    const auto name = berth.cluster->place.name_space + '/' + berth.release;
    one["namespace"] = berth.cluster->place.name_space;
    const auto* newest = berth.standing.newest();
    if (newest == nullptr) {
      rows.push_back({berth.target, name, "-", "-", "-", "not deployed"});
      one["state"] = "not deployed";
      list.push_back(std::move(one));
      continue;
    }
    any = true;
    const auto* running = berth.standing.deployed() != nullptr ? berth.standing.deployed() : newest;
    const auto image = image_of(berth.standing, *running, {});
    const auto health = health_of(*berth.cluster, objects_of(*running), run);
    auto state = health.text;
    if (newest->pending()) {
      pending = true;
      state = fmt::format("revision {} is {}; {}", newest->number, newest->status, state);
    } else if (newest->status != "deployed") {
      failed = true;
      state = fmt::format("revision {} is {}; {}", newest->number, newest->status, state);
    }
    const auto code = kube::exit_code_of(health.state);
    pending = pending || code == ExitCode::pending;
    failed = failed || (code != ExitCode::ok && code != ExitCode::pending);
    const auto described = read_description(berth.standing.origin_of(*running).description);
    rows.push_back(
        {berth.target, name, std::to_string(running->number), short_image(image), dash(described.commit), state});
    one["revision"] = running->number;
    one["image"] = image;
    one["commit"] = described.commit;
    one["health"] = kube::name_of(health.state);
    one["state"] = state;
    list.push_back(std::move(one));
  }
  Answer answer;
  answer.code = failed    ? ExitCode::no
                : silent  ? ExitCode::partial
                : pending ? ExitCode::pending
                : any     ? ExitCode::ok
                          : ExitCode::no_input;
  auto out = document("status");
  out["targets"] = std::move(list);
  answer.text = json ? out.dump(2) + '\n' : table(rows);
  return answer;
}

Answer history_of(const std::vector<Berth>& berths, bool json) {
  std::vector<std::vector<std::string>> rows{
      {"TARGET", "RELEASE", "REVISION", "WHEN (UTC)", "STATUS", "IMAGE", "CONFIG", "PLAN", "BY"}};
  auto list = ordered_json::array();
  bool silent = false;
  bool any = false;
  for (const auto& berth : berths) {
    if (berth.error) {
      silent = true;
      rows.push_back({berth.target, berth.release, "-", "-", "no answer: " + berth.error->message()});
      list.push_back({{"target", berth.target}, {"release", berth.release}, {"error", berth.error->message()}});
      continue;
    }
    const auto name = berth.cluster->place.name_space + '/' + berth.release;
    for (const auto& revision : std::views::reverse(berth.standing.history)) {
      any = true;
      const auto described = read_description(revision.description);
      const auto commit = read_description(berth.standing.origin_of(revision).description).commit;
      const auto status = berth.standing.undone(revision) ? std::string("undone") : revision.status;
      const auto image = image_of(berth.standing, revision, {});
      // What others did by hand is not signed: its own words say what it was.
      rows.push_back(
          {berth.target, name, std::to_string(revision.number), when(revision.updated), status, short_image(image),
           dash(commit), dash(described.plan),
           described.who.empty() ? fmt::format("({})", text::printable(revision.description)) : described.who});
      list.push_back({{"target", berth.target},
                      {"namespace", berth.cluster->place.name_space},
                      {"release", berth.release},
                      {"revision", revision.number},
                      {"updated", revision.updated},
                      {"status", revision.status},
                      {"undone", berth.standing.undone(revision)},
                      {"chart", revision.chart},
                      {"image", image},
                      {"commit", commit},
                      {"plan", described.plan},
                      {"by", described.who},
                      {"description", revision.description}});
    }
  }
  auto out = document("history");
  out["revisions"] = std::move(list);
  return {.text = json ? out.dump(2) + '\n' : table(rows),
          .code = silent ? ExitCode::partial
                  : any  ? ExitCode::ok
                         : ExitCode::no_input};
}

}  // namespace slipway::deploy_helm
