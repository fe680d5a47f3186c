// SPDX-License-Identifier: Apache-2.0
#include "oci/retry.hpp"

#include "core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace slipway::oci {

namespace {

std::optional<int> number(std::string_view s) {
  int value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (s.empty() || error != std::errc{} || end != s.data() + s.size() || value < 0) return std::nullopt;
  return value;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that RFC 9110 lets senders use. Not by strptime,
/// whose month names follow the locale.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view s) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (s.size() != 29 || s.substr(3, 2) != ", " || !s.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(months, s.substr(8, 3));
  const auto day = number(s.substr(5, 2));
  const auto year = number(s.substr(12, 4));
  const auto hour = number(s.substr(17, 2));
  const auto minute = number(s.substr(20, 2));
  const auto second = number(s.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  std::tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = static_cast<int>(month - months.begin());
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace

RegistryError parse_error(std::string_view body) {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object()) return {};
  const auto errors = document.find("errors");
  if (errors == document.end() || !errors->is_array() || errors->empty() || !errors->front().is_object()) return {};
  const auto text_of = [&](const char* key) {
    const auto found = errors->front().find(key);
    return found != errors->front().end() && found->is_string() ? text::printable(found->get<std::string>())
                                                                : std::string{};
  };
  return {.code = text_of("code"), .message = text_of("message")};
}

bool is_transient(int status, std::string_view body) {
  switch (status) {
  case 408:
  case 425:
  case 429:
  case 499:
  case 500:
  case 502:
  case 503:
  case 504: return true;
  default: break;
  }
  if (status >= 520 && status <= 524) return true;
  return status >= 400 && parse_error(body).code == "TOOMANYREQUESTS";
}

bool is_transient(const http::Result& result) {
  if (result.response) return is_transient(result.response->status, result.response->body);
  return result.transport && result.transport->transient() && result.transport->kind != http::Transport::Kind::resolve;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::chrono::system_clock::time_point now) {
  value = text::trim(value);
  if (const auto seconds = number(value)) return std::chrono::seconds{*seconds};
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(*date - now), std::chrono::milliseconds{0});
}

std::chrono::milliseconds wait_before(int attempt, std::optional<std::chrono::milliseconds> asked, double dice) {
  if (asked) return *asked;
  static constexpr double first = 500;
  static constexpr double most = 60'000;
  const double span =
      std::min(most, first * static_cast<double>(1U << static_cast<unsigned>(std::clamp(attempt - 1, 0, 20))));
  return std::chrono::milliseconds{static_cast<std::int64_t>(span * std::clamp(dice, 0.0, 1.0))};
}

}  // namespace slipway::oci
