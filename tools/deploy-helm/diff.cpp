// SPDX-License-Identifier: Apache-2.0
#include "diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace slipway::deploy_helm {

namespace {

using nlohmann::json;

std::string step_to(const std::string& path, const std::string& key) {
  const bool plain = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!plain) return fmt::format("{}[\"{}\"]", path, key);
  return path.empty() ? key : path + '.' + key;
}

std::string scalar_text(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// --- quantities ------------------------------------------------------------------------------------

std::optional<long double> quantity(const json& value) {
  if (value.is_number()) return value.get<long double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return std::nullopt;
  static const std::map<std::string_view, long double> suffixes{{"", 1.0L},
                                                                {"n", 1e-9L},
                                                                {"u", 1e-6L},
                                                                {"m", 1e-3L},
                                                                {"k", 1e3L},
                                                                {"M", 1e6L},
                                                                {"G", 1e9L},
                                                                {"T", 1e12L},
                                                                {"P", 1e15L},
                                                                {"E", 1e18L},
                                                                {"Ki", 1024.0L},
                                                                {"Mi", 1048576.0L},
                                                                {"Gi", 1073741824.0L},
                                                                {"Ti", 1099511627776.0L},
                                                                {"Pi", 1125899906842624.0L},
                                                                {"Ei", 1152921504606846976.0L}};
  const auto suffix = suffixes.find(std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end)));
  if (suffix == suffixes.end()) return std::nullopt;
  return static_cast<long double>(number) * suffix->second;
}

/// The maps whose values are quantities, so that elsewhere "1" and 1 stay different.
bool holds_quantities(std::string_view key) {
  return key == "limits" || key == "requests" || key == "hard" || key == "capacity" || key == "sizeLimit" ||
         key == "averageValue";
}

// --- lists -----------------------------------------------------------------------------------------

/// What Kubernetes merges list items by, the first that every item has. Protocol defaults to TCP.
std::optional<std::vector<std::string>> identities(const json& list) {
  static constexpr std::array<std::array<std::string_view, 2>, 7> keys{{{"name", ""},
                                                                        {"mountPath", ""},
                                                                        {"containerPort", "protocol"},
                                                                        {"port", "protocol"},
                                                                        {"topologyKey", ""},
                                                                        {"key", ""},
                                                                        {"type", ""}}};
  for (const auto& [first, second] : keys) {
    std::vector<std::string> found;
    std::set<std::string> unique;
    for (const auto& item : list) {
      if (!item.is_object()) return std::nullopt;
      const auto at = item.find(first);
      if (at == item.end() || at->is_structured()) break;
      auto identity = scalar_text(*at);
      if (!second.empty()) identity += '/' + item.value(std::string(second), std::string("TCP"));
      if (!unique.insert(identity).second) break;
      found.push_back(std::move(identity));
    }
    if (found.size() == list.size()) return found;
  }
  return std::nullopt;
}

/// The pairs of equal items of the longest common subsequence, in order.
std::vector<std::pair<std::size_t, std::size_t>> common(const json& a, const json& b) {
  std::vector<std::vector<int>> length(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      length[i][j] = a[i] == b[j] ? length[i + 1][j + 1] + 1 : std::max(length[i + 1][j], length[i][j + 1]);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) pairs.emplace_back(i++, j++);
    else if (length[i + 1][j] >= length[i][j + 1]) ++i;
    else ++j;
  }
  return pairs;
}

// --- comparing -------------------------------------------------------------------------------------

/// Walks two values side by side. `subset`: what only the second has does not count (live objects).
class Comparison {
 public:
  Comparison(bool secret, bool subset) : secret_(secret), subset_(subset) {}

  void run(const std::string& path, const json* before, const json* after, bool quantities = false) {
    if (before != nullptr && after != nullptr) {
      if (*before == *after) return;
      if (before->is_object() && after->is_object()) return maps(path, *before, *after);
      if (before->is_array() && after->is_array()) return lists(path, *before, *after);
      if (quantities && same_quantity(*before, *after)) return;
    }
    if (nothing(before) && nothing(after)) return;
    add(path, before, after);
  }
  [[nodiscard]] std::vector<FieldChange> take() { return std::move(changes_); }

