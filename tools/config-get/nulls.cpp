// SPDX-License-Identifier: Apache-2.0
#include "nulls.hpp"

#include "core/text.hpp"
#include "render.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace slipway::config_get {

namespace {

using data::HelmSemantics;
using data::Kind;
using data::Value;

constexpr std::array versions{HelmSemantics::v3_19, HelmSemantics::v4_1, HelmSemantics::v4_3};

bool has_last_word(const config::Trace& trace) {
  return !trace.statements.empty() && trace.statements.front().value->is(Kind::null);
}

/// What became of a key, for a program.
std::string_view fate(const Value* value) {
  if (value == nullptr) return "removed";
  return value->is(Kind::null) ? "null" : "value";
}

/// The same for a person, behind the versions of helm.
std::string told(const Value* value, bool several) {
  if (value == nullptr) return several ? "remove the key" : "removes the key";
  if (value->is(Kind::null)) return several ? "keep it as null" : "keeps it as null";
  return fmt::format("{} over it and {} {}", several ? "pass" : "passes", several ? "take" : "takes", shown(*value));
}

/// "3.19, 4.1 and 4.3".
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

}  // namespace

Nulls::Nulls(const Value& user, const Chart& chart) {
  computed_.emplace();
  for (const auto version : versions) computed_->emplace(version, over_chart(user, chart, version));
}

std::optional<std::string> Nulls::note(const config::Trace& trace) const {
  if (!has_last_word(trace)) return std::nullopt;
  if (!computed_) {
    if (trace.value == nullptr) return "null: it took this away, and a later map does not bring it back";
    std::string out = "null: the key stays, as null, until the chart's defaults are merged; helm then removes it with "
                      "the default of that name";
    // Only below the top do the versions differ.
    if (trace.path.size() > 1) out += ", but 4.1 and 4.3 keep it where that default is null as well";
    return out;
  }
  struct Group {
    std::vector<std::string> names;
    const Value* value;
  };
  std::vector<Group> groups;
  for (const auto& [version, values] : *computed_) {
    const auto* value = config::find(values, trace.path);
    if (groups.empty() || told(groups.back().value, false) != told(value, false)) groups.push_back({{}, value});
    groups.back().names.emplace_back(name_of(version));
  }
  std::vector<std::string> parts;
  for (const auto& group : groups) {
    const bool several = group.names.size() > 1;
    parts.push_back(fmt::format("helm {} {}", listed(group.names), told(group.value, several)));
  }
  return "null: " + text::join(parts, "; ");
}

std::optional<std::string> Nulls::json(const config::Trace& trace) const {
  if (!has_last_word(trace)) return std::nullopt;
  const bool nested = trace.path.size() > 1;
  if (!computed_ && trace.value != nullptr)
    return fmt::format(R"({{"no-default":"null","default":"removed","null-default":{{"3.19":"removed","4.1":"{0}",)"
                       R"("4.3":"{0}"}}}})",
                       nested ? "null" : "removed");
  std::vector<std::string> list;
  for (const auto version : versions) {
    const Value* value = nullptr;
    if (computed_) value = config::find(computed_->at(version), trace.path);
    list.push_back(fmt::format(R"("{}":"{}")", name_of(version), fate(value)));
  }
  return fmt::format(R"({{"as-helm":{{{}}}}})", text::join(list, ","));
}

}  // namespace slipway::config_get
