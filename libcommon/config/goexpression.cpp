// SPDX-License-Identifier: Apache-2.0
#include "config/goexpression.hpp"

#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

/// Thrown and caught in this file only: leaves a deep recursion with one sentence.
struct NotKnown {
  std::string reason;
};

using Arguments = std::vector<Value>;
using Call = Value (*)(const Arguments&);

const std::string& text_of(const Value& value) {
  if (!value.is(Kind::string)) throw NotKnown{"an argument is no string"};
  return value.text();
}

Value eq(const Arguments& a) {
  const auto same = [&](const Value& b) {
    if (a[0].kind() != b.kind()) throw NotKnown{"'eq' compares values of different kinds"};
    return a[0] == b;
  };
  return Value::of(std::any_of(a.begin() + 1, a.end(), same));
}
Value ne(const Arguments& a) { return Value::of(!eq(a).as_bool()); }
Value negated(const Arguments& a) { return Value::of(!is_true(a[0])); }
Value any(const Arguments& a) {
  const auto found = std::ranges::find_if(a, is_true);
  return found == a.end() ? a.back() : *found;
}
Value all(const Arguments& a) {
  const auto found = std::ranges::find_if_not(a, is_true);
  return found == a.end() ? a.back() : *found;
}
Value has_prefix(const Arguments& a) { return Value::of(text_of(a[1]).starts_with(text_of(a[0]))); }
Value has_suffix(const Arguments& a) { return Value::of(text_of(a[1]).ends_with(text_of(a[0]))); }
Value contains(const Arguments& a) { return Value::of(text_of(a[1]).find(text_of(a[0])) != std::string::npos); }
Value trim_prefix(const Arguments& a) {
  const auto& text = text_of(a[1]);
  const auto& prefix = text_of(a[0]);
  return Value::of(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}
Value trim_suffix(const Arguments& a) {
  const auto& text = text_of(a[1]);
  const auto& suffix = text_of(a[0]);
  return Value::of(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}
bool holds(const Value& map, const std::string& key) {
  if (!map.is(Kind::mapping)) throw NotKnown{"it looks into what is no map"};
  if (map.find(key) != nullptr) return true;
  if (map.find(open_map_key) != nullptr) throw NotKnown{fmt::format("'{}' may be set outside of the registry", key)};
  return false;
}
Value has_key(const Arguments& a) { return Value::of(holds(a[0], text_of(a[1]))); }
/// helmfile's own: get KEY [DEFAULT] MAP.
Value get(const Arguments& a) {
  const auto& key = text_of(a[0]);
  if (holds(a.back(), key)) return *a.back().find(key);
  if (a.size() == 3) return a[1];
  throw NotKnown{fmt::format("'{}' is not set", key)};
}
Value has(const Arguments& a) {
  if (!a[1].is(Kind::sequence)) throw NotKnown{"'has' looks into what is no list"};
  return Value::of(std::ranges::find(a[1].items(), a[0]) != a[1].items().end());
}
Value list(const Arguments& a) { return Value::sequence(a); }
Value fallback(const Arguments& a) { return is_true(a[1]) ? a[1] : a[0]; }
Value formatted(const Arguments& a) {
  std::string out;
  std::size_t next = 1;
  const auto& format = text_of(a[0]);
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const char verb = ++i < format.size() ? format[i] : '\0';
    if (verb == '%') {
      out += '%';
      continue;
    }
    const auto word = next < a.size() ? printed(a[next]) : std::nullopt;
    if ((verb != 's' && verb != 'd' && verb != 'v') || !word)
      throw NotKnown{"'printf' with other than %s and %d of a word"};
    out += *word;
    ++next;
  }
  if (next != a.size()) throw NotKnown{"'printf' with too many words"};
  return Value::of(std::move(out));
}

struct Function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
  Call call;
};
constexpr std::size_t many = 64;
constexpr std::array functions{
    Function{"eq", 2, many, eq},
    Function{"ne", 2, 2, ne},
    Function{"not", 1, 1, negated},
    Function{"or", 1, many, any},
    Function{"and", 1, many, all},
    Function{"hasPrefix", 2, 2, has_prefix},
    Function{"hasSuffix", 2, 2, has_suffix},
    Function{"contains", 2, 2, contains},
    Function{"trimPrefix", 2, 2, trim_prefix},
    Function{"trimSuffix", 2, 2, trim_suffix},
    Function{"hasKey", 2, 2, has_key},
    Function{"get", 2, 3, get},
    Function{"has", 2, 2, has},
    Function{"list", 0, many, list},
    Function{"default", 2, 2, fallback},
    Function{"printf", 1, many, formatted},
};

