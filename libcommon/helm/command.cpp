// SPDX-License-Identifier: Apache-2.0
#include "helm/command.hpp"

#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace slipway::helm {

namespace {

using nlohmann::json;

void add_place(std::vector<std::string>& arguments, const Place& place) {
  if (!place.kubeconfig.empty()) arguments.insert(arguments.end(), {"--kubeconfig", place.kubeconfig.string()});
  arguments.insert(arguments.end(), {"--kube-context", place.context, "--namespace", place.name_space});
}

/// The chart's files come along with every release, by the megabyte, and nobody here reads them.
class WithoutChartFiles {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (event != json::parse_event_t::key) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    if (depth == 1) in_chart_ = key == "chart";
    return depth != 2 || !in_chart_ || (key != "templates" && key != "files" && key != "values" && key != "schema");
  }

 private:
  bool in_chart_ = false;
};

std::string text_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int number_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_integer() ? found->get<int>() : 0;
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  std::vector<std::string> list;
  if (const auto found = object.find(key); found != object.end() && found->is_array())
    for (const auto& item : *found)
      if (item.is_string()) list.push_back(item.get<std::string>());
  return list;
}

/// What a phrase in helm's text means, and what to do about it.
struct Phrase {
  std::string_view words;  ///< in lower case
  const Failure* failure;
  std::string_view hint;
};

// The order counts: a refused certificate is told as an unreachable cluster, too.
constexpr std::array phrases{
    Phrase{"another operation (install/upgrade/rollback) is in progress", &failure::busy, ""},
    Phrase{"release: not found", &failure::not_found, ""},
    Phrase{"namespaces \"", &failure::not_found, ""},
    Phrase{"unauthorized", &failure::denied, "renew the credentials of the kubeconfig"},
    Phrase{"must be logged in", &failure::denied, "renew the credentials of the kubeconfig"},
    Phrase{"forbidden", &failure::denied, ""},
    Phrase{"kubernetes cluster unreachable", &failure::unreachable, ""},
    Phrase{"connection refused", &failure::unreachable, ""},
    Phrase{"no such host", &failure::unreachable, ""},
    Phrase{"i/o timeout", &failure::unreachable, ""},
    Phrase{"conflict occurred while applying", &failure::conflict,
           "another program owns these fields: give them up in the chart, or there"},
    Phrase{"cannot be imported into the current release", &failure::conflict,
           "the object exists and belongs to nobody or to another release"},
    Phrase{"don't meet the specifications of the schema", &failure::bad_input, ""},
    Phrase{"execution error at", &failure::bad_input, ""},
    Phrase{"template: ", &failure::bad_input, ""},
    Phrase{"parse error", &failure::bad_input, ""},
    Phrase{"yaml parse error", &failure::bad_input, ""},
    Phrase{"error converting yaml", &failure::bad_input, ""},
    Phrase{"unable to build kubernetes objects", &failure::bad_input, ""},
    Phrase{"chart.yaml file is missing", &failure::bad_input, ""},
    Phrase{"missing in charts/ directory", &failure::bad_input,
           "vendor the chart's dependencies: helm dependency build"},
    Phrase{"chart requires kubeversion", &failure::bad_input, ""},
    Phrase{"is invalid:", &failure::bad_input, ""},
};

/// helm's own words: from the last "Error: " on, without the warnings before it.
std::vector<std::string> error_lines(std::string_view stderr_text) {
  std::vector<std::string> lines;
  for (const auto& raw : text::split(stderr_text, '\n')) {
    const auto line = text::printable(text::trim(raw));
    if (line.starts_with("Error: ")) lines = {line.substr(7)};
    else if (!line.empty()) lines.push_back(line);
  }
  constexpr std::size_t most = 12;
  if (lines.size() > most) lines.erase(lines.begin() + most, lines.end());
  return lines;
}

}  // namespace

Version parse_version(std::string_view text) {
  const auto trimmed = text::trim(text);
  Version version;
  version.text = trimmed;
  auto rest = trimmed;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), *part);
    if (problem != std::errc())
      throw Error(failure::no_helm, fmt::format("'{}' is no version of helm", text::printable(trimmed.substr(0, 60))));
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.starts_with('.')) rest.remove_prefix(1);
  }
  const bool known = (version.major == 3 && version.minor >= 15) || version.major == 4;
  if (!known)
    throw Error(failure::no_helm, fmt::format("helm {} cannot be used: 3.15 or newer, or 4 is needed", version.text),
                "name another one with --helm FILE or HELM_BIN");
  return version;
}

std::string duration_argument(std::chrono::milliseconds duration) {
  return duration.count() % 1000 == 0 ? fmt::format("{}s", duration.count() / 1000)
                                      : fmt::format("{}ms", duration.count());
}

std::vector<std::string> test_arguments(const Place& place, const std::string& release,
                                        std::chrono::milliseconds timeout) {
  std::vector<std::string> arguments{"test", release, "--logs", "--timeout", duration_argument(timeout)};
  add_place(arguments, place);
  return arguments;
}

