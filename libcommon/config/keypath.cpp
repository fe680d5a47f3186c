// SPDX-License-Identifier: Apache-2.0
#include "config/keypath.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

/// Reads a path from left to right.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  KeyPath run() {
    if (text_.starts_with('.')) ++at_;  // as jq and yq write it
    if (at_ == text_.size()) fail("names nothing");
    bool first = true;
    while (at_ < text_.size()) {
      if (text_[at_] == '[') {
        bracket();
      } else {
        if (!first) expect('.', "lacks a dot");
        word();
      }
      first = false;
    }
    return std::move(path_);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(failure::bad_usage, fmt::format("the key path '{}' {} at column {}", text_, what, at_ + 1),
                R"(write a.b[2].c; a dot in a key is a\.b or ["a.b"])");
  }

  void expect(char wanted, std::string_view otherwise) {
    if (at_ == text_.size() || text_[at_] != wanted) fail(otherwise);
    ++at_;
  }

  void word() {
    std::string key;
    while (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[') {
      if (text_[at_] == '\\') ++at_;
      if (at_ == text_.size()) fail("ends with a backslash");
      key += text_[at_++];
    }
    if (key.empty()) fail("has an empty part");
    path_.emplace_back(std::move(key));
  }

  void bracket() {
    ++at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      std::string key;
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\') ++at_;
        if (at_ == text_.size()) break;
        key += text_[at_];
      }
      if (at_ == text_.size()) fail("has an open quote");
      ++at_;
      path_.emplace_back(std::move(key));
    } else {
      std::size_t index = 0;
      const auto* begin = text_.data() + at_;
      const auto [end, fault] = std::from_chars(begin, text_.data() + text_.size(), index);
      if (fault != std::errc{}) fail("has no number in its brackets");
      at_ += static_cast<std::size_t>(end - begin);
      path_.emplace_back(index);
    }
    expect(']', "lacks a closing bracket");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  KeyPath path_;
};

const Value* step_into(const Value& value, const Step& step) {
  if (const auto* key = std::get_if<std::string>(&step)) return value.find(*key);
  const auto index = std::get<std::size_t>(step);
  return value.is(Kind::sequence) && index < value.items().size() ? &value.items()[index] : nullptr;
}

/// Every path whose last key is `key`, but no more than a person would read.
void find_elsewhere(const Value& value, const std::string& key, KeyPath& here, std::vector<std::string>& found) {
  constexpr std::size_t enough = 3;
  for (const auto& member : value.members()) {
    if (found.size() == enough) return;
    here.emplace_back(member.key);
    if (member.key == key) found.push_back(show_path(here));
    find_elsewhere(member.value, key, here, found);
    here.pop_back();
  }
}

/// What may stand where `step` found nothing below `parent`.
[[noreturn]] void fail_at(const Value& root, const Value& parent, const KeyPath& path, std::size_t depth) {
  const KeyPath above(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
  const KeyPath upto(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth) + 1);
  const auto missing = fmt::format("there is no key '{}'", show_path(upto));
  const auto where = above.empty() ? std::string("the root") : fmt::format("'{}'", show_path(above));
  if (const auto* index = std::get_if<std::size_t>(&path[depth])) {
    if (parent.is(Kind::sequence))
      throw Error(failure::not_found,
                  fmt::format("{}: {} has {} elements, counted from 0", missing, where, parent.items().size()));
    throw Error(failure::not_found,
                fmt::format("{}: {} is {}, so [{}] is nothing in it", missing, where, name_of(parent.kind()), *index));
  }
  if (!parent.is(Kind::mapping))
    throw Error(failure::not_found, fmt::format("{}: {} is {}", missing, where, name_of(parent.kind())));
  const auto& key = std::get<std::string>(path[depth]);
  std::vector<std::string> keys;
  for (const auto& member : parent.members()) keys.push_back(member.key);
  std::ranges::sort(keys);
  if (const auto near = text::nearest(key, keys)) {
    auto meant = above;
    meant.emplace_back(*near);
    throw Error(failure::not_found, fmt::format("{}; did you mean '{}'?", missing, show_path(meant)));
  }
  KeyPath here;
  std::vector<std::string> elsewhere;
  find_elsewhere(root, key, here, elsewhere);
  if (!elsewhere.empty())
    throw Error(failure::not_found, fmt::format("{}; did you mean '{}'?", missing, text::join(elsewhere, "' or '")));
  constexpr std::size_t most = 12;
  const auto count = keys.size();
  if (count > most) keys.resize(most);
  const auto there = count == 0
                         ? fmt::format("{} is an empty map", where)
                         : fmt::format("{} has {}{}", where, text::join(keys, ", "), count > most ? ", ..." : "");
  throw Error(failure::not_found, fmt::format("{}; {}", missing, there));
}

void collect(const Value& value, KeyPath& path, std::vector<Leaf>& out) {
  if (!value.is(Kind::mapping) || value.members().empty()) {
    out.push_back({path, &value});
    return;
  }
  for (const auto& member : value.members()) {
    path.emplace_back(member.key);
    collect(member.value, path, out);
    path.pop_back();
  }
}

}  // namespace

KeyPath parse_path(std::string_view text) { return PathReader(text).run(); }

std::string show_path(const KeyPath& path) {
  std::string out;
  for (const auto& step : path) {
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      out += fmt::format("[{}]", *index);
      continue;
    }
    const auto& key = std::get<std::string>(step);
    if (key.empty() || key.find_first_of(".[]\\\" \t\n") != std::string::npos)
      out += "[" + data::to_json(Value::of(key)) + "]";
    else out += (out.empty() ? "" : ".") + key;
  }
  return out;
}

const Value* find(const Value& root, const KeyPath& path) {
  const auto* value = &root;
  for (const auto& step : path)
    if (value = step_into(*value, step); value == nullptr) return nullptr;
  return value;
}

const Value& at(const Value& root, const KeyPath& path) {
  const auto* value = &root;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    const auto* next = step_into(*value, path[depth]);
    if (next == nullptr) fail_at(root, *value, path, depth);
    value = next;
  }
  return *value;
}

std::vector<Leaf> leaves(const Value& root, const KeyPath& from) {
  std::vector<Leaf> out;
  auto path = from;
  collect(root, path, out);
  return out;
}

}  // namespace slipway::config
