// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "data/scalar.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace slipway::data {

namespace {

/// YAML readers look no further than this for the ':' of a key.
constexpr std::size_t longest_simple_key = 1000;

std::vector<const Value::Member*> sorted(const Value& mapping) {
  std::vector<const Value::Member*> members;
  members.reserve(mapping.members().size());
  for (const auto& member : mapping.members()) members.push_back(&member);
  std::ranges::sort(members, {}, [](const Value::Member* m) -> const std::string& { return m->key; });
  return members;
}

/// A JSON string, which is a YAML double-quoted scalar too. What YAML does not let stand raw (DEL, C1
/// controls, line and paragraph separators, the byte order mark) is escaped.
std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto byte = static_cast<unsigned char>(s[i]);
    switch (s[i]) {
    case '"': out += "\\\""; continue;
    case '\\': out += "\\\\"; continue;
    case '\n': out += "\\n"; continue;
    case '\r': out += "\\r"; continue;
    case '\t': out += "\\t"; continue;
    default: break;
    }
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else if (const auto rest = s.substr(i);
               byte == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(rest[1]));
      ++i;
    } else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
      out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (rest.starts_with("\xef\xbb\xbf")) {
      out += "\\ufeff";
      i += 2;
    } else {
      out += s[i];
    }
  }
  out += '"';
  return out;
}

bool is_plain(std::string_view s) {
  if (looks_typed(s) || s.front() == ' ' || s.back() == ' ' || s.back() == ':') return false;
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const auto safe = [&](char c) {
    return letters.find(c) != std::string_view::npos ||
           std::string_view("_-./:+@=,()$ ").find(c) != std::string_view::npos;
  };
  const bool safe_start = letters.find(s.front()) != std::string_view::npos || s.front() == '/' || s.front() == '_' ||
                          s.front() == '.' || s.front() == '$' || s.front() == '(';
  return safe_start && std::ranges::all_of(s, safe) && s.find(": ") == std::string_view::npos;
}

/// Whether a literal block gives the text back exactly in every reader.
bool fits_literal(std::string_view s) {
  if (s.find('\n') == std::string_view::npos || s.find_first_not_of('\n') == std::string_view::npos) return false;
  if (s.front() == ' ' || s.front() == '\t' || s.front() == '\n') return false;
  return s.find_first_of("\r\t\x7f") == std::string_view::npos && quoted(s).find("\\u") == std::string::npos &&
         s.find("\n ") != 0 && s.find(" \n") == std::string_view::npos;
}

class YamlWriter {
 public:
  std::string take() { return std::move(out_); }

  void document(const Value& value) {
    if (is_block(value)) block(value, 0);
    else scalar(value, 0);
  }

 private:
  static bool is_block(const Value& value) {
    return (value.is(Kind::mapping) && !value.members().empty()) ||
           (value.is(Kind::sequence) && !value.items().empty());
  }

  void indent(std::size_t depth) { out_.append(depth * 2, ' '); }

  /// A filled list or map; the cursor is at the beginning of a line that is indented already.
  void block(const Value& value, std::size_t depth) {
    bool first = true;
    const auto start = [&] {
      if (!first) indent(depth);
      first = false;
    };
    if (value.is(Kind::sequence)) {
      for (const auto& item : value.items()) {
        start();
        out_ += "- ";
        if (is_block(item)) block(item, depth + 1);
        else scalar(item, depth + 1);
      }
      return;
    }
    for (const auto* member : sorted(value)) {
      start();
      const auto key = is_plain(member->key) ? member->key : quoted(member->key);
      const bool is_long = key.size() > longest_simple_key;
      if (is_long) {
        out_ += "? " + key + "\n";
        indent(depth);
        out_ += ":";
      } else {
        out_ += key + ":";
      }
      if (is_block(member->value)) {
        // Lists stand under their key, not further in: as helm and kubectl print them.
        const auto inner = member->value.is(Kind::sequence) && !is_long ? depth : depth + 1;
        out_ += '\n';
        indent(inner);
        block(member->value, inner);
      } else {
        out_ += ' ';
        scalar(member->value, depth + 1);
      }
    }
  }

  void scalar(const Value& value, std::size_t depth) {
    switch (value.kind()) {
    case Kind::null: out_ += "null"; break;
    case Kind::boolean: out_ += value.as_bool() ? "true" : "false"; break;
    case Kind::integer:
    case Kind::real: out_ += canonical_number(value); break;
    case Kind::sequence: out_ += "[]"; break;
    case Kind::mapping: out_ += "{}"; break;
    case Kind::string:
      if (depth > 0 && fits_literal(value.text())) {
        literal(value.text(), depth);
        return;
      }
      out_ += is_plain(value.text()) ? value.text() : quoted(value.text());
      break;
    }
    out_ += '\n';
  }

  void literal(std::string_view s, std::size_t depth) {
    const bool ends = s.ends_with('\n');
    out_ += ends ? s.ends_with("\n\n") ? "|+\n" : "|\n" : "|-\n";
    if (ends) s.remove_suffix(1);
    for (const auto& line : text::split(s, '\n')) {
      if (!line.empty()) indent(depth);
      out_ += line + "\n";
    }
  }

  std::string out_;
};

class JsonWriter {
 public:
  explicit JsonWriter(int indent) : indent_(indent) {}
  std::string take() { return std::move(out_); }

  void write(const Value& value, std::size_t depth) {
    switch (value.kind()) {
    case Kind::null: out_ += "null"; return;
    case Kind::boolean: out_ += value.as_bool() ? "true" : "false"; return;
    case Kind::integer: out_ += canonical_number(value); return;
    case Kind::real: out_ += std::isfinite(value.as_real()) ? canonical_number(value) : "null"; return;
    case Kind::string: out_ += quoted(value.text()); return;
    case Kind::sequence:
      list('[', ']', value.items(), depth, [&](const Value& item) { write(item, depth + 1); });
      return;
    case Kind::mapping:
      list('{', '}', sorted(value), depth, [&](const Value::Member* member) {
        out_ += quoted(member->key);
        out_ += indent_ < 0 ? ":" : ": ";
        write(member->value, depth + 1);
      });
      return;
    }
  }

 private:
  template <typename Items, typename Each>
  void list(char open, char close, const Items& items, std::size_t depth, Each each) {
    out_ += open;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      each(item);
    }
    if (!first) line(depth);
    out_ += close;
  }

  void line(std::size_t depth) {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(depth * static_cast<std::size_t>(indent_), ' ');
  }

  int indent_;
  std::string out_;
};

}  // namespace

std::string to_yaml(const Value& value) {
  YamlWriter writer;
  writer.document(value);
  return writer.take();
}

std::string to_json(const Value& value, int indent) {
  JsonWriter writer(indent);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace slipway::data
