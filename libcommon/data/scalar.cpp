// SPDX-License-Identifier: Apache-2.0
#include "data/scalar.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace slipway::data {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Word {
  std::string_view text;
  Kind kind;
  bool yes;
};

/// go-yaml v2.4 resolve.go, resolveMapList.
constexpr std::array words{
    Word{"y", Kind::boolean, true},      Word{"Y", Kind::boolean, true},      Word{"yes", Kind::boolean, true},
    Word{"Yes", Kind::boolean, true},    Word{"YES", Kind::boolean, true},    Word{"true", Kind::boolean, true},
    Word{"True", Kind::boolean, true},   Word{"TRUE", Kind::boolean, true},   Word{"on", Kind::boolean, true},
    Word{"On", Kind::boolean, true},     Word{"ON", Kind::boolean, true},     Word{"n", Kind::boolean, false},
    Word{"N", Kind::boolean, false},     Word{"no", Kind::boolean, false},    Word{"No", Kind::boolean, false},
    Word{"NO", Kind::boolean, false},    Word{"false", Kind::boolean, false}, Word{"False", Kind::boolean, false},
    Word{"FALSE", Kind::boolean, false}, Word{"off", Kind::boolean, false},   Word{"Off", Kind::boolean, false},
    Word{"OFF", Kind::boolean, false},   Word{"", Kind::null, false},         Word{"~", Kind::null, false},
    Word{"null", Kind::null, false},     Word{"Null", Kind::null, false},     Word{"NULL", Kind::null, false},
};

std::optional<double> special_real(std::string_view s) {
  using Limits = std::numeric_limits<double>;
  if (s == ".nan" || s == ".NaN" || s == ".NAN") return Limits::quiet_NaN();
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.remove_prefix(1);
  if (s == ".inf" || s == ".Inf" || s == ".INF") return negative ? -Limits::infinity() : Limits::infinity();
  return std::nullopt;
}

/// strconv.ParseInt with base 0: 0x, 0o, 0b and a bare 0 choose the base.
std::optional<std::int64_t> parse_int(std::string_view s) {
  bool negative = false;
  if (s.starts_with('-') || s.starts_with('+')) {
    negative = s.front() == '-';
    s.remove_prefix(1);
  }
  int base = 10;
  if (s.size() > 1 && s.front() == '0') {
    const char sign = static_cast<char>(s[1] | 0x20);
    base = sign == 'x' ? 16 : sign == 'b' ? 2 : 8;
    s.remove_prefix(sign == 'x' || sign == 'b' || sign == 'o' ? 2 : 1);
  }
  std::uint64_t magnitude = 0;
  const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), magnitude, base);
  if (s.empty() || fault != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > most + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float_text(std::string_view s) {
  const auto skip_digits = [&s] {
    const auto n = std::min(s.find_first_not_of("0123456789"), s.size());
    s.remove_prefix(n);
    return n;
  };
  const auto skip_sign = [&s] {
    if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  };
  skip_sign();
  const auto whole = skip_digits();
  if (s.starts_with('.')) {
    s.remove_prefix(1);
    if (skip_digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (s.starts_with('e') || s.starts_with('E')) {
    s.remove_prefix(1);
    skip_sign();
    if (skip_digits() == 0) return false;
  }
  return s.empty();
}

std::optional<double> parse_real(std::string_view s) {
  if (!is_float_text(s)) return std::nullopt;
  if (s.starts_with('+')) s.remove_prefix(1);
  double d = 0;
  const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), d);
  if (fault != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  return d;
}

std::string without_underscores(std::string_view s) {
  std::string out(s);
  std::erase(out, '_');
  return out;
}

Value with_text(Value value, std::string_view text) {
  value.set_text(std::string(text));
  return value;
}

}  // namespace

Value resolve_plain(std::string_view text) {
  if (const auto* word = std::ranges::find(words, text, &Word::text); word != words.end())
    return word->kind == Kind::null ? with_text({}, text) : with_text(Value::of(word->yes), text);
  const char first = text.front();
  if (first == '.' || first == '-' || first == '+') {
    if (const auto special = special_real(text)) return with_text(Value::of(*special), text);
  }
  if (first == '.') {
    if (const auto real = parse_real(text)) return with_text(Value::of(*real), text);
  } else if (is_digit(first) || first == '-' || first == '+') {
    const auto plain = without_underscores(text);
    if (const auto integer = parse_int(plain)) return with_text(Value::of(*integer), text);
    if (const auto real = parse_real(plain)) return with_text(Value::of(*real), text);
  }
  return Value::of(std::string(text));
}

bool looks_typed(std::string_view text) {
  if (text.empty()) return true;
  const auto small = text::lower(text);
  constexpr std::array taken{"y", "yes", "true", "on", "n", "no", "false", "off", "~", "null", "=", "<<"};
  if (std::ranges::find(taken, small) != taken.end()) return true;
  // Numbers, base 60, dates and times of any of the schemas consist of these alone.
  const char first = text.front();
  return (is_digit(first) || first == '-' || first == '+' || first == '.') &&
         small.find_first_not_of("0123456789abcdefxo_:.+-tz infy") == std::string::npos;
}

std::string canonical_real(double d) {
  if (std::isnan(d)) return ".nan";
  if (std::isinf(d)) return d < 0 ? "-.inf" : ".inf";
  // YAML 1.1 readers want a point and a signed exponent, JSON readers digits around the point.
  const double size = std::fabs(d);
  if (d == 0 || (size >= 1e-5 && size < 1e15)) {
    auto fixed = fmt::format("{}", d);
    if (fixed.find_first_of(".e") == std::string::npos) fixed += ".0";
    if (fixed.find('e') == std::string::npos) return fixed;
  }
  std::array<char, 40> buffer{};
  const auto [end, fault] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, std::chars_format::scientific);
  std::string out(buffer.data(), end);
  if (out.find('.') == std::string::npos) out.insert(out.find('e'), ".0");
  return out;
}

std::string go_key(double d) {
  const auto narrow = static_cast<float>(d);
  // What only a double can hold; Go's own word for it is replaced there, too.
  if (!std::isfinite(narrow)) return narrow > 0 ? ".inf" : "-.inf";
  std::array<char, 40> buffer{};
  const auto [end, fault] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), narrow, std::chars_format::scientific);
  std::string shortest(buffer.data(), end);
  const auto e = shortest.find('e');
  int exponent = 0;
  std::from_chars(shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1), shortest.data() + shortest.size(), exponent);
  const auto digits = std::count_if(shortest.begin(), shortest.begin() + static_cast<std::ptrdiff_t>(e), is_digit);
  if (exponent < -4 || exponent >= 6) return shortest;
  return fmt::format("{:.{}f}", narrow, std::max<std::ptrdiff_t>(0, digits - 1 - exponent));
}

std::string canonical_number(const Value& number) {
  if (number.is(Kind::integer)) return std::to_string(number.as_integer());
  const auto& text = number.text();
  auto digits = std::string_view(text);
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.size() > 15 && digits.front() != '0' && std::ranges::all_of(digits, is_digit)) return text;
  return canonical_real(number.as_real());
}

}  // namespace slipway::data