std::vector<std::string> upgrade_arguments(const Place& place, const Upgrade& upgrade, bool dry_run) {
  // No --wait and no --atomic: readiness is judged by us, and an automatic rollback would delete the
  // pods whose logs tell why. No --set ever: it shows values in `ps` and retypes numbers.
  std::vector<std::string> arguments{"upgrade",  "--install", upgrade.release, upgrade.chart.string(),
                                     "--values", "-",         "--output",      "json"};
  add_place(arguments, place);
  arguments.insert(arguments.end(), {"--timeout", duration_argument(upgrade.timeout), "--history-max",
                                     std::to_string(upgrade.history_max)});
  if (upgrade.create_namespace) arguments.emplace_back("--create-namespace");
  // To fetch and read the schemas is two thirds of helm's CPU time; once for the same objects is enough.
  if (upgrade.validated) arguments.emplace_back("--disable-openapi-validation");
  if (dry_run) {
    // A bare --dry-run means different things in 3 and 4.
    arguments.emplace_back("--dry-run=server");
    return arguments;
  }
  if (!upgrade.description.empty()) arguments.insert(arguments.end(), {"--description", upgrade.description});
  if (!upgrade.labels.empty()) {
    std::string labels;
    for (const auto& [key, value] : upgrade.labels)
      fmt::format_to(std::back_inserter(labels), "{}{}={}", labels.empty() ? "" : ",", key, value);
    arguments.insert(arguments.end(), {"--labels", labels});
  }
  return arguments;
}

std::vector<std::string> rollback_arguments(const Version& version, const Place& place, const std::string& release,
                                            int to, const std::string& description, std::chrono::milliseconds timeout,
                                            int history_max) {
  std::vector<std::string> arguments{"rollback", release, std::to_string(to)};
  add_place(arguments, place);
  arguments.insert(arguments.end(),
                   {"--timeout", duration_argument(timeout), "--history-max", std::to_string(history_max)});
  // Elsewhere helm writes "Rollback to N" itself.
  if (!description.empty() && version.major == 4 && version.minor >= 3)
    arguments.insert(arguments.end(), {"--description", description});
  return arguments;
}

std::vector<std::string> uninstall_arguments(const Version& version, const Place& place, const std::string& release,
                                             bool wait, std::chrono::milliseconds timeout) {
  std::vector<std::string> arguments{"uninstall", release, "--ignore-not-found"};
  add_place(arguments, place);
  arguments.insert(arguments.end(), {"--timeout", duration_argument(timeout)});
  if (wait) arguments.emplace_back(version.major >= 4 ? "--wait=watcher" : "--wait");
  return arguments;
}

Release parse_release(std::string_view text) {
  // Whatever a post-install hook or a plugin prints comes before the document.
  const auto start = text.find('{');
  const auto document =
      json::parse(start == std::string_view::npos ? text : text.substr(start), WithoutChartFiles(), false);
  if (document.is_discarded())
    throw Error(failure::protocol, "helm's release is no JSON",
                "a wrapper around helm may print something of its own: name the program itself with --helm");
  const auto info = document.value("info", json::object());
  Release release{.name = text_of(document, "name"),
                  .name_space = text_of(document, "namespace"),
                  .revision = number_of(document, "version"),
                  .status = text_of(info, "status"),
                  .description = text_of(info, "description"),
                  .updated = text_of(info, "last_deployed"),
                  .values = document.value("config", json::object()).dump(),
                  .manifest = text_of(document, "manifest"),
                  .notes = text_of(info, "notes"),
                  .apply_method = text_of(document, "apply_method")};
  if (release.values == "null") release.values = "{}";
  if (release.revision == 0) throw Error(failure::protocol, "helm's answer is no release");
  if (const auto chart = document.find("chart"); chart != document.end() && chart->is_object()) {
    const auto metadata = chart->value("metadata", json::object());
    release.chart = text_of(metadata, "name");
    release.chart_version = text_of(metadata, "version");
    release.app_version = text_of(metadata, "appVersion");
  }
  if (const auto hooks = document.find("hooks"); hooks != document.end() && hooks->is_array())
    for (const auto& hook : *hooks)
      release.hooks.push_back({.name = text_of(hook, "name"),
                               .kind = text_of(hook, "kind"),
                               .manifest = text_of(hook, "manifest"),
                               .events = texts_of(hook, "events"),
                               .weight = number_of(hook, "weight"),
                               .delete_policies = texts_of(hook, "delete_policies")});
  return release;
}

Error error_of(std::string_view doing, std::string_view stderr_text, std::string_view how) {
  const auto lines = error_lines(stderr_text);
  if (lines.empty()) return {failure::helm_failed, fmt::format("{} failed: helm ended with {}", doing, how)};
  std::string all;
  for (const auto& line : lines) all += text::lower(line) + '\n';
  const Failure* failure = &failure::helm_failed;
  std::string hint;
  for (const auto& phrase : phrases)
    if (all.find(phrase.words) != std::string::npos) {
      failure = phrase.failure;
      hint = phrase.hint;
      break;
    }
  auto first = lines.front();
  // The sentence of the house ends without one.
  while (first.ends_with('.') || first.ends_with(':')) first.pop_back();
  Error error(*failure, fmt::format("{} failed: {}", doing, first), hint);
  for (std::size_t i = 1; i < lines.size(); ++i) error.add_place(lines[i]);
  return error;
}

}  // namespace slipway::helm
