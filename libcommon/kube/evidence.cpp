// SPDX-License-Identifier: Apache-2.0
#include "kube/evidence.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace slipway::kube {

using nlohmann::json;

namespace {

/// A refusal is an answer here; a signal or --timeout is not.
bool ends_the_run(const Error& error) {
  return error.failure().id == failure::interrupted.id || error.failure().id == failure::timed_out.id;
}

/// What must not lie about in a CI job's artefacts: literal values of environment variables, and what
/// only clutters.
void redact(json& object) {
  if (object.is_array()) {
    for (auto& item : object) redact(item);
    return;
  }
  if (!object.is_object()) return;
  if (auto env = object.find("env"); env != object.end() && env->is_array())
    for (auto& variable : *env)
      if (variable.is_object() && variable.contains("value")) variable["value"] = "(left out)";
  if (auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object()) {
    metadata->erase("managedFields");
    if (auto notes = metadata->find("annotations"); notes != metadata->end() && notes->is_object())
      notes->erase("kubectl.kubernetes.io/last-applied-configuration");
  }
  for (auto& [key, value] : object.items()) redact(value);
}

std::string event_line(const EventFact& event) {
  return fmt::format("{} x{} {} {} {}: {}\n", event.last ? text::rfc3339(*event.last) : "-", event.count, event.type,
                     event.about_name, event.reason, text::printable(event.message));
}

/// Once per object, reason and message; oldest first.
std::vector<EventFact> merged(std::vector<EventFact> events) {
  std::map<std::string, EventFact> once;
  for (auto& event : events) {
    const auto key = event.about + '\n' + event.reason + '\n' + event.message;
    const auto [found, fresh] = once.try_emplace(key, event);
    if (fresh) continue;
    found->second.count += event.count;
    found->second.last = std::max(found->second.last, event.last);
  }
  std::vector<EventFact> list;
  for (auto& [key, event] : once) list.push_back(std::move(event));
  std::ranges::stable_sort(list, {}, [](const EventFact& event) { return event.last; });
  return list;
}

struct Collector {
  Client& client;
  const std::string& name_space;
  const io::Run& run;
  std::vector<EvidenceFile> files;

  std::vector<json> list(const Resource& resource, const std::string& selector) {
    try {
      auto path = path_of(resource, name_space);
      if (!selector.empty()) path = with_query(path, {{"labelSelector", selector}});
      return client.list(path, run);
    } catch (const Error& error) {
      if (ends_the_run(error)) throw;
      files.push_back({resource.plural + ".missing.txt", error.message() + "\n"});
      return {};
    }
  }

  void objects(const Resource& resource, const std::string& selector) { keep(resource, list(resource, selector)); }

  void keep(const Resource& resource, const std::vector<json>& items) {
    if (items.empty()) return;
    json shown = items;
    redact(shown);
    files.push_back({resource.plural + ".json", shown.dump(2, ' ', false, json::error_handler_t::replace) + "\n"});
  }
};

bool failing(const json& object) {
  const auto pod = read_pod(object);
  if (pod.phase == "Succeeded") return false;
  return !pod.ready() || std::ranges::any_of(pod.containers, [](const Container& c) { return c.restarts > 0; });
}

}  // namespace

LogTail log_tail(Client& client, const std::string& name_space, const std::string& pod, const std::string& container,
                 bool previous, int lines, const io::Run& run) {
  LogTail tail{pod, container, previous, {}, {}};
  Query query{
      {"container", container}, {"tailLines", std::to_string(lines)}, {"limitBytes", std::to_string(64U << 10U)}};
  if (previous) query.emplace_back("previous", "true");
  try {
    const auto log = client.text(with_query(path_of(*known_resource("pods"), name_space, pod, "log"), query), run);
    tail.lines = text::split(text::printable(log), '\n');
    while (!tail.lines.empty() && text::trim(tail.lines.back()).empty()) tail.lines.pop_back();
    if (tail.lines.empty()) tail.missing = "the log is empty";
  } catch (const Error& error) {
    if (ends_the_run(error)) throw;
    tail.missing = error.message();
  }
  return tail;
}

