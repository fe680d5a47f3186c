// SPDX-License-Identifier: Apache-2.0
#include "render.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/scalar.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <map>

namespace slipway::config_get {

namespace {

using data::Kind;
using data::Value;

/// What a scalar is outside of YAML and JSON.
std::string bare(const Value& value) {
  switch (value.kind()) {
  case Kind::null: return {};
  case Kind::string: return value.text();
  case Kind::boolean:
  case Kind::integer:
  case Kind::real:
  case Kind::sequence:
  case Kind::mapping: break;
  }
  return data::to_json(value);
}

/// A name that a shell takes; bytes and not letters, whatever the locale.
std::string variable(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c >= 'a' && c <= 'z') out += static_cast<char>(c - 'a' + 'A');
    else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) out += c;
    else out += '_';
  }
  return out;
}

std::string quoted_for_shell(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += R"('\'')";
    else out += c;
  }
  return out + "'";
}

class Assignments {
 public:
  explicit Assignments(int depth) : depth_(depth) {}

  void add(const Value& value, const config::KeyPath& path, const std::string& name, int level) {
    const bool descends = value.is(Kind::mapping) && !value.members().empty() && (depth_ == 0 || level < depth_);
    if (descends || level == 0) {
      for (const auto& member : value.members()) {
        auto below = path;
        below.emplace_back(member.key);
        add(member.value, below, name.empty() ? variable(member.key) : name + "_" + variable(member.key), level + 1);
      }
      return;
    }
    const auto safe = name.empty() || (name.front() >= '0' && name.front() <= '9') ? "_" + name : name;
    const auto [entry, is_new] = entries_.try_emplace(safe, Entry{config::show_path(path), bare(value)});
    if (!is_new)
      throw Error(failure::bad_input,
                  fmt::format("'{}' and '{}' would both be {}", entry->second.path, config::show_path(path), safe));
  }

  [[nodiscard]] std::string text(Assignment form) const {
    std::string out;
    for (const auto& [name, entry] : entries_) {
      if (form == Assignment::shell) {
        out += fmt::format("export {}={}\n", name, quoted_for_shell(entry.value));
        continue;
      }
      if (entry.value.find_first_of("\r\n") != std::string::npos)
        throw Error(failure::bad_input,
                    fmt::format("'{}' has a line break in it, which this format cannot hold", entry.path),
                    "-o shell, or -o json");
      out += fmt::format("{}={}\n", name, entry.value);
    }
    return out;
  }

 private:
  struct Entry {
    std::string path;
    std::string value;
  };
  int depth_;
  std::map<std::string, Entry> entries_;
};

}  // namespace

std::string as_line(const Value& value, std::string_view path) {
  if (!value.is_scalar())
    throw Error(failure::bad_usage,
                fmt::format("'{}' is {}; -o value prints a single value", path, name_of(value.kind())),
                "-o yaml, or -o json");
  return bare(value) + "\n";
}

std::string as_assignments(const Value& value, const config::KeyPath& path, Assignment form, int depth) {
  Assignments out(depth);
  if (value.is(Kind::mapping)) {
    out.add(value, path, {}, 0);
  } else {
    std::string name;
    for (const auto& step : path)
      if (const auto* key = std::get_if<std::string>(&step)) name = variable(*key);
    out.add(value, path, name, 1);
  }
  return out.text(form);
}

std::string as_key_document(const config::Bundle& bundle, std::string_view path, const Value& value) {
  const auto quoted = [](std::string_view text) { return data::to_json(Value::of(std::string(text))); };
  return fmt::format(R"({{"schema":"config-get/v1","kind":"value","registry":{},"commit":"{}","service":{},)"
                     R"("environment":{},"release":{},"key":{},"value":{}}})",
                     quoted(bundle.registry), bundle.commit, quoted(bundle.service), quoted(bundle.environment),
                     quoted(bundle.release), quoted(path), data::to_json(value)) +
         "\n";
}

std::string shown(const Value& value) {
  constexpr std::size_t longest = 60;
  auto text = data::to_json(value);
  if (text.size() <= longest) return text;
  auto cut = longest - 3;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80) --cut;  // not inside a character
  return text.substr(0, cut) + "...";
}

}  // namespace slipway::config_get
