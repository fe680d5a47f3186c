// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/template_diff.hpp"
#include "table.hpp"
#include "undo.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace slipway::rollout {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// "12..14" or "12,14".
std::pair<std::int64_t, std::int64_t> parse_pair(const std::string& written) {
  const auto dots = written.find("..");
  const auto comma = written.find(',');
  const auto at = dots != std::string::npos ? dots : comma;
  const auto number = [&](std::string_view word) {
    std::int64_t n = 0;
    const auto* end = word.data() + word.size();
    const auto [stop, fault] = std::from_chars(word.data(), end, n);
    return fault == std::errc{} && stop == end ? n : 0;
  };
  if (at != std::string::npos) {
    const std::string_view all(written);
    const auto from = number(all.substr(0, at));
    const auto to = number(all.substr(at + (dots != std::string::npos ? 2 : 1)));
    if (from > 0 && to > 0) return {from, to};
  }
  throw Error(failure::bad_usage, fmt::format("--diff has to be two revisions such as 12..14, not '{}'", written));
}

const Revision& need(const History& history, std::int64_t number) {
  if (const auto* found = history.find(number)) return *found;
  std::vector<std::string> known;
  for (const auto& revision : history.revisions) known.push_back(std::to_string(revision.number));
  throw Error(failure::not_found, fmt::format("{} has no revision {}", history.workload, number),
              "it has " + text::join(known, ", "));
}

std::string age_of(const Revision& revision, kube::Time now) {
  if (!revision.created) return "-";
  const auto age = std::chrono::duration_cast<std::chrono::hours>(now - *revision.created);
  if (age.count() >= 48) return fmt::format("{}d", age.count() / 24);
  return text::show_duration(std::chrono::duration_cast<std::chrono::milliseconds>(now - *revision.created));
}

std::string was_of(const Revision& revision) {
  std::vector<std::string> list;
  for (const auto number : revision.was) list.push_back(std::to_string(number));
  return list.empty() ? "-" : text::join(list, ",");
}

std::string list_text(const History& history, kube::Time now, bool wide) {
  std::vector<std::vector<std::string>> rows{{"REVISION", "WAS", "AGE", "READY", "IMAGES", "BY", "CAUSE"}};
  for (const auto& revision : history.revisions)
    rows.push_back({fmt::format("{}{}{}", revision.number, revision.current ? "*" : "", revision.good ? "+" : ""),
                    was_of(revision), age_of(revision, now), fmt::format("{}/{}", revision.ready, revision.wanted),
                    text::join(revision.images, ","), revision.by.empty() ? "-" : revision.by,
                    revision.cause.empty() ? "-" : text::printable(revision.cause)});
  if (wide)
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i].insert(rows[i].begin() + 1, i == 0 ? "KEPT IN" : history.revisions[i - 1].name);
  return table(rows);
}

ordered_json json_of(const Revision& revision) {
  ordered_json made{{"revision", revision.number}, {"current", revision.current},     {"good", revision.good},
                    {"was", revision.was},         {"replicaset", revision.name},     {"images", revision.images},
                    {"ready", revision.ready},     {"available", revision.available}, {"wanted", revision.wanted}};
  if (revision.created) made["created"] = text::rfc3339(*revision.created);
  if (!revision.by.empty()) made["by"] = revision.by;
  if (!revision.cause.empty()) made["cause"] = revision.cause;
  return made;
}

/// Literal values of environment variables are left out: the template is shown to whoever looks on.
json shown_template(json pod_template) {
  for (const char* list : {"initContainers", "containers"})
    if (auto spec = pod_template.find("spec"); spec != pod_template.end() && spec->contains(list))
      for (auto& container : (*spec)[list])
        if (container.is_object() && container.contains("env") && container["env"].is_array())
          for (auto& variable : container["env"])
            if (variable.is_object() && variable.contains("value")) variable["value"] = "(left out)";
  return pod_template;
}

}  // namespace

ExitCode history(Session& session, const std::vector<Wish>& wishes) {
  const auto& options = session.options;
  std::optional<std::pair<std::int64_t, std::int64_t>> pair;
  if (options.diff) pair = parse_pair(*options.diff);
  if (pair && options.revision) throw Error(failure::bad_usage, "--diff and --revision cannot go together");

  struct Part {
    std::vector<std::pair<Site, History>> found;
  };
  std::vector<Part> parts(session.clusters.size());
  const auto errors = in_parallel(session.clusters.size(), [&](std::size_t i) {
    for (auto& site : session.sites(i, wishes, kinds_with_revisions)) {
      auto history = fetch_history(site, session.run());
      parts[i].found.emplace_back(std::move(site), std::move(history));
    }
  });
  if (!session.many() && errors.front()) throw *errors.front();
  auto code = ExitCode::ok;
  auto& out = session.context.out;
  ordered_json results = ordered_json::array();
  bool first = true;
  const bool titles = session.many() || parts.front().found.size() > 1;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (errors[i]) {
      code = worse(code, tell_error(session, session.clusters[i], *errors[i]));
      results.push_back(error_entry(session.clusters[i], *errors[i]));
      continue;
    }
    for (const auto& [site, found] : parts[i].found) {
      ordered_json result{{"cluster", site.cluster->name},
                          {"namespace", site.target.name_space},
                          {"kind", kube::resource_of(site.target.kind)},
                          {"name", site.target.name}};
      std::string text;
      if (pair) {
        const auto& from = need(found, pair->first);
        const auto& to = need(found, pair->second);
        auto changes = kube::template_changes(from.pod_template.dump(), to.pod_template.dump(),
                                              options.show_env ? kube::EnvValues::shown : kube::EnvValues::hidden);
        for (const auto& change : changes) text += change + '\n';
        if (changes.empty()) text = "no difference\n";
        result["from"] = from.number;
        result["to"] = to.number;
        result["changes"] = std::move(changes);
      } else if (options.revision) {
        const auto& revision = need(found, *options.revision);
        const auto shown = options.show_env ? revision.pod_template : shown_template(revision.pod_template);
        text = list_text({found.workload, {revision}}, site.client->now(), options.output == "wide") + shown.dump(2) +
               '\n';
        result["revisions"].push_back(json_of(revision));
        result["template"] = shown;
      } else {
        text = list_text(found, site.client->now(), options.output == "wide");
        result["revisions"] = ordered_json::array();
        for (const auto& revision : found.revisions) result["revisions"].push_back(json_of(revision));
      }
      if (titles)
        text.insert(
            0, fmt::format("{}{} {}\n", std::exchange(first, false) ? "" : "\n", site.place(), site.target.text()));
      results.push_back(std::move(result));
      if (!session.json()) out.print(text);
    }
  }
  if (session.json())
    out.print_line(ordered_json{
        {"schema", schema}, {"command", "history"}, {"status", slipway::status(code)}, {"results", results}}
                       .dump());
  return code;
}

}  // namespace slipway::rollout
