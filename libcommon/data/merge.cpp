// SPDX-License-Identifier: Apache-2.0
#include "data/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <unordered_map>

namespace slipway::data {

namespace {

std::string child(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

/// Fills in what the chart says and the user does not.
class Coalesce {
 public:
  Coalesce(HelmSemantics semantics, const MergeWarning& warn) : semantics_(semantics), warn_(warn) {}

  void run(Value& user, const Value& defaults, std::string_view path, bool nested) const {
    for (const auto& member : defaults.members()) {
      auto* mine = user.find(member.key);
      const bool both_null = mine != nullptr && mine->is(Kind::null) && member.value.is(Kind::null);
      if (mine == nullptr) {
        add(user, member);
      } else if (mine->is(Kind::null)) {
        // A null deletes the default. Helm 4 keeps it where the default is null as well, but below the top only.
        if (!both_null || semantics_ == HelmSemantics::v3_19 || !nested) user.erase(member.key);
      } else if (mine->is(Kind::mapping) && member.value.is(Kind::mapping)) {
        run(*mine, member.value, child(path, member.key), true);
      } else if (mine->is(Kind::mapping) && !member.value.is(Kind::null)) {
        warn(child(path, member.key), "the chart's default is no map and is dropped");
      } else if (member.value.is(Kind::mapping)) {
        warn(child(path, member.key), "the chart's default is a map and is dropped");
      }
    }
  }

 private:
  void add(Value& user, const Value::Member& member) const {
    if (semantics_ != HelmSemantics::v4_3) {
      user.members().push_back(member);
      return;
    }
    if (member.value.is(Kind::null)) return;
    auto copy = member;
    drop_nulls(copy.value);
    user.members().push_back(std::move(copy));
  }

  static void drop_nulls(Value& value) {
    std::erase_if(value.members(), [](const Value::Member& m) { return m.value.is(Kind::null); });
    for (auto& member : value.members()) drop_nulls(member.value);
  }

  void warn(std::string_view path, std::string_view message) const {
    if (warn_) warn_(path, message);
  }

  HelmSemantics semantics_;
  const MergeWarning& warn_;
};

}  // namespace

void merge_layer(Value& base, Value over) {
  if (over.is(Kind::null)) return;
  if (!base.is(Kind::mapping) || !over.is(Kind::mapping)) {
    base = std::move(over);
    return;
  }
  auto& members = base.members();
  // The index holds views of the keys, so the members must not move while it is in use.
  members.reserve(members.size() + over.members().size());
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < members.size(); ++i) index.emplace(members[i].key, i);
  for (auto& member : over.members()) {
    const auto there = index.find(member.key);
    if (there == index.end()) {
      members.push_back(std::move(member));
      continue;
    }
    auto& value = members[there->second].value;
    if (value.is(Kind::mapping) && member.value.is(Kind::mapping)) merge_layer(value, std::move(member.value));
    else value = std::move(member.value);
  }
}

Value over_defaults(Value user, const Value& defaults, HelmSemantics semantics, const MergeWarning& warn) {
  if (user.is(Kind::null)) user = Value::mapping();
  Coalesce(semantics, warn).run(user, defaults, {}, false);
  return user;
}

}  // namespace slipway::data
