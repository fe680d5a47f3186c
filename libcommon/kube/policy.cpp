// SPDX-License-Identifier: Apache-2.0
// The policy as options and annotations write it.
#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/workload.hpp"

#include <fmt/format.h>

#include <charconv>

namespace slipway::kube {

namespace {

std::optional<Mode> mode_called(std::string_view word) {
  if (word == "fail" || word == "on") return Mode::fail;
  if (word == "warn") return Mode::warn;
  if (word == "off") return Mode::off;
  return std::nullopt;
}

}  // namespace

void read_fail_fast(const std::string& text, Policy& policy) {
  for (const auto& each : text::split(text, ',')) {
    if (each == "on" || each == "off") {
      policy.fail_fast = each == "on";
      continue;
    }
    const auto equals = each.find('=');
    const auto* kind = trouble_class(each.substr(0, equals));
    if (!kind) {
      std::vector<std::string> known{"on", "off"};
      for (const auto& one : trouble_classes()) known.emplace_back(one.id);
      throw Error(failure::bad_usage,
                  fmt::format("--fail-fast: unknown class '{}'{}", each.substr(0, equals),
                              text::did_you_mean(text::lower(each.substr(0, equals)), known)),
                  "known are: " + text::join(known, ", "));
    }
    const auto mode = equals == std::string::npos ? Mode::fail : mode_called(each.substr(equals + 1));
    if (!mode)
      throw Error(failure::bad_usage,
                  fmt::format("--fail-fast: {} can be fail, warn or off, not '{}'", kind->id, each.substr(equals + 1)));
    policy.classes[std::string(kind->id)] = *mode;
  }
}

Policy with_annotations(Policy policy, const std::map<std::string, std::string>& annotations,
                        std::vector<std::string>& wrong) {
  const auto note = [&](std::string_view key) -> const std::string* {
    const auto found = annotations.find("slipway/" + std::string(key));
    return found == annotations.end() ? nullptr : &found->second;
  };
  const auto refuse = [&](std::string_view key, const std::string& value, std::string_view why) {
    wrong.push_back(fmt::format("annotation slipway/{} '{}' {}: left out", key, text::printable(value), why));
  };
  if (const auto* value = note("fail-fast")) {
    // What the command line says of a class stands over the annotation, which stands over the default.
    const auto own = policy.classes;
    try {
      read_fail_fast(*value, policy);
      for (const auto& [id, mode] : own) policy.classes[id] = mode;
    } catch (const Error& error) {
      refuse("fail-fast", *value, "cannot be read (" + error.message() + ")");
    }
  }
  const auto duration = [&](std::string_view key, auto&& take) {
    const auto* value = note(key);
    if (!value) return;
    if (const auto parsed = text::parse_duration(*value)) take(*parsed);
    else refuse(key, *value, "is no duration such as 90s or 5m");
  };
  duration("patience", [&](std::chrono::milliseconds d) {
    if (!policy.patience) policy.patience = d;
  });
  duration("no-progress", [&](std::chrono::milliseconds d) {
    if (!policy.no_progress) policy.no_progress = d;
  });
  duration("fail-unready-after", [&](std::chrono::milliseconds d) {
    if (!policy.fail_unready_after) policy.fail_unready_after = d;
  });
  duration("stable", [&](std::chrono::milliseconds d) {
    if (policy.stable == std::chrono::milliseconds{0}) policy.stable = d;
  });
  if (const auto* value = note("max-restarts")) {
    int number = 0;
    const auto [end, fault] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (fault == std::errc{} && end == value->data() + value->size() && number >= 1) policy.max_restarts = number;
    else refuse("max-restarts", *value, "is no number above 0");
  }
  return policy;
}

}  // namespace slipway::kube
