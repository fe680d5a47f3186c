// SPDX-License-Identifier: Apache-2.0
#include "data/set.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace slipway::data {

namespace {

constexpr std::size_t largest_index = 65536;  // helm's
constexpr std::size_t deepest = 30;           // helm's

using Step = std::variant<std::string, std::size_t>;

/// The JSON value that a text begins with ends here: brackets are counted, strings are skipped.
std::size_t json_length(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return text.size();
}

class Assignments {
 public:
  Assignments(std::string_view text, SetKind kind, std::string_view name)
      : text_(text), kind_(kind), name_(name), file_(std::make_shared<const std::string>(name)) {}

  void run(Value& base) {
    while (at_ < text_.size()) {
      const auto begun = at_;
      const auto path = key();
      put(base, path, begun, assigned());
      if (at_ < text_.size()) ++at_;  // the comma
    }
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::size_t column) const {
    throw Error(failure::bad_usage, fmt::format("{} '{}': {} at column {}", name_, text_, what, column + 1),
                fmt::format(R"({} key.part[0]=value; a comma or dot inside is \, or \.)", name_));
  }

  std::vector<Step> key() {
    std::vector<Step> path;
    std::string word;
    bool has_word = false;  // an index may stand where a word would
    const auto finish = [&] {
      if (!has_word && word.empty()) fail("a key has an empty part", at_);
      if (!word.empty()) path.emplace_back(std::exchange(word, {}));
      has_word = false;
      if (path.size() > deepest) fail(fmt::format("a key with more than {} parts", deepest), at_);
    };
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        word += text_[++at_];
      } else if (c == '=') {
        finish();
        ++at_;
        return path;
      } else if (c == '.') {
        finish();
      } else if (c == ',') {
        fail(fmt::format("the key '{}' has no value", word), at_);
      } else if (c == '[') {
        if (!word.empty() || path.empty()) finish();
        path.emplace_back(index());
        has_word = true;
      } else {
        if (has_word) fail("a dot or '=' is missing", at_);
        word += c;
      }
    }
    fail("'=' is missing", at_);
  }

  std::size_t index() {
    const auto end = text_.find(']', at_);
    std::size_t value = 0;
    const auto* first = text_.data() + at_ + 1;
    const auto* last = end == std::string_view::npos ? first : text_.data() + end;
    const auto [stop, fault] = std::from_chars(first, last, value);
    if (fault != std::errc{} || stop != last) fail("an index is [NUMBER]", at_);
    if (value > largest_index) fail(fmt::format("an index above {}", largest_index), at_);
    at_ = end;
    return value;
  }

  Value assigned() {
    if (kind_ == SetKind::json) {
      const auto rest = text_.substr(at_);
      const auto length = json_length(rest);
      auto value = parse_yaml(rest.substr(0, length), std::string(name_)).root;
      at_ += length;
      return value;
    }
    if (at_ < text_.size() && text_[at_] == '{') return list();
    return typed(word(","));
  }

  Value list() {
    auto out = Value::sequence();
    ++at_;
    if (at_ < text_.size() && text_[at_] == '}') {
      ++at_;
    } else {
      for (;;) {
        out.items().push_back(typed(word(",}")));
        if (at_ == text_.size()) fail("a list without its '}'", at_);
        if (text_[at_++] == '}') break;
      }
    }
    if (at_ < text_.size() && text_[at_] != ',') fail("text behind a list", at_);
    out.set_mark(Mark{file_, 0, 0});
    return out;
  }

  std::string word(std::string_view ends) {
    std::string out;
    for (; at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    return out;
  }

  [[nodiscard]] Value typed(std::string text) const {
    auto value = [&] {
      if (kind_ == SetKind::string) return Value::of(std::move(text));
      const auto low = text::lower(text);
      if (low == "true" || low == "false") return Value::of(low == "true");
      if (low == "null") return Value();
      if (text == "0") return Value::of(std::int64_t{0});
      std::int64_t number = 0;
      const auto digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
      const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      const bool whole = fault == std::errc{} && end == digits.data() + digits.size() && !digits.empty();
      if (whole && !text.starts_with('0')) return Value::of(number);
      return Value::of(std::move(text));
    }();
    value.set_mark(Mark{file_, 0, 0});
    return value;
  }

  void put(Value& base, const std::vector<Step>& path, std::size_t column, Value value) const {
    auto* at = &base;
    for (const auto& step : path) {
      if (const auto* key = std::get_if<std::string>(&step)) {
        if (at->is(Kind::null)) *at = Value::mapping();
        if (!at->is(Kind::mapping)) fail(fmt::format("'{}' would stand in {}", *key, name_of(at->kind())), column);
        auto* next = at->find(*key);
        at = next != nullptr ? next : &at->set(*key, {});
      } else {
        const auto index = std::get<std::size_t>(step);
        if (at->is(Kind::null)) *at = Value::sequence();
        if (!at->is(Kind::sequence)) fail(fmt::format("[{}] of {}", index, name_of(at->kind())), column);
        if (at->items().size() <= index) at->items().resize(index + 1);
        at = &at->items()[index];
      }
    }
    *at = std::move(value);
  }

  std::string_view text_;
  SetKind kind_;
  std::string_view name_;
  std::shared_ptr<const std::string> file_;
  std::size_t at_ = 0;
};

}  // namespace

void apply_set(Value& base, std::string_view text, SetKind kind, std::string_view name) {
  if (!base.is(Kind::mapping)) base = Value::mapping();
  if (kind == SetKind::json && text::trim(text).starts_with('{')) {
    auto document = parse_yaml(text, std::string(name)).root;
    if (!document.is(Kind::mapping)) throw Error(failure::bad_usage, fmt::format("{} '{}' is no object", name, text));
    merge_layer(base, std::move(document));
    return;
  }
  Assignments(text, kind, name).run(base);
}

}  // namespace slipway::data
