// SPDX-License-Identifier: Apache-2.0
#include "kube/template_diff.hpp"

#include "kube/fields.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace slipway::kube {

using nlohmann::json;

namespace {

std::string shown(const json* value) {
  if (!value) return "none";
  auto text =
      value->is_string() ? value->get<std::string>() : value->dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

/// Items of a list by the key that Kubernetes merges them by.
std::map<std::string, const json*> by_key(const json& list, std::string_view key) {
  std::map<std::string, const json*> found;
  for (const auto& item : list)
    if (auto name = text_at(item, {key}); !name.empty()) found.emplace(std::move(name), &item);
  return found;
}

std::set<std::string> keys_of(const json& a, const json& b) {
  std::set<std::string> keys;
  for (const auto* map : {&a, &b})
    for (const auto& [key, value] : map->items()) keys.insert(key);
  return keys;
}

class Differ {
 public:
  explicit Differ(EnvValues values) : values_(values) {}
  std::vector<std::string> out;

  void containers(const json& before, const json& after, std::string_view list, std::string_view word) {
    const auto old = by_key(list_at(before, {"spec", list}), "name");
    const auto next = by_key(list_at(after, {"spec", list}), "name");
    for (const auto& [name, container] : next) {
      const auto was = old.find(name);
      if (was == old.end()) out.push_back(fmt::format("{} {} added", word, name));
      else one_container(*was->second, *container, next.size() > 1 || word != "container" ? " of " + name : "");
    }
    for (const auto& [name, container] : old)
      if (!next.contains(name)) out.push_back(fmt::format("{} {} removed", word, name));
  }

  void maps(const json& before, const json& after, std::string_view word) {
    for (const auto& key : keys_of(before, after)) {
      const auto* was = field(before, {key});
      const auto* now = field(after, {key});
      if ((was && now && *was == *now) || key == "pod-template-hash") continue;
      if (key == "kubectl.kubernetes.io/restartedAt") out.emplace_back("restart");
      else out.push_back(fmt::format("{} {}", word, key));
    }
  }

  void rest(const json& before, const json& after, const std::set<std::string>& handled, const std::string& suffix) {
    for (const auto& key : keys_of(before, after)) {
      if (handled.contains(key)) continue;
      const auto* was = field(before, {key});
      const auto* now = field(after, {key});
      if (was && now && *was == *now) continue;
      const bool plain = (!was || was->is_primitive()) && (!now || now->is_primitive());
      out.push_back(plain ? fmt::format("{}{} {} -> {}", key, suffix, shown(was), shown(now)) : key + suffix);
    }
  }

 private:
  /// ": a -> b", where values may be seen; a reference as it is written.
  [[nodiscard]] std::string values_of(const json* before, const json* after) const {
    if (values_ == EnvValues::hidden) return {};
    const auto value = [](const json* item) {
      if (!item) return std::string("none");
      const auto* literal = field(*item, {"value"});
      const auto* source = field(*item, {"valueFrom"});
      return literal || !source ? shown(literal) : shown(source);
    };
    return fmt::format(": {} -> {}", value(before), value(after));
  }

  EnvValues values_;

  void one_container(const json& before, const json& after, const std::string& suffix) {
    if (text_at(before, {"image"}) != text_at(after, {"image"}))
      out.push_back(fmt::format("image{} {} -> {}", suffix, text_at(before, {"image"}), text_at(after, {"image"})));
    const auto old_env = by_key(list_at(before, {"env"}), "name");
    const auto new_env = by_key(list_at(after, {"env"}), "name");
    for (const auto& [name, item] : new_env) {
      const auto was = old_env.find(name);
      if (was == old_env.end()) out.push_back(fmt::format("env {} added{}{}", name, suffix, values_of(nullptr, item)));
      else if (*was->second != *item)
        out.push_back(fmt::format("env {}{}{}", name, suffix, values_of(was->second, item)));
    }
    for (const auto& [name, item] : old_env)
      if (!new_env.contains(name))
        out.push_back(fmt::format("env {} removed{}{}", name, suffix, values_of(item, nullptr)));
    for (const std::string_view side : {"limits", "requests"}) {
      const auto& was = map_at(before, {"resources", side});
      const auto& now = map_at(after, {"resources", side});
      for (const auto& key : keys_of(was, now))
        if (shown(field(was, {key})) != shown(field(now, {key})))
          out.push_back(fmt::format("{} {}{} {} -> {}", key, side == "limits" ? "limit" : "request", suffix,
                                    shown(field(was, {key})), shown(field(now, {key}))));
    }
    rest(before, after, {"name", "image", "env", "resources"}, suffix);
  }
};

}  // namespace

std::vector<std::string> template_changes(std::string_view before, std::string_view after, EnvValues values) {
  const auto old = json::parse(before, nullptr, false);
  const auto next = json::parse(after, nullptr, false);
  if (!old.is_object() || !next.is_object()) return {};
  Differ differ(values);
  differ.containers(old, next, "containers", "container");
  differ.containers(old, next, "initContainers", "init container");
  differ.maps(map_at(old, {"metadata", "labels"}), map_at(next, {"metadata", "labels"}), "label");
  differ.maps(map_at(old, {"metadata", "annotations"}), map_at(next, {"metadata", "annotations"}), "annotation");
  differ.rest(map_at(old, {"spec"}), map_at(next, {"spec"}), {"containers", "initContainers"}, "");
  return std::move(differ.out);
}

}  // namespace slipway::kube