std::string claim_uid(Client& client, const std::string& name_space, const std::string& claim, const io::Run& run) {
  try {
    const auto found = client.find(path_of(*known_resource("pvc"), name_space, claim), run);
    return found ? text_at(*found, {"metadata", "uid"}) : "";
  } catch (const Error& error) {
    if (ends_the_run(error)) throw;
    return {};
  }
}

std::vector<std::string> autoscaler_uids(Client& client, const std::string& name_space, const std::string& kind,
                                         const std::string& name, const io::Run& run) {
  std::vector<std::string> uids;
  try {
    for (const auto& scaler : client.list(path_of(*known_resource("hpa"), name_space), run))
      if (text_at(scaler, {"spec", "scaleTargetRef", "kind"}) == kind &&
          text_at(scaler, {"spec", "scaleTargetRef", "name"}) == name)
        uids.push_back(text_at(scaler, {"metadata", "uid"}));
  } catch (const Error& error) {
    if (ends_the_run(error)) throw;
  }
  return uids;
}

std::vector<EventFact> events_about(Client& client, const std::string& name_space, const std::string& uid,
                                    const io::Run& run) {
  std::vector<EventFact> events;
  try {
    const auto path =
        with_query(path_of(*known_resource("events"), name_space), {{"fieldSelector", "involvedObject.uid=" + uid}});
    for (const auto& item : client.list(path, run)) events.push_back(read_event(item));
  } catch (const Error& error) {
    if (ends_the_run(error)) throw;
  }
  return merged(std::move(events));
}

std::vector<EvidenceFile> collect_evidence(Client& client, const std::string& name_space, const std::string& selector,
                                           const io::Run& run, const EvidenceLimits& limits) {
  Collector collector{client, name_space, run, {}};
  for (const std::string_view kind :
       {"deployments", "statefulsets", "daemonsets", "jobs", "replicasets", "services", "persistentvolumeclaims"})
    collector.objects(*known_resource(kind), selector);
  auto pods = collector.list(*known_resource("pods"), selector);
  collector.keep(*known_resource("pods"), pods);

  std::vector<EventFact> events;
  for (const auto& item : collector.list(*known_resource("events"), {})) events.push_back(read_event(item));
  std::string lines;
  for (const auto& event : merged(std::move(events))) lines += event_line(event);
  if (!lines.empty()) collector.files.push_back({"events.txt", std::move(lines)});

  std::ranges::stable_sort(pods, std::ranges::greater{}, failing);
  if (pods.size() > static_cast<std::size_t>(std::max(0, limits.pods)))
    pods.resize(static_cast<std::size_t>(std::max(0, limits.pods)));
  if (limits.log_lines <= 0) return std::move(collector.files);
  for (const auto& object : pods) {
    const auto pod = read_pod(object);
    for (const auto& container : pod.containers) {
      for (const bool previous : {false, true}) {
        if (previous && container.restarts == 0) continue;
        auto tail = log_tail(client, name_space, pod.name, container.name, previous, limits.log_lines, run);
        std::string content;
        for (const auto& line : tail.lines) content += line + '\n';
        if (content.size() > limits.log_bytes) content.erase(0, content.size() - limits.log_bytes);
        if (tail.lines.empty()) content = "(no log: " + tail.missing + ")\n";
        collector.files.push_back(
            {fmt::format("logs/{}.{}{}.log", pod.name, container.name, previous ? ".previous" : ""),
             std::move(content)});
      }
    }
  }
  return std::move(collector.files);
}

void write_evidence(const std::vector<EvidenceFile>& files, const std::filesystem::path& directory) {
  for (const auto& file : files) {
    const auto path = directory / file.name;
    std::error_code fault;
    std::filesystem::create_directories(path.parent_path(), fault);
    if (fault)
      throw Error(failure::cannot_create,
                  fmt::format("cannot create the directory {}: {}", path.parent_path().string(), fault.message()));
    fs::write_file(path, file.content, 0600);
  }
}

}  // namespace slipway::kube
