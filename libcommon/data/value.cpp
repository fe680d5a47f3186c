// SPDX-License-Identifier: Apache-2.0
#include "data/value.hpp"

#include "data/scalar.hpp"

#include <algorithm>

namespace slipway::data {

std::string_view name_of(Kind kind) {
  switch (kind) {
  case Kind::null: return "null";
  case Kind::boolean: return "a boolean";
  case Kind::integer: return "an integer";
  case Kind::real: return "a number";
  case Kind::string: return "a string";
  case Kind::sequence: return "a list";
  case Kind::mapping: return "a map";
  }
  return "null";
}

Value Value::of(bool b) {
  Value v;
  v.kind_ = Kind::boolean;
  v.boolean_ = b;
  v.text_ = b ? "true" : "false";
  return v;
}

Value Value::of(std::int64_t i) {
  Value v;
  v.kind_ = Kind::integer;
  v.integer_ = i;
  v.text_ = std::to_string(i);
  return v;
}

Value Value::of(double d) {
  Value v;
  v.kind_ = Kind::real;
  v.real_ = d;
  v.text_ = canonical_real(d);
  return v;
}

Value Value::of(std::string s) {
  Value v;
  v.kind_ = Kind::string;
  v.text_ = std::move(s);
  return v;
}

Value Value::sequence(std::vector<Value> items) {
  Value v;
  v.kind_ = Kind::sequence;
  v.items_ = std::move(items);
  return v;
}

Value Value::mapping() { return mapping(std::vector<Member>()); }

Value Value::mapping(std::vector<Member> members) {
  Value v;
  v.kind_ = Kind::mapping;
  v.members_ = std::move(members);
  return v;
}

const Value* Value::find(std::string_view key) const {
  const auto found = std::ranges::find(members_, key, &Member::key);
  return found == members_.end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
  const auto found = std::ranges::find(members_, key, &Member::key);
  return found == members_.end() ? nullptr : &found->value;
}

Value& Value::set(std::string key, Value value) {
  if (auto* there = find(key)) return *there = std::move(value);
  members_.push_back({std::move(key), std::move(value), {}});
  return members_.back().value;
}

bool Value::erase(std::string_view key) {
  const auto found = std::ranges::find(members_, key, &Member::key);
  if (found == members_.end()) return false;
  members_.erase(found);
  return true;
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
  case Kind::null: return true;
  case Kind::boolean: return a.boolean_ == b.boolean_;
  case Kind::integer: return a.integer_ == b.integer_;
  // Digits that a double cannot tell apart are told apart by their text.
  case Kind::real: return a.real_ == b.real_ && canonical_number(a) == canonical_number(b);
  case Kind::string: return a.text_ == b.text_;
  case Kind::sequence: return a.items_ == b.items_;
  case Kind::mapping: break;
  }
  return a.members_.size() == b.members_.size() && std::ranges::all_of(a.members_, [&](const Value::Member& m) {
           const auto* other = b.find(m.key);
           return other != nullptr && *other == m.value;
         });
}

}  // namespace slipway::data
