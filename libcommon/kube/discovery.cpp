// SPDX-License-Identifier: Apache-2.0
// Kinds that are not built in: found in what the server says it has, and remembered.
// @source Kubernetes API concepts, "API discovery"
#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/client.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::kube {

using nlohmann::json;

Resource Client::resource(const std::string& api_version, const std::string& kind, const io::Run& run) {
  if (const auto* known = known_resource(api_version, kind)) return *known;
  const auto key = api_version + ' ' + kind;
  if (const auto found = discovered().find(key); found != discovered().end()) return found->second;
  const auto slash = api_version.find('/');
  const auto path = slash == std::string::npos ? "/api/" + api_version : "/apis/" + api_version;
  const auto answer = find(path, run);
  if (answer)
    for (const auto& entry : list_at(*answer, {"resources"})) {
      const auto plural = text_at(entry, {"name"});
      if (text_at(entry, {"kind"}) != kind || plural.find('/') != std::string::npos) continue;
      Resource resource{slash == std::string::npos ? "" : api_version.substr(0, slash),
                        slash == std::string::npos ? api_version : api_version.substr(slash + 1), kind, plural,
                        flag_at(entry, {"namespaced"})};
      discovered().emplace(key, resource);
      return resource;
    }
  throw Error(failure::not_found,
              fmt::format("cluster '{}' does not know the kind {} of {}", access().context, kind, api_version));
}

Resource Client::resource_called(const std::string& word, const io::Run& run) {
  if (const auto* known = known_resource(word)) return *known;
  const auto lower = text::lower(word);
  const auto dot = lower.find('.');
  const auto name = lower.substr(0, dot);
  const auto wanted_group = dot == std::string::npos ? std::string() : lower.substr(dot + 1);
  const auto key = "? " + lower;
  if (const auto found = discovered().find(key); found != discovered().end()) return found->second;
  const auto groups = get("/apis", run);
  for (const auto& group : list_at(groups, {"groups"})) {
    const auto group_name = text_at(group, {"name"});
    if (!wanted_group.empty() && group_name != wanted_group) continue;
    // What the server prefers first, as kubectl does.
    const auto version = text_at(group, {"preferredVersion", "groupVersion"});
    std::optional<json> answer;
    try {
      answer = find("/apis/" + version, run);
    } catch (const Error& error) {
      // One broken aggregated API must not stop what has nothing to do with it.
      if (error.failure().id == failure::interrupted.id || !wanted_group.empty()) throw;
      run.events.note(fmt::format("the API group {} does not answer: left out", group_name));
      continue;
    }
    if (!answer) continue;
    for (const auto& entry : list_at(*answer, {"resources"})) {
      const auto plural = text_at(entry, {"name"});
      if (plural.find('/') != std::string::npos) continue;
      const auto& short_names = list_at(entry, {"shortNames"});
      const bool called = name == plural || name == text::lower(text_at(entry, {"kind"})) ||
                          name == text_at(entry, {"singularName"}) ||
                          std::ranges::find(short_names, json(name)) != short_names.end();
      if (!called) continue;
      const Resource resource{group_name, version.substr(version.find('/') + 1), text_at(entry, {"kind"}), plural,
                              flag_at(entry, {"namespaced"})};
      discovered().emplace(key, resource);
      return resource;
    }
  }
  throw Error(failure::not_found, fmt::format("cluster '{}' knows no type '{}'", access().context, word),
              "a workload is TYPE/NAME, such as deploy/hello");
}

}  // namespace slipway::kube
