// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace slipway::text {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Days since 1970-01-01 of a proleptic Gregorian date.
std::chrono::sys_days days_of(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
}

template <typename Number>
bool take_digits(std::string_view& s, std::size_t count, Number& into) {
  if (s.size() < count || !std::all_of(s.begin(), s.begin() + static_cast<std::ptrdiff_t>(count), is_digit))
    return false;
  std::from_chars(s.data(), s.data() + count, into);
  s.remove_prefix(count);
  return true;
}

bool take_char(std::string_view& s, char c) {
  if (!s.starts_with(c)) return false;
  s.remove_prefix(1);
  return true;
}

}  // namespace

std::string_view trim(std::string_view s) {
  const auto first = s.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> split(std::string_view s, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto at = s.find(separator);
    parts.emplace_back(s.substr(0, at));
    if (at == std::string_view::npos) return parts;
    s.remove_prefix(at + 1);
  }
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string lower(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), lower_char);
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  const auto typed = lower(word);
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string> found;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(typed, lower(candidate));
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  const auto near = nearest(word, known);
  return near ? fmt::format("; did you mean '{}'?", *near) : std::string{};
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view s) {
  using std::chrono::milliseconds;
  if (s == "0") return milliseconds{0};
  if (s.empty()) return std::nullopt;
  double total = 0;
  while (!s.empty()) {
    double amount = 0;
    const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), amount, std::chars_format::fixed);
    if (fault != std::errc{} || !is_digit(s.front())) return std::nullopt;
    s.remove_prefix(static_cast<std::size_t>(end - s.data()));
    struct Unit {
      std::string_view name;
      double factor;
    };
    // ms stands before m: the longer name has to be tried first.
    constexpr std::array units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
    const auto* unit = std::ranges::find_if(units, [&](const Unit& u) { return s.starts_with(u.name); });
    if (unit == units.end()) return std::nullopt;
    s.remove_prefix(unit->name.size());
    total += amount * unit->factor;
    if (total > 1e15) return std::nullopt;
  }
  return milliseconds{static_cast<milliseconds::rep>(total)};
}

std::optional<std::uint64_t> parse_size(std::string_view s) {
  std::uint64_t amount = 0;
  const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), amount);
  if (fault != std::errc{}) return std::nullopt;
  auto unit = lower(s.substr(static_cast<std::size_t>(end - s.data())));
  if (unit.ends_with("ib")) unit.resize(unit.size() - 2);
  else if (unit.ends_with('b')) unit.pop_back();
  constexpr std::string_view scale = "kmgt";
  if (unit.size() > 1) return std::nullopt;
  const auto power = unit.empty() ? 0 : scale.find(unit.front()) + 1;
  if (!unit.empty() && power == 0) return std::nullopt;
  for (std::size_t i = 0; i < power; ++i) {
    if (amount > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
    amount *= 1024;
  }
  return amount;
}

std::string show_duration(std::chrono::milliseconds d) {
  const auto ms = d.count();
  if (ms < 9'950) return fmt::format("{:.2f} s", static_cast<double>(ms) / 1000);
  if (ms < 59'950) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const auto seconds = (ms + 500) / 1000;
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string show_size(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  constexpr std::array units{"kB", "MB", "GB", "TB", "PB", "EB"};
  double amount = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < units.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", amount, amount < 9.95 ? 1 : 0, units[unit]);
}

std::string rfc3339(std::chrono::system_clock::time_point t) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(t);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(t - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), ms);
}

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view s) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!(take_digits(s, 4, year) && take_char(s, '-') && take_digits(s, 2, month) && take_char(s, '-') &&
        take_digits(s, 2, day) && (take_char(s, 'T') || take_char(s, 't') || take_char(s, ' ')) &&
        take_digits(s, 2, hour) && take_char(s, ':') && take_digits(s, 2, minute) && take_char(s, ':') &&
        take_digits(s, 2, second)))
    return std::nullopt;
  std::chrono::nanoseconds fraction{0};
  if (take_char(s, '.')) {
    std::int64_t scale = 100'000'000;
    if (s.empty() || !is_digit(s.front())) return std::nullopt;
    for (; !s.empty() && is_digit(s.front()); s.remove_prefix(1), scale /= 10)
      fraction += std::chrono::nanoseconds{(s.front() - '0') * scale};
  }
  std::chrono::minutes offset{0};
  if (!take_char(s, 'Z') && !take_char(s, 'z')) {
    const int sign = s.starts_with('-') ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if (!(take_char(s, '+') || take_char(s, '-')) || !take_digits(s, 2, hours) || !take_char(s, ':') ||
        !take_digits(s, 2, minutes))
      return std::nullopt;
    offset = sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
  }
  const auto date = std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
  if (!s.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto instant = days_of(year, month, day) + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                       std::chrono::seconds{second} + fraction - offset;
  return std::chrono::time_point_cast<std::chrono::system_clock::duration>(instant);
}

std::string printable(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) out += fmt::format("\\x{:02x}", byte);
    else out += c;
  }
  return out;
}

}  // namespace slipway::text
