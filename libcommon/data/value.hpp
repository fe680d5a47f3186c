// SPDX-License-Identifier: Apache-2.0
// One value type for what people write in YAML or JSON: it keeps the order of keys, the source text
// of scalars and the place (file, line, column) that each value came from, so that an error can show
// it and `config-get explain` can name it. API answers, which have no author, stay nlohmann::json.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::data {

/// Where a value begins. Lines and columns count from 1; 0 means that it has no place.
struct Mark {
  std::shared_ptr<const std::string> file;  ///< name as the user gave it; null for a made value
  int line = 0;
  int column = 0;
};

enum class Kind { null, boolean, integer, real, string, sequence, mapping };

[[nodiscard]] std::string_view name_of(Kind kind);  ///< "a string", "a list", "a map", ...

class Value {
 public:
  struct Member;

  Value();  ///< null
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  static Value of(bool b);
  static Value of(std::int64_t i);
  static Value of(double d);
  static Value of(std::string s);
  static Value sequence(std::vector<Value> items = {});
  static Value mapping();
  static Value mapping(std::vector<Member> members);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
  [[nodiscard]] bool is_scalar() const { return kind_ != Kind::sequence && kind_ != Kind::mapping; }

  [[nodiscard]] bool as_bool() const { return boolean_; }
  [[nodiscard]] std::int64_t as_integer() const { return integer_; }
  [[nodiscard]] double as_real() const { return kind_ == Kind::integer ? static_cast<double>(integer_) : real_; }
  /// The source text of a scalar: what stood in the file, also for numbers and booleans; the
  /// unescaped content of a quoted or block scalar. For a made value its canonical form.
  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] const std::vector<Value>& items() const { return items_; }
  [[nodiscard]] std::vector<Value>& items() { return items_; }
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] std::vector<Member>& members() { return members_; }
  /// The member's value, or null (the pointer) when absent or when this is no mapping. Linear.
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  /// Replaces the member or adds it at the end.
  Value& set(std::string key, Value value);
  bool erase(std::string_view key);

  [[nodiscard]] const Mark& mark() const { return mark_; }
  void set_mark(Mark mark) { mark_ = std::move(mark); }
  void set_text(std::string text) { text_ = std::move(text); }

  /// Same kind and content; order of keys, places and source text do not count. 1 and 1.0 differ.
  friend bool operator==(const Value& a, const Value& b);

 private:
  Kind kind_ = Kind::null;
  bool boolean_ = false;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<Value> items_;
  std::vector<Member> members_;
  Mark mark_;
};

struct Value::Member {
  std::string key;
  Value value;
  Mark key_mark;
};

// Here, where Member is complete: a vector may be declared of an incomplete type but not destroyed.
inline Value::Value() = default;
inline Value::Value(const Value& other) = default;
inline Value::Value(Value&& other) noexcept = default;
inline Value& Value::operator=(const Value& other) = default;
inline Value& Value::operator=(Value&& other) noexcept = default;
inline Value::~Value() = default;

}  // namespace slipway::data
