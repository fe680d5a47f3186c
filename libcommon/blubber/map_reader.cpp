// SPDX-License-Identifier: Apache-2.0
#include "blubber/map_reader.hpp"

#include "blubber/grammar.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

using data::Kind;
using data::Value;

namespace {

/// What is wrong is seen at its beginning.
std::string shortened(std::string_view text) {
  constexpr std::size_t most = 200;
  if (text.size() <= most) return std::string(text);
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

/// Keys that former versions had.
std::string_view advice_on(std::string_view key) {
  if (key == "sharedvolume") return "; it is gone since version 3: mount a volume where the image runs";
  return {};
}

}  // namespace

namespace rules {
const Rule image{grammar::is_image_reference, "is no image reference"};
const Rule absolute_path{grammar::is_absolute_path, "is no absolute path, or the root itself"};
const Rule user_name{grammar::is_user_name, "is not allowed as a user's name"};
const Rule environment_name{grammar::is_environment_name, "is no name of an environment variable"};
const Rule http_url{grammar::is_http_url, "is no http or https URL"};
const Rule proxied_url{grammar::has_plain_host, "is no http or https URL with the plain name of a host"};
const Rule apt_word{grammar::is_apt_word, "holds blanks, quotes or control characters"};
const Rule debian_package{
    grammar::is_debian_package,
    "is no Debian package (name, name=version or name/release; a name has two characters at least)"};
const Rule node_environment{grammar::is_node_environment, "is no Node environment (letters and digits)"};
const Rule clean_text{[](std::string_view s) { return !grammar::has_control(s); }, "holds control characters"};
}  // namespace rules

std::optional<std::string> read_text(Report& report, const Value& value, const std::string& path, const Rule* rule,
                                     std::size_t limit) {
  if (!value.is_scalar()) {
    report.error(value.mark(), fmt::format("'{}' wants a string, not {}", path, name_of(value.kind())), path);
    return std::nullopt;
  }
  auto text = value.is(Kind::null) ? std::string() : value.text();
  // No argument, path or variable of a process can hold one.
  if (text.find('\0') != std::string::npos) {
    report.error(value.mark(), fmt::format("'{}' holds a NUL character", path), path);
    return std::nullopt;
  }
  if (text.size() > limit) {
    report.error(value.mark(),
                 fmt::format("'{}' is {} bytes long; {} are the most that can be used", path, text.size(), limit),
                 path);
    return std::nullopt;
  }
  if (rule != nullptr && !rule->holds(text)) {
    report.error(value.mark(), fmt::format("{}: '{}' {}", path, text::printable(shortened(text)), rule->complaint),
                 path);
    return std::nullopt;
  }
  return text;
}

bool read_list(Report& report, const Value& value, const std::string& path,
               const std::function<void(const Value&, const std::string&)>& each) {
  if (!value.is(Kind::sequence)) {
    report.error(value.mark(), fmt::format("'{}' wants a list, not {}", path, name_of(value.kind())), path);
    return false;
  }
  std::size_t number = 0;
  for (const auto& item : value.items()) each(item, fmt::format("{}[{}]", path, number++));
  return true;
}

void warn_of_odd_dollar(Report& report, std::string_view text, const data::Mark& at, const std::string& path,
                        Variables which) {
  if (const auto odd = odd_dollar(text, which); !odd.empty())
    report.warning(
        at, fmt::format("'{}' in '{}' is no variable that all builders know, and is kept as it is", odd, path), path);
}

MapReader::MapReader(Report& report, const Value& value, std::string path,
                     std::initializer_list<std::string_view> known, Unknown unknown)
    : report_(&report), value_(&value), path_(std::move(path)) {
  if (!value.is(Kind::mapping)) {
    const auto what = path_.empty() ? "the configuration" : fmt::format("'{}'", path_);
    report.error(value.mark(), fmt::format("{} wants a map, not {}", what, name_of(value.kind())), path_);
    return;
  }
  for (const auto& member : value.members()) {
    if (std::ranges::find(known, member.key) != known.end() || member.key.starts_with("x-")) continue;
    const std::vector<std::string> words(known.begin(), known.end());
    // A word as long as a page was not meant to be one of ours.
    auto suggestion =
        report.is_full() || member.key.size() > 100 ? std::string() : text::nearest(member.key, words).value_or("");
    const auto where = path_.empty() ? std::string("at the top level") : fmt::format("in '{}'", path_);
    auto message =
        fmt::format("unknown key '{}' {}{}", text::printable(shortened(member.key)), where, advice_on(member.key));
    if (unknown == Unknown::is_error) report.error(member.key_mark, message, this->path(member.key), suggestion);
    else report.warning(member.key_mark, message + ", which is ignored", this->path(member.key), suggestion);
  }
}

const Value* MapReader::find(std::string_view key) const {
  const auto* value = value_->find(key);
  return value == nullptr || value->is(Kind::null) ? nullptr : value;
}

std::string MapReader::path(std::string_view key) const {
  if (key.empty()) key = "''";  // a finding without a path is one about the whole file
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void MapReader::error(const Value& at, std::string_view key, std::string message) const {
  report_->error(at.mark(), std::move(message), path(key));
}

Field<std::string> MapReader::text(std::string_view key, const Rule* rule, std::size_t limit) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  // Nothing in quotes is nothing given, as upstream has it.
  const bool is_blank = value->is_scalar() && value->text().empty();
  auto text = read_text(*report_, *value, path(key), is_blank ? nullptr : rule, limit);
  if (!text) return {};
  return Placed<std::string>{std::move(*text), value->mark()};
}

Field<bool> MapReader::flag(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (!value->is(Kind::boolean)) {
    error(*value, key, fmt::format("'{}' wants true or false, not {}", path(key), name_of(value->kind())));
    return {};
  }
  return Placed<bool>{value->as_bool(), value->mark()};
}

Field<std::int64_t> MapReader::id(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  constexpr std::int64_t most = 4'294'967'294;  // the last one means "none" to the kernel
  if (!value->is(Kind::integer) || value->as_integer() < 0 || value->as_integer() > most) {
    error(*value, key, fmt::format("'{}' wants a number from 0 to {}", path(key), most));
    return {};
  }
  return Placed<std::int64_t>{value->as_integer(), value->mark()};
}

Field<Texts> MapReader::texts(std::string_view key, const Rule* rule) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  Placed<Texts> out{{}, value->mark()};
  read_list(*report_, *value, path(key), [&](const Value& item, const std::string& at) {
    if (auto text = read_text(*report_, item, at, rule)) out.value.push_back({std::move(*text), item.mark()});
  });
  return out;
}

Pairs MapReader::pairs(std::string_view key, const Rule& name_rule) const {
  Pairs out;
  const auto* value = find(key);
  if (value == nullptr) return out;
  if (!value->is(Kind::mapping)) {
    error(*value, key, fmt::format("'{}' wants a map, not {}", path(key), name_of(value->kind())));
    return out;
  }
  const auto where = path(key);
  for (const auto& member : value->members()) {
    const auto at = fmt::format("{}.{}", where, shortened(member.key));
    if (!name_rule.holds(member.key))
      report_->error(member.key_mark,
                     fmt::format("{}: '{}' {}", where, text::printable(shortened(member.key)), name_rule.complaint),
                     at);
    const auto limit = longest_argument - std::min(longest_argument, member.key.size() + 1);
    if (auto text = read_text(*report_, member.value, at, nullptr, limit))
      out.emplace_back(member.key, Text{std::move(*text), member.value.mark()});
  }
  return out;
}

}  // namespace slipway::blubber
