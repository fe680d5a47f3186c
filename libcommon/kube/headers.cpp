// SPDX-License-Identifier: Apache-2.0
#include "kube/headers.hpp"

#include "core/text.hpp"
#include "kube/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;
using Wall = std::chrono::system_clock;

std::optional<Wall::time_point> parse_http_date(std::string_view s) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (s.size() != 29 || !s.ends_with(" GMT")) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int n = -1;
    std::from_chars(s.data() + at, s.data() + at + length, n);
    return n;
  };
  const auto month = std::ranges::find(months, s.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year{number(12, 4)},
                                        std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1U},
                                        std::chrono::day{static_cast<unsigned>(number(5, 2))}};
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days{day} + std::chrono::hours{number(17, 2)} + std::chrono::minutes{number(20, 2)} +
         std::chrono::seconds{number(23, 2)};
}

std::string warning_text(std::string_view header) {
  const auto begin = header.find('"');
  if (begin == std::string_view::npos) return {};
  std::string out;
  for (auto i = begin + 1; i < header.size() && header[i] != '"'; ++i) {
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    out += header[i];
  }
  return text::printable(out);
}

std::optional<milliseconds> retry_after(const http::Response& response, Wall::time_point now) {
  const auto header = response.header("retry-after");
  if (!header) return std::nullopt;
  int seconds = 0;
  const auto* end = header->data() + header->size();
  if (const auto [stop, fault] = std::from_chars(header->data(), end, seconds);
      fault == std::errc{} && stop == end && seconds >= 0)
    return std::chrono::seconds(std::min(seconds, 300));
  if (const auto date = parse_http_date(*header))
    return std::clamp<milliseconds>(std::chrono::duration_cast<milliseconds>(*date - now), 0ms, 300s);
  return std::nullopt;
}

std::optional<std::string> too_old(const json& version) {
  constexpr int least = 23;  // of 1.x: autoscaling/v2, minReadySeconds of StatefulSets
  const auto number = [&](const char* key) -> std::optional<int> {
    const auto text = text_at(version, {key});  // "34", "34+"
    int value = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    return fault == std::errc{} ? std::optional(value) : std::nullopt;
  };
  const auto major = number("major");
  const auto minor = number("minor");
  if (!major || !minor || *major > 1 || (*major == 1 && *minor >= least)) return std::nullopt;
  return fmt::format("runs Kubernetes {}.{}, older than 1.{}: what it does not tell yet may be missed", *major, *minor,
                     least);
}

}  // namespace slipway::kube