 private:
  /// To the server an empty map or list, null and an absent field are mostly the same.
  [[nodiscard]] bool nothing(const json* value) const {
    return value == nullptr || value->is_null() || (subset_ && (value->empty() || *value == ""));
  }

  void add(const std::string& path, const json* before, const json* after) {
    // Whole subtrees are told field by field, or the reader has to compare two blobs.
    if (before == nullptr && after != nullptr && after->is_object() && !after->empty() && !secret_) {
      for (const auto& [key, value] : after->items()) run(step_to(path, key), nullptr, &value);
      return;
    }
    if (after == nullptr && before != nullptr && before->is_object() && !before->empty() && !secret_) {
      for (const auto& [key, value] : before->items()) run(step_to(path, key), &value, nullptr);
      return;
    }
    FieldChange change{.path = path, .secret = secret_, .extra = subset_ && nothing(before)};
    if (!secret_ && before != nullptr) change.before = *before;
    if (!secret_ && after != nullptr) change.after = *after;
    changes_.push_back(std::move(change));
  }

  void maps(const std::string& path, const json& before, const json& after) {
    for (const auto& [key, value] : before.items()) {
      const auto other = after.find(key);
      run(step_to(path, key), &value, other != after.end() ? &*other : nullptr,
          holds_quantities(key) || holds_quantities(last_key(path)));
    }
    if (subset_ && !path.empty() && last_key(path) != "data") return;
    if (subset_ && path.empty()) return;
    for (const auto& [key, value] : after.items())
      if (!before.contains(key)) run(step_to(path, key), nullptr, &value);
  }

  static std::string_view last_key(std::string_view path) {
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
  }

  void lists(const std::string& path, const json& before, const json& after) {
    const auto left = identities(before);
    const auto right = identities(after);
    if (!before.empty() && !after.empty() && left && right) return keyed(path, before, *left, after, *right);
    const auto pairs = common(before, after);
    std::size_t i = 0;
    std::size_t j = 0;
    const auto until = [&](std::size_t to_i, std::size_t to_j) {
      // An item that changed in place is one change, not a removal and an addition.
      for (; i < to_i && j < to_j; ++i, ++j) run(fmt::format("{}[{}]", path, j), &before[i], &after[j]);
      for (; i < to_i; ++i) add(fmt::format("{}[{}]", path, i), &before[i], nullptr);
      for (; j < to_j; ++j) add(fmt::format("{}[{}]", path, j), nullptr, &after[j]);
    };
    for (const auto& [a, b] : pairs) {
      until(a, b);
      i = a + 1;
      j = b + 1;
    }
    until(before.size(), after.size());
  }

  void keyed(const std::string& path, const json& before, const std::vector<std::string>& left, const json& after,
             const std::vector<std::string>& right) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const auto other = std::ranges::find(right, left[i]);
      const auto at = static_cast<std::size_t>(other - right.begin());
      run(fmt::format("{}[{}]", path, left[i]), &before[i], other != right.end() ? &after[at] : nullptr);
    }
    for (std::size_t j = 0; j < right.size(); ++j)
      if (std::ranges::find(left, right[j]) == left.end())
        run(fmt::format("{}[{}]", path, right[j]), nullptr, &after[j]);
  }

  bool secret_;
  bool subset_;
  std::vector<FieldChange> changes_;
};

bool is_secret(const helm::ObjectKey& key) { return key.group.empty() && key.kind == "Secret"; }

