// SPDX-License-Identifier: Apache-2.0
#include "data/yaml_traps.hpp"

#include "data/scalar.hpp"

#include <fmt/format.h>

#include <cmath>

namespace slipway::data {

namespace {

Trap too_large(const Value& value) {
  return {"W005", fmt::format("{} is beyond 2^53: helm rounds it to {:.0f}", value.text(), value.as_real())};
}

/// The digits that a template of helm prints for a number.
std::string as_helm(double d) {
  if (std::fabs(d) < 1e21 && d == std::trunc(d)) return fmt::format("{:.0f}", d);
  return fmt::format("{}", d);
}

std::optional<Trap> trap_in_integer(const Value& value) {
  const auto canonical = canonical_number(value);
  if (value.text() != canonical) return Trap{"W003", fmt::format("'{}' is the number {}", value.text(), canonical)};
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  if (value.as_integer() > exact || value.as_integer() < -exact) return too_large(value);
  return std::nullopt;
}

std::optional<Trap> trap_in_real(const Value& value) {
  const auto canonical = canonical_number(value);
  if (canonical == value.text() && canonical.find('.') == std::string::npos) return too_large(value);
  const auto shown = as_helm(value.as_real());
  if (shown == value.text()) return std::nullopt;
  return Trap{"W004", fmt::format("'{}' is the number {}; quote it if it is a version or an id", value.text(), shown)};
}

}  // namespace

std::optional<Trap> trap_in(const Value& value) {
  switch (value.kind()) {
  case Kind::boolean:
    if (value.text() == "true" || value.text() == "false") return std::nullopt;
    return Trap{"W001", fmt::format("'{}' is the boolean {}; quote it if it is a word", value.text(), value.as_bool())};
  case Kind::integer: return trap_in_integer(value);
  case Kind::real: return trap_in_real(value);
  case Kind::null:
  case Kind::string:
  case Kind::sequence:
  case Kind::mapping: break;
  }
  return std::nullopt;
}

std::optional<std::string> helm_key(const Value& value) {
  switch (value.kind()) {
  case Kind::string: return value.text();
  case Kind::boolean: return value.as_bool() ? "true" : "false";
  case Kind::integer: return std::to_string(value.as_integer());
  case Kind::real:
    if (std::isfinite(value.as_real())) return go_key(value.as_real());
    break;
  case Kind::null:
  case Kind::sequence:
  case Kind::mapping: break;
  }
  return std::nullopt;
}

}  // namespace slipway::data