class Evaluator {
 public:
  Evaluator(std::string_view text, const TemplateScope& scope) : text_(text), scope_(scope) {}

  Value run() {
    auto value = pipeline(0);
    skip();
    if (at_ != text_.size()) throw NotKnown{fmt::format("'{}' is not understood", text_.substr(at_))};
    return value;
  }

 private:
  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Value pipeline(int depth) {
    if (depth > 20) throw NotKnown{"it is nested too deep"};
    auto value = command(std::nullopt, depth);
    while (take('|')) value = command(std::move(value), depth);
    return value;
  }

  Value command(std::optional<Value> piped, int depth) {
    skip();
    const auto name = identifier();
    if (name.empty() || name == "true" || name == "false" || name == "nil") {
      if (piped) throw NotKnown{"a value is piped into what is no function"};
      return operand(name, depth);
    }
    const auto known = std::ranges::find(functions, name, &Function::name);
    if (known == functions.end()) throw NotKnown{fmt::format("the function '{}' is not among those known", name)};
    Arguments arguments;
    for (skip(); at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')'; skip())
      arguments.push_back(operand(identifier(), depth));
    if (piped) arguments.push_back(std::move(*piped));
    if (arguments.size() < known->least || arguments.size() > known->most)
      throw NotKnown{fmt::format("'{}' has {} arguments", name, arguments.size())};
    return known->call(arguments);
  }

  std::string_view identifier() {
    const auto begin = at_;
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    while (at_ < text_.size() && (is_letter(text_[at_]) || (at_ > begin && text_[at_] >= '0' && text_[at_] <= '9')))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Value operand(std::string_view name, int depth) {
    if (name == "true" || name == "false") return Value::of(name == "true");
    if (name == "nil") return {};
    if (!name.empty()) throw NotKnown{fmt::format("'{}' stands where a value would", name)};
    if (take('(')) {
      auto value = pipeline(depth + 1);
      if (!take(')')) throw NotKnown{"a closing parenthesis is missing"};
      return value;
    }
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c == '.') return field();
    if (c == '"' || c == '`') return literal(c);
    if ((c >= '0' && c <= '9') || c == '-') return number();
    throw NotKnown{fmt::format("'{}' is not understood", text_.substr(at_))};
  }

  Value field() {
    std::vector<std::string> path;
    while (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      const auto name = identifier();
      if (name.empty()) throw NotKnown{"'.' alone is not understood"};
      path.emplace_back(name);
    }
    auto value = scope_(path);
    if (!value) throw NotKnown{fmt::format("'.{}' is not known here", text::join(path, "."))};
    return std::move(*value);
  }

  Value literal(char quote) {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && quote == '"') {
        ++at_;
        if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\\')) throw NotKnown{"an escape in a string"};
      }
      out += text_[at_];
    }
    if (at_ == text_.size()) throw NotKnown{"a string has no end"};
    ++at_;
    return Value::of(std::move(out));
  }

  Value number() {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (fault != std::errc{}) throw NotKnown{"a number is not understood"};
    at_ = static_cast<std::size_t>(end - text_.data());
    return Value::of(value);
  }

  std::string_view text_;
  const TemplateScope& scope_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Value> evaluate_expression(std::string_view text, const TemplateScope& scope, std::string& reason) {
  try {
    return Evaluator(text, scope).run();
  } catch (NotKnown& fault) {
    reason = std::move(fault.reason);
    return std::nullopt;
  }
}

bool is_true(const Value& value) {
  switch (value.kind()) {
  case Kind::null: return false;
  case Kind::boolean: return value.as_bool();
  case Kind::integer: return value.as_integer() != 0;
  case Kind::real: return value.as_real() != 0;
  case Kind::string: return !value.text().empty();
  case Kind::sequence: return !value.items().empty();
  case Kind::mapping: return !value.members().empty();
  }
  return false;
}

std::optional<std::string> printed(const Value& value) {
  switch (value.kind()) {
  case Kind::null: return "";
  case Kind::string: return value.text();
  case Kind::boolean:
  case Kind::integer:
  case Kind::real: return data::to_json(value);
  case Kind::sequence:
  case Kind::mapping: break;
  }
  return std::nullopt;
}

}  // namespace slipway::config