/// A Secret is compared in two halves: its content, which is never shown, and the rest.
std::vector<FieldChange> fields_of(const json& before, const json& after, bool secret, bool subset) {
  Comparison open(false, subset);
  if (!secret) {
    open.run("", &before, &after);
    return open.take();
  }
  auto rest_before = before;
  auto rest_after = after;
  Comparison closed(true, subset);
  for (const char* part : {"data", "stringData"}) {
    const auto a = before.find(part);
    const auto b = after.find(part);
    // An absent half as an empty one: else a new or removed half would be one line instead of its keys.
    static const json none = json::object();
    closed.run(part, a != before.end() ? &*a : &none, b != after.end() ? &*b : &none);
    rest_before.erase(part);
    rest_after.erase(part);
  }
  auto changes = closed.take();
  open.run("", &rest_before, &rest_after);
  std::ranges::move(open.take(), std::back_inserter(changes));
  return changes;
}

/// Follows from another change, or from the chart's number alone.
bool is_noise(std::string_view path) {
  return path.ends_with("labels[\"helm.sh/chart\"]") || path.find("annotations[\"checksum/") != std::string_view::npos;
}

}  // namespace

std::string_view name_of(Action action) {
  switch (action) {
  case Action::add: return "add";
  case Action::remove: return "remove";
  case Action::change: break;
  }
  return "change";
}

bool same_quantity(const json& a, const json& b) {
  const auto left = quantity(a);
  const auto right = quantity(b);
  return left && right && std::abs(*left - *right) <= 1e-12L * std::max(std::abs(*left), std::abs(*right));
}

std::vector<ObjectChange> compare(const std::vector<helm::Object>& last, const std::vector<helm::Object>& next) {
  const auto find = [](const std::vector<helm::Object>& in, const helm::ObjectKey& key) {
    const auto found = std::ranges::find(in, key, &helm::Object::key);
    return found == in.end() ? nullptr : &*found;
  };
  std::vector<ObjectChange> changes;
  for (const auto& object : last)
    if (find(next, object.key) == nullptr) changes.push_back({.action = Action::remove, .key = object.key});
  for (const auto& object : next) {
    const auto* before = find(last, object.key);
    if (before == nullptr || before->body == object.body) continue;
    ObjectChange change{.action = Action::change, .key = object.key};
    for (auto& field : fields_of(before->body, object.body, is_secret(object.key), false)) {
      if (is_noise(field.path)) ++change.noise;
      else change.fields.push_back(std::move(field));
    }
    if (change.noise > 0 || !change.fields.empty()) changes.push_back(std::move(change));
  }
  for (const auto& object : next)
    if (find(last, object.key) == nullptr) changes.push_back({.action = Action::add, .key = object.key});
  return changes;
}

std::vector<FieldChange> drift(const json& manifest, const json& live, bool scaled) {
  auto wanted = manifest;
  // The server answers in the version it was asked in, and keeps these by its own rules.
  for (const char* part : {"apiVersion", "kind", "status"}) wanted.erase(part);
  if (const auto metadata = wanted.find("metadata"); metadata != wanted.end() && metadata->is_object())
    for (const char* part : {"namespace", "creationTimestamp", "name"}) metadata->erase(part);
  if (const auto spec = wanted.find("spec"); scaled && spec != wanted.end() && spec->is_object())
    spec->erase("replicas");
  const bool secret = manifest.value("kind", "") == "Secret";
  // Write-only: the server folds it into data.
  if (secret) wanted.erase("stringData");
  auto found = fields_of(wanted, live, secret, true);
  std::erase_if(found, [](const FieldChange& change) { return change.path.starts_with("stringData"); });
  return found;
}

std::vector<helm::ObjectKey> scaled_by_autoscaler(const std::vector<helm::Object>& objects) {
  std::vector<helm::ObjectKey> scaled;
  for (const auto& object : objects) {
    if (object.key.kind != "HorizontalPodAutoscaler") continue;
    const auto& target = object.body.value("/spec/scaleTargetRef"_json_pointer, json::object());
    const auto kind = target.value("kind", "");
    const auto name = target.value("name", "");
    for (const auto& other : objects)
      if (other.key.kind == kind && other.key.name == name && other.key.name_space == object.key.name_space)
        scaled.push_back(other.key);
  }
  return scaled;
}

}  // namespace slipway::deploy_helm
