// SPDX-License-Identifier: Apache-2.0
#include "blubber/policy_rule.hpp"

#include "blubber/config.hpp"
#include "blubber/grammar.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace slipway::blubber {

using data::Kind;
using data::Value;

namespace {

// --- what can be said of a value

bool is_zero(const Value& v) {
  switch (v.kind()) {
  case Kind::null: return true;
  case Kind::boolean: return !v.as_bool();
  case Kind::integer: return v.as_integer() == 0;
  case Kind::real: return v.as_real() == 0;
  case Kind::string: return v.text().empty();
  case Kind::sequence: return v.items().empty();
  case Kind::mapping: return v.members().empty();
  }
  return true;
}

/// The number itself, the characters of a text, or how many a list or map holds.
double size_of(const Value& v) {
  switch (v.kind()) {
  case Kind::integer:
  case Kind::real: return v.as_real();
  case Kind::string:
    return static_cast<double>(
        std::ranges::count_if(v.text(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
  case Kind::sequence: return static_cast<double>(v.items().size());
  case Kind::mapping: return static_cast<double>(v.members().size());
  case Kind::null:
  case Kind::boolean: break;
  }
  return std::nan("");  // equals, and compares with, nothing
}

std::optional<double> number(std::string_view text) {
  double out = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool equals(const Value& v, std::string_view parameter) {
  if (v.is(Kind::string) || v.is(Kind::boolean)) return v.text() == parameter;
  const auto wanted = number(parameter);
  return wanted && size_of(v) == *wanted;
}

/// Words apart by blanks; one that holds blanks stands in single quotes.
std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!(text = text::trim(text)).empty()) {
    const bool quoted = text.starts_with('\'');
    if (quoted) text.remove_prefix(1);
    const auto end = std::min(text.find(quoted ? '\'' : ' '), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_one_of(const Value& v, const std::vector<std::string>& choices) {
  return (v.is(Kind::string) || v.is(Kind::integer)) && std::ranges::find(choices, v.text()) != choices.end();
}

/// A text that contains the other, or a list with such an item.
bool contains(const Value& v, std::string_view parameter) {
  if (v.is(Kind::string)) return v.text().find(parameter) != std::string::npos;
  return v.is(Kind::sequence) && std::ranges::any_of(v.items(), [&](const Value& item) {
           return item.is(Kind::string) && item.text() == parameter;
         });
}

/// For a text, or for every one of a list.
template <typename Test>
bool each_text(const Value& v, Test test) {
  if (v.is(Kind::sequence)) return std::ranges::all_of(v.items(), [&](const Value& i) { return each_text(i, test); });
  return v.is(Kind::string) && test(v.text());
}

template <typename Test>
bool each_name(const Value& v, Test test) {
  return v.is(Kind::mapping) && std::ranges::all_of(v.members(), [&](const auto& m) { return test(m.key); });
}

bool is_unique(const Value& v) {
  if (!v.is(Kind::sequence) && !v.is(Kind::mapping)) return false;
  const auto& items = v.items();
  for (auto at = items.begin(); at != items.end(); ++at) {
    if (std::find(std::next(at), items.end(), *at) != items.end()) return false;
  }
  return true;
}

const Value* beside(const RuleScope& scope, std::string_view key) {
  return scope.parent == nullptr ? nullptr : scope.parent->find(key);
}

/// A list of one-key maps in which no kind but the excepted one stands twice.
bool has_unique_kinds(const Value& v, std::string_view except) {
  std::set<std::string> seen;
  return std::ranges::all_of(v.items(), [&](const Value& item) {
    if (item.members().size() != 1) return false;
    const auto& kind = item.members().front().key;
    const bool is_excepted = kind == except || (kind == "custom" && except.ends_with("BuilderConfig"));
    return is_excepted || seen.insert(kind).second;
  });
}

bool stays_local(const Value& v, const RuleScope& scope) {
  const auto* from = beside(scope, "from");
  const bool is_local = from == nullptr || from->text().empty() || from->text() == "local";
  return v.is(Kind::string) && (v.text().empty() || !is_local || grammar::stays_inside(v.text()));
}

bool is_variant(const RuleScope& scope, std::string_view name) {
  return name == "local" || scope.config.find(name) != nullptr;
}

// --- the tags

struct Tag {
  enum class Takes { nothing, text, number };
  std::string_view name;
  Takes takes;
  bool (*holds)(const Value& value, const std::string& parameter, const RuleScope& scope);
};

constexpr auto nothing = Tag::Takes::nothing;
constexpr auto text_parameter = Tag::Takes::text;
constexpr auto number_parameter = Tag::Takes::number;

template <bool (*Test)(std::string_view)>
bool texts(const Value& v, const std::string& /*p*/, const RuleScope& /*s*/) {
  return each_text(v, Test);
}

template <bool (*Test)(std::string_view)>
bool names(const Value& v, const std::string& /*p*/, const RuleScope& /*s*/) {
  return each_name(v, Test);
}

constexpr std::array tags{
    // The validator's own.
    Tag{"required", nothing, [](const Value& v, const std::string&, const RuleScope&) { return !is_zero(v); }},
    Tag{"omitempty", nothing, [](const Value&, const std::string&, const RuleScope&) { return true; }},
    Tag{"eq", text_parameter, [](const Value& v, const std::string& p, const RuleScope&) { return equals(v, p); }},
    Tag{"ne", text_parameter, [](const Value& v, const std::string& p, const RuleScope&) { return !equals(v, p); }},
    Tag{"oneof", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return is_one_of(v, words(p)); }},
    Tag{"startswith", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) {
          return each_text(v, [&](std::string_view s) { return s.starts_with(p); });
        }},
    Tag{"endswith", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) {
          return each_text(v, [&](std::string_view s) { return s.ends_with(p); });
        }},
    Tag{"contains", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return contains(v, p); }},
    Tag{"excludes", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) {
          return (v.is(Kind::string) || v.is(Kind::sequence)) && !contains(v, p);
        }},
    Tag{"len", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) == *number(p); }},
    Tag{"min", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) >= *number(p); }},
    Tag{"max", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) <= *number(p); }},
    Tag{"gt", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) > *number(p); }},
    Tag{"gte", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) >= *number(p); }},
    Tag{"lt", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) < *number(p); }},
    Tag{"lte", number_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) { return size_of(v) <= *number(p); }},
    Tag{"unique", nothing, [](const Value& v, const std::string&, const RuleScope&) { return is_unique(v); }},
    Tag{"alphanum", nothing, texts<grammar::is_node_environment>},
    // Upstream's.
    Tag{"isfalse", nothing,
        [](const Value& v, const std::string&, const RuleScope&) { return v.is(Kind::boolean) && !v.as_bool(); }},
    Tag{"istrue", nothing,
        [](const Value& v, const std::string&, const RuleScope&) { return v.is(Kind::boolean) && v.as_bool(); }},
    Tag{"abspath", nothing, texts<grammar::is_absolute_path>},
    Tag{"context", nothing,
        [](const Value& v, const std::string&, const RuleScope& scope) {
          return each_text(v,
                           [&](std::string_view s) { return is_variant(scope, s) || grammar::is_image_reference(s); });
        }},
    Tag{"currentversion", nothing,
        [](const Value& v, const std::string&, const RuleScope&) { return v.text() == "v4"; }},
    Tag{"debiancomponent", nothing, texts<grammar::is_apt_word>},
    Tag{"debianpackage", nothing, texts<grammar::is_debian_package>},
    Tag{"debianrelease", nothing, texts<grammar::is_apt_word>},
    Tag{"envvars", nothing, names<grammar::is_environment_name>},
    Tag{"httpurl", nothing, texts<grammar::is_http_url>},
    Tag{"imageref", nothing, texts<grammar::is_image_reference>},
    Tag{"nodeenv", nothing, texts<grammar::is_node_environment>},
    Tag{"pypkgver", nothing, texts<grammar::is_python_specifier>},
    Tag{"relativelocal", nothing,
        [](const Value& v, const std::string&, const RuleScope& scope) { return stays_local(v, scope); }},
    Tag{"requiredwith", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope& scope) {
          const auto* other = beside(scope, p);
          return other == nullptr || is_zero(*other) || !is_zero(v);
        }},
    Tag{"notallowedwith", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope& scope) {
          const auto others = words(p);
          return is_zero(v) || std::ranges::all_of(others, [&](const std::string& key) {
                   const auto* other = beside(scope, key);
                   return other == nullptr || is_zero(*other);
                 });
        }},
    Tag{"uniqueartifacts", nothing, [](const Value& v, const std::string&, const RuleScope&) { return is_unique(v); }},
    Tag{"uniquetypesexcept", text_parameter,
        [](const Value& v, const std::string& p, const RuleScope&) {
          return v.is(Kind::sequence) && has_unique_kinds(v, p);
        }},
    Tag{"username", nothing, texts<grammar::is_user_name>},
    Tag{"variantref", nothing,
        [](const Value& v, const std::string&, const RuleScope& scope) {
          return each_text(v, [&](std::string_view s) { return is_variant(scope, s); });
        }},
    Tag{"variants", nothing, names<grammar::is_variant_name>},
};

