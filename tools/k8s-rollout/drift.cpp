// SPDX-License-Identifier: Apache-2.0
#include "drift.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/template_diff.hpp"
#include "revisions.hpp"
#include "table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace slipway::rollout {

using kube::Kind;
using nlohmann::ordered_json;

namespace {

struct Seen {
  std::string cluster;
  kube::Workload facts;
  std::string revision;
  bool there = false;
};

}  // namespace

Difference difference(const kube::Workload& first, const kube::Workload& other) {
  Difference found;
  // Revision numbers count what happened on one cluster; they are shown, and compared they say nothing.
  if (other.images != first.images) found.words.emplace_back("images");
  if (other.wanted != first.wanted && other.kind != Kind::daemon_set) found.words.emplace_back("replicas");
  found.changes = kube::template_changes(first.template_text, other.template_text);
  std::erase(found.changes, "restart");  // when it was restarted is no part of what it is
  if (!found.changes.empty() && other.images == first.images) found.words.emplace_back("template");
  return found;
}

ExitCode drift(Session& session, const std::vector<Wish>& wishes) {
  if (!session.many())
    throw Error(failure::bad_usage, "drift compares clusters: name two or more", "--contexts A,B, or -t GROUP");
  std::vector<std::map<std::string, Seen>> found(session.clusters.size());
  const auto errors = in_parallel(session.clusters.size(), [&](std::size_t i) {
    for (auto& site : session.sites(i, wishes, kinds_with_revisions)) {
      Seen seen;
      seen.cluster = session.clusters[i].name;
      if (const auto object = site.client->find(path_of(site), session.run())) {
        seen.there = true;
        seen.facts = kube::read_workload(*object, site.target.kind);
        seen.revision = seen.facts.revision > 0 ? std::to_string(seen.facts.revision) : seen.facts.update_revision;
      }
      found[i].emplace(site.target.text(), std::move(seen));
    }
  });
  auto code = ExitCode::ok;
  std::map<std::string, std::vector<const Seen*>> by_workload;
  ordered_json unanswered = ordered_json::array();
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (errors[i]) {
      code = worse(code, tell_error(session, session.clusters[i], *errors[i]));
      unanswered.push_back(error_entry(session.clusters[i], *errors[i]));
    }
    for (const auto& [name, seen] : found[i]) by_workload[name].push_back(&seen);
  }
  ordered_json all = ordered_json::array();
  std::vector<std::vector<std::string>> rows{{"WORKLOAD", "CLUSTER", "REVISION", "READY", "IMAGES", ""}};
  const auto answered =
      static_cast<std::size_t>(std::ranges::count_if(errors, [](const auto& error) { return !error; }));
  std::string details;
  for (const auto& [name, seen] : by_workload) {
    const Seen* first = nullptr;
    for (const auto* each : seen)
      if (each->there && !first) first = each;
    if (!first) throw Error(failure::not_found, fmt::format("there is no {} on any of the clusters", name));
    ordered_json item{{"workload", name}, {"same", true}, {"clusters", ordered_json::array()}};
    for (const auto* each : seen) {
      std::vector<std::string> differs;
      if (!each->there) differs.emplace_back("not there");
      else {
        const auto difference = rollout::difference(first->facts, each->facts);
        differs = difference.words;
        for (const auto& change : difference.changes)
          details += fmt::format("{} {} -> {}: {}\n", name, first->cluster, each->cluster, change);
      }
      if (!differs.empty()) item["same"] = false;
      rows.push_back({name, each->cluster, each->there ? each->revision : "-",
                      each->there ? fmt::format("{}/{}", each->facts.ready, each->facts.wanted) : "-",
                      each->there ? text::join(each->facts.images, ",") : "-",
                      differs.empty() ? "" : "DIFFERS: " + text::join(differs, ", ")});
      item["clusters"].push_back({{"cluster", each->cluster},
                                  {"there", each->there},
                                  {"revision", each->revision},
                                  {"images", each->facts.images},
                                  {"replicas", each->facts.wanted},
                                  {"ready", each->facts.ready},
                                  {"differs", differs}});
    }
    if (seen.size() < answered) item["same"] = false;
    if (!item["same"].get<bool>()) code = worse(code, ExitCode::no);
    all.push_back(std::move(item));
  }
  if (session.json())
    session.context.out.print_line(ordered_json{
        {"schema", schema},
        {"command", "drift"},
        {"status", status(code)},
        {"workloads", all},
        {"unanswered", unanswered}}.dump());
  else session.context.out.print(table(rows) + details);
  return code;
}

}  // namespace slipway::rollout