const Tag* find_tag(std::string_view name) {
  const auto* found = std::ranges::find(tags, name, &Tag::name);
  return found == tags.end() ? nullptr : found;
}

/// The validator's way to write what would end a tag.
std::string decoded(std::string text) {
  for (const auto& [code, sign] : {std::pair{"0x2C", ","}, std::pair{"0x7C", "|"}}) {
    for (auto at = text.find(code); at != std::string::npos; at = text.find(code, at)) text.replace(at, 4, sign);
  }
  return text;
}

std::string fault_of(const Tag& tag, const std::string& parameter, bool has_parameter) {
  if (tag.takes == nothing && has_parameter) return fmt::format("the rule '{}' takes no value", tag.name);
  if (tag.takes != nothing && parameter.empty()) return fmt::format("the rule '{0}' wants a value: {0}=...", tag.name);
  if (tag.takes == number_parameter && !number(parameter))
    return fmt::format("the rule '{}' wants a number, not '{}'", tag.name, text::printable(parameter));
  return {};
}

}  // namespace

std::optional<PolicyRule> parse_rule(std::string_view text, std::string& fault, std::string& suggestion) {
  PolicyRule rule;
  for (const auto& part : text::split(text, ',')) {
    auto& alternatives = rule.emplace_back();
    for (const auto& alternative : text::split(part, '|')) {
      const auto equals_sign = alternative.find('=');
      const bool has_parameter = equals_sign != std::string::npos;
      RuleTag tag{std::string(text::trim(std::string_view(alternative).substr(0, equals_sign))),
                  has_parameter ? decoded(alternative.substr(equals_sign + 1)) : std::string()};
      const auto* known = find_tag(tag.name);
      if (known == nullptr) {
        fault = fmt::format("unknown rule '{}'", text::printable(tag.name));
        std::vector<std::string> all;
        for (const auto& t : tags) all.emplace_back(t.name);
        suggestion = text::nearest(tag.name, all).value_or("");
        return std::nullopt;
      }
      fault = fault_of(*known, tag.parameter, has_parameter);
      if (!fault.empty()) return std::nullopt;
      alternatives.push_back(std::move(tag));
    }
  }
  return rule;
}

bool holds(const PolicyRule& rule, const Value& value, const RuleScope& scope) {
  for (const auto& alternatives : rule) {
    // Ends the rule for a value that is not there; what stood before it has held.
    if (alternatives.front().name == "omitempty" && is_zero(value)) return true;
    const bool one_holds = std::ranges::any_of(
        alternatives, [&](const RuleTag& tag) { return find_tag(tag.name)->holds(value, tag.parameter, scope); });
    if (!one_holds) return false;
  }
  return true;
}

}  // namespace slipway::blubber
